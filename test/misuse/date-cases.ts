import type { Misuse } from './cases.ts'
import { forge, type Scene } from './scene.ts'

const find = (args: Readonly<Record<string, unknown>>) => (scene: Scene) =>
  scene.call('find_times', { type: 'short', provider: scene.desk.provider, ...args })
const refused = (path: string) => ({ outcome: 'invalid_request', body: { path } }) as const

export const DATE_CASES: readonly Misuse[] = [
  {
    name: 'a window in another century: nothing that is over is offered',
    act: find({ start: '1926-11-25T08:00:00-08:00', end: '1926-12-01T08:00:00-08:00' }),
    outcome: 'ok',
    next: 'find_times',
    body: { slots: [] },
  },
  {
    name: 'a window a hundred years ahead',
    act: find({ start: '2126-11-25T08:00:00-08:00', end: '2126-12-01T08:00:00-08:00' }),
    outcome: 'ok',
    next: 'find_times',
    body: { slots: [] },
  },
  { name: 'a time without zone', act: find({ start: '2027-03-01T10:00:00' }), ...refused('start') },
  { name: 'a date without time', act: find({ start: '2027-03-01' }), ...refused('start') },
  { name: 'a day that does not exist', act: find({ start: '2027-02-30T10:00:00Z' }), ...refused('start') },
  { name: 'an hour that does not exist', act: find({ start: '2027-03-01T25:00:00Z' }), ...refused('start') },
  { name: 'words for a time', act: find({ start: 'next Tuesday morning' }), ...refused('start') },
  { name: 'a number for a time', act: find({ start: '1803916800' }), ...refused('start') },
  { name: 'an end before the start', act: find({ start: '2027-03-02T10:00:00Z', end: '2027-03-01T10:00:00Z' }), ...refused('end') },
  {
    name: 'an offer whose time is over',
    act: ({ call, desk, token }) =>
      call('hold_time', {
        slot_id: forge(desk.slots[0]?.id ?? '', desk.schedule, Date.now() - 3_600_000, 'development-only-secret-never-use-in-production'),
        patient_token: token,
      }),
    outcome: 'slot_taken',
    next: 'find_times',
  },
  { name: 'a thousand offers at once', act: find({ limit: 1000 }), ...refused('limit') },
  { name: 'no offers at all', act: find({ limit: 0 }), ...refused('limit') },
]

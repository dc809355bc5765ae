import type { Misuse } from './cases.ts'
import { MARK, type Scene } from './scene.ts'

const listWith = (token: (scene: Scene) => string) => (scene: Scene) => scene.call('my_appointments', { patient_token: token(scene) })
const askWho = { outcome: 'patient_required', next: 'start_intake' } as const

const TOKENS: readonly Misuse[] = [
  { name: 'an invented patient_token', act: listWith(() => `eyJhbGciOiJkaXIi.${MARK}`), ...askWho },
  { name: 'a patient_token that lost its end', act: listWith(({ token }) => token.slice(0, -5)), ...askWho },
  { name: 'a patient_token with a letter changed', act: listWith(({ token }) => `${token.slice(0, 60)}x${token.slice(61)}`), ...askWho },
  { name: "another client's patient_token", act: listWith(({ strangeToken }) => strangeToken), ...askWho },
  { name: 'a name for a patient_token', act: listWith(() => `Nora ${MARK}`), ...askWho },
  {
    name: 'a hold without saying who',
    act: ({ call, offers }) => call('hold_time', { slot_id: offers[0] }),
    // A program that talks REST may hold for a patient it will name later, under a key of its own.
    outcome: { REST: 'invalid_request', MCP: 'patient_required' },
  },
]

const OTHERS: readonly Misuse[] = [
  {
    name: "another patient's visit cancelled",
    act: async ({ call, book, otherToken }) => call('cancel', { appointment_id: await book(), patient_token: otherToken }),
    outcome: 'not_found',
    next: 'my_appointments',
    live: 1,
  },
  {
    name: "another patient's visit moved",
    act: async ({ call, book, offers, otherToken }) =>
      call('reschedule', { appointment_id: await book(), slot_id: offers[3], patient_token: otherToken }),
    outcome: 'not_found',
    next: 'my_appointments',
    live: 1,
  },
  {
    name: "another patient's hold confirmed",
    act: async ({ call, hold, otherToken }) => call('confirm_booking', { hold_id: await hold(), patient_token: otherToken }),
    outcome: 'not_found',
    live: 1,
  },
  {
    name: "another patient's visits asked for",
    act: async ({ call, book, otherToken }) => {
      await book()
      return call('my_appointments', { patient_token: otherToken })
    },
    outcome: 'ok',
    next: 'find_times',
    live: 1,
    body: { appointments: [] },
  },
  {
    name: 'staff asked about a visit of another patient',
    act: async ({ call, book, otherToken }) =>
      call('ask_for_staff', { reason: 'other', appointment_id: await book(), patient_token: otherToken }),
    outcome: 'not_found',
    live: 1,
  },
  {
    name: 'a patient named by reference',
    act: ({ call, offers, desk }) => call('hold_time', { slot_id: offers[0], patient: desk.patients[1] }),
    outcome: 'forbidden',
    next: 'ask_for_staff',
  },
  {
    name: 'two visits at the same time',
    act: async ({ call, book, sameTime, token }) => {
      await book()
      return call('hold_time', { slot_id: sameTime, patient_token: token })
    },
    outcome: 'policy_refused',
    next: 'ask_for_staff',
    live: 1,
    body: { policy: 'patient_busy' },
  },
]

export const PERSON_CASES: readonly Misuse[] = [...TOKENS, ...OTHERS]

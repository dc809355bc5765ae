import { describe, expect, test } from 'vitest'
import { argumentsFrom } from '../../../src/channels/remembered-arguments.ts'
import { buildTools } from '../../../src/tools/catalog.ts'
import type { ToolName } from '../../../src/tools/tool.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { memoryGateway } from '../helpers/memory-gateway.ts'

const ZONE = 'America/Los_Angeles'
startAtBeginning()

function from(remembered: Record<string, unknown>, name: ToolName) {
  const tool = buildTools(memoryGateway().gateway).find((one) => one.name === name)!
  return argumentsFrom(remembered, tool, ZONE)
}

describe('what a platform remembers becomes arguments', () => {
  test('only of what the tool takes', () => {
    const args = from({ type: 'short', provider: 'p1', hold_id: 'ap-1', favourite_colour: 'red', limit: 2 }, 'find_times')
    expect(args).toMatchObject({ type: 'short', provider: 'p1', limit: 2 })
    expect(Object.keys(args)).not.toContain('hold_id')
    expect(Object.keys(args)).not.toContain('favourite_colour')
  })

  test('dates in parts: a birth date stays a date, a start is an instant of the clinic, an end ends with its day', () => {
    const day = { year: 2027, month: 3, day: 14 }
    expect(from({ birth_date: { year: 1984, month: 5, day: 7 } }, 'start_intake')).toMatchObject({ patient: { birth_date: '1984-05-07' } })
    expect(from({ start: day, end: day }, 'find_times')).toMatchObject({
      start: '2027-03-14T00:00:00-08:00',
      // Clocks go forward that night: the day after begins in summer time.
      end: '2027-03-15T00:00:00-07:00',
    })
    const time = { ...day, hours: 15, minutes: 30, seconds: 0, nanos: 0 }
    expect(from({ start: time, end: time }, 'find_times')).toMatchObject({
      start: '2027-03-14T15:30:00-07:00',
      end: '2027-03-14T15:30:00-07:00',
    })
  })

  test.for([
    { year: 2027, month: 2, day: 30 },
    { year: 2027, month: 13, day: 1 },
    { year: 2027 },
    { year: 1e9, month: 1, day: 1 },
    { year: 2027, month: 1, day: 1, hours: 25 },
  ])('what is no date (%j) is left to the tool to refuse', (parts) => {
    expect(from({ start: parts }, 'find_times')['start']).toEqual(parts)
  })

  test('names that were understood, and numbers that are texts', () => {
    const args = from(
      { given_name: { name: 'Ada', original: "it's Ada" }, family_name: { original: 'Quill' }, mrn: 1001, phone: null },
      'start_intake',
    )
    expect(args).toMatchObject({ patient: { given_name: 'Ada', family_name: 'Quill', mrn: '1001' } })
  })

  test('a window from start and end, or none', () => {
    const [start, end] = ['2027-03-01T08:00:00-08:00', '2027-03-02T08:00:00-08:00']
    expect(from({ start, end }, 'start_intake')['window']).toEqual({ start, end })
    expect(from({ window: { start, end } }, 'start_intake')['window']).toEqual({ start, end })
    for (const half of [{ start }, { end }, { start, end: null }]) expect(from(half, 'start_intake')['window']).toBeUndefined()
  })

  test('a reason of one tool is never the reason of another', () => {
    const remembered = { reason: 'my knee hurts', visit_reason: 'knee', cancel_reason: 'patient', staff_reason: 'other' }
    expect(from(remembered, 'start_intake')['reason']).toBe('knee')
    expect(from(remembered, 'cancel')['reason']).toBe('patient')
    expect(from(remembered, 'ask_for_staff')['reason']).toBe('other')
    expect(from({ reason: 'my knee hurts' }, 'cancel')['reason']).toBeUndefined()
  })

  test('the chosen offer, unless a slot was named; and the hold, where no visit is', () => {
    const offers = [{ slot_id: 'a' }, { slot_id: 'b' }]
    expect(from({ offers, choice: 2 }, 'hold_time')['slot_id']).toBe('b')
    expect(from({ offers, choice: '2' }, 'reschedule')['slot_id']).toBe('b')
    expect(from({ offers, choice: 2, slot_id: 'c' }, 'hold_time')['slot_id']).toBe('c')
    for (const choice of [0, 3, -1, 1.5, 'x', null]) expect(from({ offers, choice }, 'hold_time')['slot_id']).toBeUndefined()
    expect(from({ hold_id: 'ap-1' }, 'cancel')['appointment_id']).toBe('ap-1')
    expect(from({ hold_id: 'ap-1', appointment_id: 'ap-2' }, 'cancel')['appointment_id']).toBe('ap-2')
  })
})

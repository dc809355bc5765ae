import { describe, expect, test } from 'vitest'
import type { Reading } from '../../../src/booking/ports.ts'
import { runsOutMeanwhile, TornReadings } from '../../../src/booking/torn-readings.ts'
import { at, claimed, gatewayVisit, NOW, slot } from '../helpers/day.ts'

const SECOND = 1_000
const heldUntil = (until: number) => ({
  slots: [claimed(slot('s', 'ann', at('09:00')), 'v0', 'busy-tentative', until)],
  visits: [gatewayVisit('v0', { holdExpires: until })],
})
const reading = (found: Partial<Record<string, Reading['all'] extends (name: string) => infer R ? R : never>>, seconds = 2): Reading => ({
  now: NOW,
  readUntil: NOW + seconds * SECOND,
  all: (name) => found[name] ?? [],
  isComplete: () => true,
})

describe('a reading that contradicts itself', () => {
  /** Whether each of these readings is to be read again, one after the other. */
  const torn = (...readings: readonly (readonly (string | undefined)[])[]) => {
    const readingsOf = new TornReadings()
    return readings.map((contradictions) => readingsOf.isTorn(...contradictions))
  }

  test('is read again, and believed where the next one says the same', () => {
    expect(torn(['Slot/s 3'], ['Slot/s 3'])).toEqual([true, false])
  })

  test('is read again as often as it contradicts itself in another way', () => {
    expect(torn(['Slot/s 3'], ['Slot/s 4'], ['Slot/t 1'], ['Slot/t 1'])).toEqual([true, true, true, false])
    expect(torn(['a', undefined], ['a', 'b'], ['a', 'b'])).toEqual([true, true, false])
  })

  test('is torn anew where there was a sound one in between', () => {
    expect(torn(['Slot/s 3'], [undefined], ['Slot/s 3'])).toEqual([true, false, true])
  })

  test('is none where nothing contradicts', () => {
    expect(torn([undefined, undefined], [])).toEqual([false, false])
  })
})

test.each([
  ['before the reading', -1, undefined],
  ['at its first part', 0, undefined],
  ['in its midst', 1, 'runs out Slot/s 1'],
  ['at its last part', 2, 'runs out Slot/s 1'],
  ['after it', 3, undefined],
])('a hold that runs out %s', (_when, seconds, expected) => {
  expect(runsOutMeanwhile(reading(heldUntil(NOW + seconds * SECOND)))).toBe(expected)
})

test('also one that shows only among the visits, of the actors or of the patient', () => {
  const { visits } = heldUntil(NOW + SECOND)
  expect(runsOutMeanwhile(reading({ visits }))).toBe('runs out Appointment/fhir-v0 1')
  expect(runsOutMeanwhile(reading({ patientVisits: visits }))).toBe('runs out Appointment/fhir-v0 1')
})

test('a reading of one moment, and bookings, never contradict the clock', () => {
  expect(runsOutMeanwhile(reading(heldUntil(NOW + SECOND), 0))).toBeUndefined()
  const booked = { slots: [claimed(slot('s', 'ann', at('09:00')), 'v0', 'busy')], visits: [gatewayVisit('v0')] }
  expect(runsOutMeanwhile(reading(booked))).toBeUndefined()
})

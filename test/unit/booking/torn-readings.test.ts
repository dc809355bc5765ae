import { expect, test } from 'vitest'
import type { Reading } from '../../../src/booking/ports.ts'
import { runsOutMeanwhile } from '../../../src/booking/torn-readings.ts'
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

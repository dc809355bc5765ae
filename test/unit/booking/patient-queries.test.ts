import type { Appointment, Basic } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import { patientContradiction, readPatient } from '../../../src/booking/patient-queries.ts'
import type { Reading } from '../../../src/booking/ports.ts'
import { formatUtc } from '../../../src/fhir/instant.ts'
import { buildGuard } from '../../../src/fhir/patient-guard.ts'
import { gatewayVisit, NOW } from '../helpers/day.ts'

const guard = (setAt: number): Basic => ({
  ...buildGuard('Patient/p', { appointmentId: 'mine', version: '2' }, undefined),
  meta: { versionId: '3', lastUpdated: formatUtc(setAt) },
})
const visit = (versionId: string): Appointment => ({ ...gatewayVisit('mine'), meta: { versionId } })
const reading = (found: { guard?: Basic; patientVisits?: Appointment[] }): Reading => ({
  now: NOW,
  readUntil: NOW,
  all: (name) => (name === 'guard' ? (found.guard ? [found.guard] : []) : name === 'patientVisits' ? (found.patientVisits ?? []) : []),
  isComplete: () => true,
})

describe('the visits of a patient may be older than his guard', () => {
  test.for<readonly [rule: string, found: Parameters<typeof reading>[0], torn: boolean]>([
    ['when the guard was set a moment ago by a visit that did not come', { guard: guard(NOW - 9_000) }, true],
    ['when other visits came, but not that one', { guard: guard(NOW), patientVisits: [gatewayVisit('other')] }, true],
    ['when that visit came as it was before', { guard: guard(NOW), patientVisits: [visit('1')] }, true],
    ['not when the visit came as it set the guard', { guard: guard(NOW), patientVisits: [visit('2')] }, false],
    ['not when it has changed again since', { guard: guard(NOW), patientVisits: [visit('10')] }, false],
    ['not when the guard has stood for a while', { guard: guard(NOW - 10_001) }, false],
    ['not when he has no guard', {}, false],
  ])('%s', ([, found, torn]) => {
    expect(patientContradiction(reading(found), 'Patient/p') !== undefined).toBe(torn)
  })
})

test('only the guard of this patient counts', () => {
  const found = reading({ guard: guard(NOW), patientVisits: [gatewayVisit('other')] })
  expect(readPatient(found, 'Patient/q').guard).toBeUndefined()
  expect(readPatient(found, 'Patient/p').guard?.meta?.versionId).toBe('3')
  expect(patientContradiction(found, 'Patient/q')).toBeUndefined()
})

test('the contradiction is named by the version of the guard, so that a later one is another', () => {
  expect(patientContradiction(reading({ guard: guard(NOW) }), 'Patient/p')).toBe('guard 3')
  expect(patientContradiction(reading({}), 'Patient/p')).toBeUndefined()
})

import type { Bundle, BundleEntry, FhirResource } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import type { Queries } from '../../../src/booking/ports.ts'
import { readBatch } from '../../../src/ehr/batch-answer.ts'

const QUERIES: Queries = {
  slots: { kind: 'search', type: 'Slot', params: [['schedule', 'Schedule/s']] },
  receipt: { kind: 'read', type: 'AuditEvent', id: 'rcpt-1' },
}
const SLOT: FhirResource = {
  resourceType: 'Slot',
  id: 's1',
  status: 'free',
  schedule: { reference: 'Schedule/s' },
  start: '2027-03-01T10:00:00Z',
  end: '2027-03-01T10:15:00Z',
}
const PATIENT: FhirResource = { resourceType: 'Patient', id: 'p1' }
const OUTCOME: FhirResource = { resourceType: 'OperationOutcome', issue: [] }
const receipt = (changes: object = {}) => ({ resourceType: 'AuditEvent', id: 'rcpt-1', ...changes }) as FhirResource

const match = (resource: FhirResource): BundleEntry => ({ resource, search: { mode: 'match' } })
const searchset = (...entry: BundleEntry[]): Bundle => ({
  resourceType: 'Bundle',
  type: 'searchset',
  meta: { lastUpdated: '2027-03-01T09:00:00Z' },
  entry,
})
const ok = (resource?: FhirResource, status = '200 OK'): BundleEntry => ({ response: { status }, ...(resource && { resource }) })
const GONE = ok(undefined, '404 Not Found')

function read(entry: BundleEntry[], changes: Partial<Bundle> = {}) {
  const body = { resourceType: 'Bundle', type: 'batch-response', entry, ...changes }
  return readBatch(QUERIES, { kind: 'answer', status: 200, body, date: null, retryAfterSeconds: undefined }, 500)
}

describe('an answer to what was asked', () => {
  test('is read', () => {
    const reading = read([ok(searchset(match(SLOT))), ok(receipt())])
    expect(reading?.all('slots')).toEqual([SLOT])
    expect(reading?.all('receipt')).toEqual([receipt()])
    expect(reading?.now).toBe(Date.parse('2027-03-01T09:00:00Z'))
  })

  test('may find nothing', () => {
    const reading = read([ok(searchset()), GONE])
    expect(reading?.all('slots')).toEqual([])
    expect(reading?.all('receipt')).toEqual([])
  })

  test('may bring included resources and remarks of the server', () => {
    const included: BundleEntry = { resource: PATIENT, search: { mode: 'include' } }
    const remark: BundleEntry = { resource: OUTCOME, search: { mode: 'outcome' } }
    const reading = read([ok(searchset(match(SLOT), included, remark)), GONE])
    expect(reading?.all('slots')).toEqual([SLOT, PATIENT])
  })
})

describe('an answer to another question is none', () => {
  const fine = ok(searchset(match(SLOT)))
  test.each<[string, ReturnType<typeof read>]>([
    ['a Bundle of another type', read([fine, GONE], { type: 'transaction-response' })],
    ['a Bundle without a type', read([fine, GONE], { type: undefined as never })],
    ['another resource', read([fine, GONE], { resourceType: 'OperationOutcome' as never })],
    ['too few answers', read([fine])],
    ['too many answers', read([fine, GONE, GONE])],
    ['a Patient where Slots were asked for', read([ok(searchset(match(PATIENT))), GONE])],
    ['a Patient among the Slots', read([ok(searchset(match(SLOT), match(PATIENT))), GONE])],
    ['matches that do not say what they are', read([ok(searchset({ resource: PATIENT })), GONE])],
    ['a match without a resource', read([ok(searchset({ search: { mode: 'match' } })), GONE])],
    ['an OperationOutcome in place of a search', read([ok(OUTCOME), GONE])],
    ['one Slot in place of a search', read([ok(SLOT), GONE])],
    ['a history in place of a search', read([ok({ ...searchset(match(SLOT)), type: 'history' }), GONE])],
    ['a search that is not there', read([GONE, GONE])],
    ['an OperationOutcome in place of the receipt', read([fine, ok(OUTCOME)])],
    ['a Patient in place of the receipt', read([fine, ok(PATIENT)])],
    ["another request's receipt", read([fine, ok(receipt({ id: 'rcpt-2' }))])],
    ['a search in place of the receipt', read([fine, ok(searchset())])],
    ['a receipt that may not be read', read([fine, ok(OUTCOME, '403 Forbidden')])],
    ['an entry without a status', read([fine, { resource: receipt() }])],
  ])('%s', (_what, reading) => {
    expect(reading).toBeUndefined()
  })

  test.each(['<html>', '', null, 7, [], {}, { resourceType: 'Bundle', type: 'batch-response' }])('%j', (body) => {
    expect(readBatch(QUERIES, { kind: 'answer', status: 200, body, date: null, retryAfterSeconds: undefined }, 500)).toBeUndefined()
  })
})

import { describe, expect, test } from 'vitest'
import type { AuditEvent, Basic, BundleEntry, Slot } from 'fhir/r4.js'
import { buildAuditEvent } from '../../../src/fhir/audit-event.ts'
import { buildGuard } from '../../../src/fhir/patient-guard.ts'
import { readSlot } from '../../../src/scheduling/window.ts'
import { freedSlots, holdEnd, NEW_APPOINTMENT, receiptOnly, transactionOf, unreadSlots, type Write } from '../../../src/scheduling/write.ts'
import { at, claimed, gatewayVisit, NOW, slot } from '../helpers/day.ts'

const receipt: AuditEvent = { ...buildAuditEvent({ action: 'book', recorded: NOW, clientId: 'c', requestId: 'r' }), id: 'rcpt-1' }
const existing = { ...gatewayVisit('mine'), id: 'a1', meta: { versionId: '7' } }
const { id: _id, meta: _meta, ...fresh } = existing
const versioned = (id: string, versionId = '3'): Slot => slot(id, 's', at('09:00'), 15, { meta: { versionId } })

const entriesOf = (changes: Partial<Write> = {}): BundleEntry[] =>
  transactionOf({ appointment: existing, slots: [], ended: [], receipt, ...changes }).entry ?? []
const requests = (entries: readonly BundleEntry[]) => entries.map((entry) => `${entry.request?.method ?? ''} ${entry.request?.url ?? ''}`)

describe('the transaction of a write', () => {
  test('is one transaction: the receipt first, then the Appointment, the holds that end, and the Slots sorted by id', () => {
    const ended = { ...gatewayVisit('old', { holdExpires: NOW }), id: 'a0' }
    const slots = ['s9', 's10', 's1', 'S2', '7'].map((id) => versioned(id))
    const bundle = transactionOf({ appointment: existing, slots, ended: [ended], receipt })
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'transaction' })
    expect(requests(bundle.entry ?? [])).toEqual([
      'PUT AuditEvent/rcpt-1',
      'PUT Appointment/a1',
      'PUT Appointment/a0',
      ...['7', 'S2', 's1', 's10', 's9'].map((id) => `PUT Slot/${id}`),
    ])
  })

  test('sends Slots in the same order whatever order they come in, and leaves the list it was given alone', () => {
    const slots = ['c', 'a', 'b'].map((id) => versioned(id))
    const sent = requests(entriesOf({ slots }))
    expect(requests(entriesOf({ slots: slots.toReversed() }))).toEqual(sent)
    expect(slots.map((each) => each.id)).toEqual(['c', 'a', 'b'])
  })

  test('names for every change the version it was decided on', () => {
    const entries = entriesOf({ slots: [versioned('s1', '5')], ended: [{ ...gatewayVisit('old'), id: 'a0', meta: { versionId: '9' } }] })
    expect(entries.map((entry) => entry.request?.ifMatch)).toEqual(['W/"0"', 'W/"7"', 'W/"9"', 'W/"5"'])
  })

  test('creates a new Appointment only where none has its identifier', () => {
    const entry = entriesOf({ appointment: fresh })[1]
    expect(entry).toMatchObject({ fullUrl: NEW_APPOINTMENT, request: { method: 'POST', url: 'Appointment' } })
    expect(decodeURIComponent(entry?.request?.ifNoneExist ?? '')).toBe(
      'identifier=https://fhir-scheduling-gateway.org/fhir/appointment-id|mine',
    )
    expect(entry?.request?.ifMatch).toBeUndefined()
  })

  test('ends holds that have run out as cancelled, with the reason that they expired', () => {
    const entry = entriesOf({ ended: [gatewayVisit('old', { holdExpires: NOW })] })[2]
    expect(entry?.resource).toMatchObject({
      status: 'cancelled',
      cancelationReason: holdEnd('expired'),
      identifier: [{ value: 'old' }, {}],
    })
  })

  test('carries the patient guard: created where there was none, by version where there was one', () => {
    const guard = buildGuard('Patient/p', { appointmentId: 'mine', version: '1' }, undefined)
    const later: Basic = { ...guard, meta: { versionId: '4' } }
    const matches = (each: Basic) => entriesOf({ guard: each })[1]?.request
    expect(matches(guard)).toEqual({ method: 'PUT', url: `Basic/${guard.id ?? ''}`, ifMatch: 'W/"0"' })
    expect(matches(later)).toEqual({ method: 'PUT', url: `Basic/${guard.id ?? ''}`, ifMatch: 'W/"4"' })
  })

  test.for<readonly [what: string, changes: Partial<Write>]>([
    ['a Slot', { slots: [slot('s1', 's', at('09:00'), 15, { meta: {} })] }],
    ['an Appointment', { appointment: { ...existing, meta: {} } }],
    ['a hold that ends', { ended: [{ ...existing, meta: {} }] }],
  ])('is refused where %s was read without a version', ([, changes]) => {
    expect(() => entriesOf(changes)).toThrow('without a version')
  })

  test('is refused without an id to write to', () => {
    const { id: _, ...anonymous } = receipt
    expect(() => entriesOf({ receipt: anonymous })).toThrow('no id')
  })
})

test('a receipt alone is create-only, too', () => {
  expect(receiptOnly(receipt)).toEqual({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource: receipt, request: { method: 'PUT', url: 'AuditEvent/rcpt-1', ifMatch: 'W/"0"' } }],
  })
})

describe('Slots that are given back', () => {
  const mine = claimed(versioned('mine'), 'v', 'busy')
  const known = [
    mine,
    claimed(versioned('other'), 'w', 'busy'),
    { ...claimed(versioned('changed'), 'v', 'busy'), status: 'busy-unavailable' as const },
    versioned('free'),
  ].map((each) => readSlot(each)!)

  test('are those that still carry the claim as it was set, and no others', () => {
    expect(freedSlots(known, ['v'])).toEqual([versioned('mine')])
    expect(freedSlots(known, ['v', 'w']).map((each) => each.id)).toEqual(['mine', 'other'])
    expect(freedSlots(known, [])).toEqual([])
  })

  test('are read first where they were not yet: used and blocked ones, each once', () => {
    const visit = gatewayVisit('v', { ownSlots: ['mine', 'far'], blockedSlots: ['near'] })
    expect(unreadSlots([visit, visit], known)).toEqual(['far', 'near'])
    expect(unreadSlots([], known)).toEqual([])
  })
})

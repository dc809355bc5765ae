import { describe, expect, test } from 'vitest'
import type { Appointment, Slot } from 'fhir/r4.js'
import { isExpiredHold, readSlot, spanOf, unexplainedClaims } from '../../../src/scheduling/window.ts'
import { withClaim } from '../../../src/fhir/slot-claim.ts'
import { at, claimed, deskVisit, directoryOf, gatewayVisit, NOW, schedule, slot, windowOf } from '../helpers/day.ts'

const NINE = at('09:00')
const directory = directoryOf(schedule('ann', ['Practitioner/ann']))
const free = slot('s', 'ann', NINE)

describe('a Slot that cannot be placed is left out', () => {
  test.for<readonly [rule: string, changes: Partial<Slot>]>([
    ['without an instant for its start', { start: '2027-03-01' }],
    ['without an offset', { end: '2027-03-01T09:15:00' }],
    ['that ends when it begins', { end: free.start }],
    ['that ends before it begins', { end: '2027-03-01T08:00:00-08:00' }],
    ['whose Schedule is no literal reference', { schedule: { identifier: { value: 'x' } } }],
    ['that was entered in error', { status: 'entered-in-error' }],
  ])('%s', ([, changes]) => {
    expect(windowOf(directory, [{ ...free, ...changes }]).slots).toEqual([])
  })

  test('and so is one without an id', () => {
    const { id: _, ...anonymous } = free
    expect(readSlot(anonymous)).toBeUndefined()
  })
})

test('the window sorts Slots by start, then by id, whatever order they were read in', () => {
  const slots = [slot('c', 'ann', NINE + 1), slot('b', 'ann', NINE), slot('a', 'ann', NINE)]
  expect(windowOf(directory, slots).slots.map((each) => each.id)).toEqual(['a', 'b', 'c'])
})

test('a claim counts only while the Slot has the status that the claim gave it', () => {
  const held = claimed(free, 'mine', 'busy-tentative', NOW)
  expect(readSlot(held)?.claim?.appointmentId).toBe('mine')
  for (const status of ['free', 'busy', 'busy-unavailable'] as const) expect(readSlot({ ...held, status })?.claim).toBeUndefined()
})

describe('the time an Appointment takes', () => {
  const visit = deskVisit(['Practitioner/ann'], NINE, 20)
  const minutes = (appointment: Appointment) => {
    const span = spanOf(appointment)
    return span && (span.end - span.start) / 60_000
  }
  const without = (...keys: (keyof Appointment)[]): Appointment =>
    Object.fromEntries(
      Object.entries({ ...visit, minutesDuration: 45 }).filter(([key]) => !keys.includes(key as keyof Appointment)),
    ) as unknown as Appointment

  test.for<readonly [rule: string, appointment: Appointment, minutes: number | undefined]>([
    ['is from start to end', visit, 20],
    ['is its duration where it has no end', without('end'), 45],
    ['is its duration where it ends before it begins', { ...without('end'), end: '2027-03-01T08:00:00-08:00' }, 45],
    ['is half an hour where nothing says how long', without('end', 'minutesDuration'), 30],
    ['is nowhere where it has no start', without('start'), undefined],
    ['is nowhere where its start is no instant', { ...visit, start: '2027-03-01' }, undefined],
  ])('%s', ([, appointment, expected]) => {
    expect(minutes(appointment)).toBe(expected)
  })
})

describe('a hold', () => {
  test('has run out from the moment it was kept until', () => {
    const hold = gatewayVisit('h', { holdExpires: NOW })
    expect([NOW - 1, NOW, NOW + 1].map((now) => isExpiredHold(hold, now))).toEqual([false, true, true])
  })

  test('that was booked or cancelled never runs out', () => {
    const hold = gatewayVisit('h', { holdExpires: NOW })
    expect(isExpiredHold({ ...hold, status: 'booked' }, NOW + 1)).toBe(false)
    expect(isExpiredHold({ ...hold, status: 'cancelled' }, NOW + 1)).toBe(false)
  })

  test('is none where the desk left an Appointment pending', () => {
    expect(isExpiredHold(deskVisit([], NINE, 15, { status: 'pending' }), NOW)).toBe(false)
  })
})

describe('a reading is torn', () => {
  const span = { start: NINE, end: NINE + 1 }
  const held = claimed(free, 'mine', 'busy-tentative', NOW + 1)
  const torn = (resource: Slot, visits: Appointment[] = [], where = span) =>
    unexplainedClaims(windowOf(directory, [resource], visits), where).length > 0

  test('when a live claim in the span has no Appointment', () => {
    expect(torn(held)).toBe(true)
    expect(torn(claimed(free, 'mine', 'busy'))).toBe(true)
    expect(torn(held, [gatewayVisit('other')])).toBe(true)
  })

  test('when its Appointment came as it was before it set the claim', () => {
    const moved = withClaim(free, { appointmentId: 'mine', status: 'busy', version: '2' })
    const visit = (versionId: string) => ({ ...gatewayVisit('mine', { ownSlots: ['s'] }), meta: { versionId } })
    expect([torn(moved, [visit('1')]), torn(moved, [visit('2')]), torn(moved, [visit('10')])]).toEqual([true, false, false])
  })

  test('when its Appointment came as it was after it had left the Slot', () => {
    expect(torn(held, [gatewayVisit('mine', { ownSlots: ['another'] })])).toBe(true)
  })

  test('but not when its Appointment came with it, the claim has run out or lies elsewhere, or there is none', () => {
    expect(torn(held, [gatewayVisit('mine', { ownSlots: ['s'] })])).toBe(false)
    expect(torn(held, [gatewayVisit('mine', { blockedSlots: ['s'] })])).toBe(false)
    expect(torn(claimed(free, 'mine', 'busy-tentative', NOW))).toBe(false)
    expect(torn(held, [], { start: at('10:00'), end: at('11:00') })).toBe(false)
    expect(torn({ ...free, status: 'busy' })).toBe(false)
  })
})

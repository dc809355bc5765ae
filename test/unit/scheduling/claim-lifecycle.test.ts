import fc from 'fast-check'
import type { Slot } from 'fhir/r4.js'
import { expect, test } from 'vitest'
import { claimSet, type ClaimSet } from '../../../src/scheduling/claim-set.ts'
import { MINUTE, overlaps } from '../../../src/scheduling/interval.ts'
import type { Window } from '../../../src/scheduling/window.ts'
import { claimSlots, freedSlots } from '../../../src/scheduling/write.ts'
import { afterWriting } from '../helpers/day.ts'
import {
  asTheEhrMadeIt,
  claimsIn,
  paddedOf,
  randomClinic,
  randomWish,
  RUNS,
  shareActor,
  writtenIds,
  type Wish,
} from '../helpers/random-clinic.ts'

const ID = 'visit-1'

/** Claims one of the possible times of a random clinic, as a hold, and gives the check the window before and after. */
function afterHold(
  atLeast: number,
  check: (context: { before: Window; after: Window; set: ClaimSet; written: Slot[]; wish: Wish; other: Wish }) => number,
): void {
  let cases = 0
  fc.assert(
    fc.property(randomClinic, randomWish, randomWish, fc.nat(), (before, wish, other, choice) => {
      const sets = claimsIn(before, wish)
      const set = sets[choice % Math.max(1, sets.length)]
      if (!set) return
      const written = claimSlots(set, { appointmentId: ID, version: '1', until: before.now + MINUTE }, before.slots)
      cases += check({ before, after: afterWriting(before, written), set, written, wish, other })
    }),
    { numRuns: RUNS },
  )
  expect(cases).toBeGreaterThan(atLeast)
}

test('after a claim its Slots alone make every overlapping claim of the same actor impossible', () => {
  afterHold(RUNS, ({ after, set, wish, other }) => {
    const rivals = claimsIn(after, other).filter((rival) => shareActor(rival.schedule, set.schedule))
    const taken = new Set(writtenIds(set))
    for (const rival of rivals) {
      expect(overlaps(rival.visit, paddedOf(set, wish))).toBe(false)
      expect(overlaps(set.visit, paddedOf(rival, other))).toBe(false)
      expect(writtenIds(rival).filter((id) => taken.has(id))).toEqual([])
    }
    return rivals.length
  })
})

test('a claim takes nothing from the actors it is not about', () => {
  afterHold(RUNS, ({ before, after, set, other }) => {
    const ofOthers = (window: Window) => claimsIn(window, other).filter((rival) => !shareActor(rival.schedule, set.schedule))
    const kept = ofOthers(before).filter((rival) => writtenIds(rival).every((id) => !writtenIds(set).includes(id)))
    expect(ofOthers(after).map(writtenIds)).toEqual(expect.arrayContaining(kept.map(writtenIds)))
    return kept.length
  })
})

test('a released claim gives back exactly its Slots, and each is what the EHR had made', () => {
  afterHold(RUNS / 2, ({ before, after, set }) => {
    const freed = freedSlots(after.slots, [ID])
    expect(freed.map((each) => each.id).sort()).toEqual(writtenIds(set).sort())
    for (const each of freed) {
      const original = before.slotsById.get(each.id!)!.resource
      expect(each).toEqual(asTheEhrMadeIt(original))
      if (original.status === 'free' && original.extension!.length === 1) expect(each).toEqual(original)
    }
    return freed.length
  })
})

test('after a release everything can be claimed that could be claimed before', () => {
  afterHold(RUNS / 2, ({ before, after, other }) => {
    const released = afterWriting(
      after,
      freedSlots(after.slots, [ID]),
      before.visits.map((visit) => visit.appointment),
    )
    const again = claimsIn(released, other).map(writtenIds)
    expect(again).toEqual(expect.arrayContaining(claimsIn(before, other).map(writtenIds)))
    return again.length
  })
})

test('a claim changes the content of every Slot it writes', () => {
  afterHold(RUNS / 2, ({ before, written }) => {
    for (const each of written) expect(each).not.toEqual(before.slotsById.get(each.id!)!.resource)
    return written.length
  })
})

test('so do a confirmation of it and a move, also on the Slots that the visit keeps', () => {
  let kept = 0
  afterHold(RUNS / 2, ({ after, set, wish, other }) => {
    const confirmed = rewrite(after, set, wish, '2')
    const booked = afterWriting(after, confirmed)
    const moves = claimsIn(booked, other, ID).filter((move) => writtenIds(move).some((id) => writtenIds(set).includes(id)))
    for (const move of moves) {
      const written = claimSlots(move, { appointmentId: ID, version: '3' }, booked.slots)
      kept += expectChanged(booked, written)
      // What it does not keep is free again.
      const left = writtenIds(set).filter((id) => !writtenIds(move).includes(id))
      expect(written.filter((each) => left.includes(each.id!)).map((each) => each.status)).toEqual(left.map(() => 'free'))
    }
    return expectChanged(after, confirmed)
  })
  expect(kept).toBeGreaterThan(RUNS)
})

/** The Slots of the claim made again by the visit itself. */
function rewrite(window: Window, set: ClaimSet, wish: Wish, version: string): Slot[] {
  const again = claimSet(window, { slotId: set.own[0]!.id, start: set.visit.start, ...wish, self: ID })
  if (again.kind !== 'claim') throw new Error('a visit must be able to claim again what it has')
  expect(writtenIds(again).sort()).toEqual(writtenIds(set).sort())
  return claimSlots(again, { appointmentId: ID, version }, window.slots)
}

function expectChanged(before: Window, written: readonly Slot[]): number {
  for (const each of written) expect(each).not.toEqual(before.slotsById.get(each.id!)!.resource)
  return written.length
}

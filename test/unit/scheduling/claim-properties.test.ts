import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claimSet, isAvailable, type ClaimSet } from '../../../src/scheduling/claim-set.ts'
import { overlaps } from '../../../src/scheduling/interval.ts'
import { isExpiredHold, type Window } from '../../../src/scheduling/window.ts'
import { claimsIn, paddedOf, randomClinic, randomWish, RUNS, shareActor, writtenIds, type Wish } from '../helpers/random-clinic.ts'

/** Runs a property and makes sure that it was about something: a property whose cases never arise proves nothing. */
function assertOften(atLeast: number, check: (window: Window, a: Wish, b: Wish) => number): void {
  let cases = 0
  fc.assert(
    fc.property(randomClinic, randomWish, randomWish, (window, a, b) => {
      cases += check(window, a, b)
    }),
    { numRuns: RUNS },
  )
  expect(cases).toBeGreaterThan(atLeast)
}

/** Whether one of two visits needs time that the other one uses. Buffers may meet buffers where no Slot stands: nobody sits there. */
function collide(a: ClaimSet, wishA: Wish, b: ClaimSet, wishB: Wish): boolean {
  return overlaps(a.visit, paddedOf(b, wishB)) || overlaps(b.visit, paddedOf(a, wishA))
}

test('two claims of one window that need the same time of the same actor write a common Slot, so If-Match lets one of them win', () => {
  assertOften(RUNS, (window, wishA, wishB) => {
    const [all, others] = [claimsIn(window, wishA), claimsIn(window, wishB)]
    const pairs = all.flatMap((a) =>
      others.filter((b) => shareActor(a.schedule, b.schedule) && collide(a, wishA, b, wishB)).map((b) => [a, b] as const),
    )
    for (const [a, b] of pairs) {
      const written = new Set(writtenIds(a))
      expect(writtenIds(b).some((id) => written.has(id))).toBe(true)
    }
    return pairs.length
  })
}, 60_000)

test('two claims whose padded times meet on a Slot of a shared actor write that Slot both, unless it is a pause', () => {
  assertOften(RUNS, (window, wishA, wishB) => {
    let met = 0
    const others = claimsIn(window, wishB).map((set) => ({ set, reach: reachOf(window, set, wishB) }))
    for (const a of claimsIn(window, wishA)) {
      const reach = reachOf(window, a, wishA)
      for (const b of others) {
        const common = [...reach].filter((id) => b.reach.has(id))
        met += common.length
        const written = [new Set(writtenIds(a)), new Set(writtenIds(b.set))]
        expect(common.filter((id) => !written.every((ids) => ids.has(id)))).toEqual([])
      }
    }
    return met
  })
}, 60_000)

/** The Slots of its actors that a claim reaches with its buffers, and that anybody may have. */
function reachOf(window: Window, set: ClaimSet, wish: Wish): Set<string> {
  const near = window.slots.filter((each) => overlaps(each, paddedOf(set, wish)) && isAvailable(each, window.now))
  return new Set(near.filter((each) => shareActor(set.schedule, window.directory.schedules.get(each.scheduleId)!)).map((each) => each.id))
}

test('a claim never contains a Slot that is busy for somebody else', () => {
  assertOften(RUNS, (window, wish) => {
    const sets = claimsIn(window, wish)
    for (const each of sets.flatMap((set) => [...set.own, ...set.blocked])) {
      const lapsed = each.claim?.until !== undefined && each.claim.until <= window.now
      expect(each.resource.status === 'free' || lapsed).toBe(true)
    }
    return sets.length
  })
})

test('a claim covers its visit without a hole, from Slots of one Schedule, and no Slot is in it twice', () => {
  assertOften(RUNS, (window, wish) => {
    const sets = claimsIn(window, wish)
    for (const { own, visit, schedule, ...set } of sets) {
      expect(own[0]!.start).toBe(visit.start)
      expect(own.at(-1)!.end).toBeGreaterThanOrEqual(visit.end)
      expect(own.at(-1)!.start).toBeLessThan(visit.end)
      own.slice(1).forEach((each, index) => {
        expect(each.start).toBe(own[index]!.end)
      })
      expect(own.every((each) => each.scheduleId === schedule.id)).toBe(true)
      const ids = [...own, ...set.blocked].map((each) => each.id)
      expect(new Set(ids).size).toBe(ids.length)
    }
    return sets.length
  })
})

test('a claim leaves no Slot of its actors out, except a pause that only its buffer touches', () => {
  assertOften(RUNS, (window, wish) => {
    const sets = claimsIn(window, wish)
    for (const set of sets) {
      const written = new Set(writtenIds(set))
      const missing = window.slots.filter(
        (each) =>
          !written.has(each.id) &&
          overlaps(each, paddedOf(set, wish)) &&
          shareActor(set.schedule, window.directory.schedules.get(each.scheduleId)!),
      )
      for (const each of missing) {
        expect(each.status).toBe('busy-unavailable')
        expect(overlaps(each, set.visit)).toBe(false)
      }
    }
    return sets.length
  })
})

test('a claim meets no live Appointment of its actors, and ends every hold that has run out there', () => {
  assertOften(RUNS, (window, wish) => {
    const sets = claimsIn(window, wish)
    for (const set of sets) {
      const there = window.visits.filter(
        (visit) => overlaps(visit, paddedOf(set, wish)) && visit.actors.some((actor) => set.schedule.exclusiveActors.includes(actor)),
      )
      expect(there.every((visit) => isExpiredHold(visit.appointment, window.now))).toBe(true)
      expect(set.expired).toEqual(there.map((visit) => visit.appointment))
    }
    return sets.length
  })
})

test('a wish is refused only for a reason: a broken chain, a Slot of somebody else, or a live Appointment', () => {
  assertOften(RUNS, (window, wish) => {
    const refused = window.slots.filter((each) => claimSet(window, { slotId: each.id, start: each.start, ...wish }).kind === 'taken')
    for (const first of refused) expect(reasonsAgainst(window, wish, first)).not.toEqual([])
    return refused.length
  })
})

/** The rules once more, as a list of what is wrong and written another way: minute by minute for the chain. */
function reasonsAgainst(window: Window, wish: Wish, first: Window['slots'][number]): string[] {
  const visit = { start: first.start, end: first.start + wish.minutes * 60_000 }
  const padded = { start: visit.start - wish.bufferBeforeMinutes * 60_000, end: visit.end + wish.bufferAfterMinutes * 60_000 }
  const schedule = window.directory.schedules.get(first.scheduleId)!
  const usable = (each: Window['slots'][number]) => each.status === 'free' || (each.claim?.until ?? Infinity) <= window.now
  const reasons: string[] = []
  for (let minute = visit.start; minute < visit.end; minute += 60_000) {
    const under = window.slots.filter((each) => each.scheduleId === first.scheduleId && each.start <= minute && minute < each.end)
    if (!under.some(usable)) reasons.push('broken chain')
  }
  for (const each of window.slots) {
    if (usable(each) || !overlaps(each, padded) || !shareActor(schedule, window.directory.schedules.get(each.scheduleId)!)) continue
    if (overlaps(each, visit) || each.status !== 'busy-unavailable' || each.claim) reasons.push('busy Slot')
  }
  for (const each of window.visits) {
    const same = each.actors.some((actor) => schedule.exclusiveActors.includes(actor))
    if (same && overlaps(each, padded) && !isExpiredHold(each.appointment, window.now)) reasons.push('live Appointment')
  }
  return reasons
}

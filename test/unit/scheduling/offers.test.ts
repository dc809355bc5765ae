import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MINUTE } from '../../../src/scheduling/interval.ts'
import { findOffers, nearestOffers, passesFilter, type Offer } from '../../../src/scheduling/offers.ts'
import { at, directoryOf, location, NOW, practitioner, role, schedule, slot, windowOf } from '../helpers/day.ts'
import { claimsIn, randomClinic, randomWish, RUNS, typeOf } from '../helpers/random-clinic.ts'

const ALWAYS = { start: 0, end: Number.MAX_SAFE_INTEGER }
const SHORT = typeOf({ minutes: 15, bufferBeforeMinutes: 0, bufferAfterMinutes: 0 })

describe('what is offered', () => {
  test('is exactly what can be claimed, soonest first, and a limit only cuts the end off', () => {
    let cases = 0
    fc.assert(
      fc.property(randomClinic, randomWish, fc.nat(5), (window, wish, limit) => {
        // Offers are for new visits: a Slot that a hold has left is offered as well.
        const expected = claimsIn(window, wish).map((set) => ({ slotId: set.own[0]!.id, schedule: set.schedule, ...set.visit }))
        const offers = findOffers(window, typeOf(wish), ALWAYS, {}, Infinity)
        expect(offers).toEqual(expected)
        expect(offers.map((offer) => offer.start)).toEqual(offers.map((offer) => offer.start).sort((a, b) => a - b))
        expect(findOffers(window, typeOf(wish), ALWAYS, {}, limit)).toEqual(offers.slice(0, limit))
        cases += offers.length
      }),
      { numRuns: RUNS },
    )
    expect(cases).toBeGreaterThan(RUNS)
  })

  const directory = directoryOf(
    practitioner('ann'),
    schedule('ann', ['Practitioner/ann']),
    schedule('off', ['Practitioner/bob'], { active: false }),
  )
  const slots = ['08:45', '09:00', '09:15'].map((time) => slot(time, 'ann', at(time)))
  const window = windowOf(directory, [...slots, slot('off', 'off', at('09:00'))])
  const ids = (offers: readonly Offer[]) => offers.map((offer) => offer.slotId)

  test('starts within the span, which is half-open', () => {
    expect(ids(findOffers(window, SHORT, { start: at('09:00'), end: at('09:15') }, {}, 9))).toEqual(['09:00'])
  })

  test('may end after the span', () => {
    expect(ids(findOffers(window, { ...SHORT, minutes: 30 }, { start: at('09:00'), end: at('09:01') }, {}, 9))).toEqual(['09:00'])
  })

  test('has the notice and lies within the horizon that the visit type asks for', () => {
    const after = (minutes: number) => ids(findOffers(window, { ...SHORT, noticeMinutes: minutes }, ALWAYS, {}, 9))
    expect(after(9 * 60)).toEqual(['09:00', '09:15'])
    expect(after(9 * 60 + 1)).toEqual(['09:15'])
  })

  test('serves the visit type', () => {
    const other = { ...SHORT, match: { ...SHORT.match, serviceType: ['https://x.example|other'] } }
    expect(findOffers(window, other, ALWAYS, {}, 9)).toEqual([])
  })

  test('is not on a Schedule that is not active', () => {
    expect(ids(findOffers(window, SHORT, ALWAYS, {}, 9))).not.toContain('off')
  })
})

describe('filters', () => {
  const directory = directoryOf(
    practitioner('ann'),
    role('ann-role', 'ann'),
    location('room', 'ro', 'house'),
    location('house', 'bu'),
    schedule('s', ['PractitionerRole/ann-role', 'Location/room']),
  )
  test.for<readonly [rule: string, filter: { providerId?: string; locationId?: string }, passes: boolean]>([
    ['no filter passes all', {}, true],
    ['the provider passes, also where the Schedule names his role', { providerId: 'ann' }, true],
    ['another provider does not', { providerId: 'bob' }, false],
    ['the room passes', { locationId: 'room' }, true],
    ['the house that the room is part of passes', { locationId: 'house' }, true],
    ['another place does not', { locationId: 'barn' }, false],
    ['both must be met', { providerId: 'ann', locationId: 'barn' }, false],
  ])('%s', ([, filter, passes]) => {
    expect(passesFilter(directory.schedules.get('s')!, filter)).toBe(passes)
  })
})

describe('the nearest offers to a lost time', () => {
  const directory = directoryOf(
    practitioner('ann'),
    practitioner('bob'),
    schedule('ann', ['Practitioner/ann']),
    schedule('bob', ['Practitioner/bob']),
  )
  const offer = (who: string, minutes: number): Offer => {
    const start = NOW + minutes * MINUTE
    return { slotId: `${who}${minutes}`, schedule: directory.schedules.get(who)!, start, end: start + 1 }
  }
  const offers = [offer('bob', 1), offer('ann', 90), offer('bob', -2), offer('ann', -60), offer('ann', 15)]
  const nearest = (providerId: string | undefined, count: number) =>
    nearestOffers(offers, { start: NOW, providerId }, count).map((each) => each.slotId)

  test("are the same provider's first, each by distance, earlier and later alike", () => {
    expect(nearest('ann', 5)).toEqual(['ann15', 'ann-60', 'ann90', 'bob1', 'bob-2'])
  })

  test('are as many as asked for', () => {
    expect(nearest('bob', 3)).toEqual(['bob1', 'bob-2', 'ann15'])
  })

  test('leave the list they were chosen from as it was', () => {
    nearest('ann', 5)
    expect(offers[0]!.slotId).toBe('bob1')
  })
})

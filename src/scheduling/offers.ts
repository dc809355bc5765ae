import type { VisitType } from '../clinic/mapping.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { claimSet, isAvailable } from './claim-set.ts'
import type { ScheduleInfo } from './directory.ts'
import type { Interval } from './interval.ts'
import { servesType, timePolicy } from './policies.ts'
import type { Window } from './window.ts'

/** A time that can be had right now. */
export interface Offer extends Interval {
  readonly slotId: string
  readonly schedule: ScheduleInfo
}

/** Narrows a search. */
export interface OfferFilter {
  readonly providerId?: string | undefined
  readonly locationId?: string | undefined
}

/** Whether a Schedule passes the filter. */
export function passesFilter(schedule: ScheduleInfo, filter: OfferFilter): boolean {
  return (
    (filter.providerId === undefined || schedule.provider?.id === filter.providerId) &&
    (filter.locationId === undefined || schedule.locationIds.includes(filter.locationId))
  )
}

/**
 * The visits of a type that could be booked in a window, soonest first, one per starting Slot.
 * An offer is exactly what the claim set says can be claimed, so an offer and a hold never disagree on the rules.
 * @param span offers start within it
 * @param limit stop after so many
 */
export function findOffers(window: Window, type: VisitType, span: Interval, filter: OfferFilter, limit: number): Offer[] {
  const offers: Offer[] = []
  for (const slot of window.slots) {
    if (offers.length >= limit) break
    const schedule = window.directory.schedules.get(slot.scheduleId)
    if (!schedule || slot.start < span.start || slot.start >= span.end || !isAvailable(slot, window.now)) continue
    if (!passesFilter(schedule, filter) || !servesType(slot.resource, schedule, type) || timePolicy(slot.start, window.now, type)) continue
    const set = claimSet(window, { slotId: slot.id, start: slot.start, ...type })
    if (set.kind === 'claim') offers.push({ slotId: slot.id, schedule, start: set.visit.start, end: set.visit.end })
  }
  return offers
}

/** The offers nearest to a lost time: the same provider's first, then by distance in time. */
export function nearestOffers(offers: readonly Offer[], lost: { start: EpochMs; providerId: string | undefined }, count: number): Offer[] {
  const away = (offer: Offer): number => Math.abs(offer.start - lost.start)
  const same = (offer: Offer): number => (offer.schedule.provider?.id === lost.providerId ? 0 : 1)
  return [...offers].sort((a, b) => same(a) - same(b) || away(a) - away(b)).slice(0, count)
}

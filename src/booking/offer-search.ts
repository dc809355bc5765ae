import type { ClinicMapping, VisitType } from '../clinic/mapping.ts'
import type { EpochMs } from '../fhir/instant.ts'
import type { Directory, ScheduleInfo } from '../scheduling/directory.ts'
import { MINUTE, type Interval } from '../scheduling/interval.ts'
import { findOffers, type Offer, type OfferFilter } from '../scheduling/offers.ts'
import type { Queries, Reading } from './ports.ts'
import { lastStart, lookBack, readWindow, slotsQuery, visitsQuery } from './window-queries.ts'

/** A search for offers of a visit type on some Schedules, as part of a batch. */
export interface OfferSearch {
  /** Names its queries within the batch. */
  readonly name: string
  readonly directory: Directory
  readonly schedules: readonly ScheduleInfo[]
  readonly type: VisitType
  /** Offers start within it. */
  readonly span: Interval
}

/** What a search found. */
export interface FoundOffers {
  readonly offers: readonly Offer[]
  readonly complete: boolean
  /** Every offer that starts before this moment was seen. */
  readonly until: EpochMs
}

/** The Slots of the Schedules and of their siblings, and the visits of their actors: all that an offer depends on. */
export function offerQueries(search: OfferSearch, mapping: ClinicMapping): Queries {
  const { type, span, directory } = search
  const reach = { start: span.start - type.bufferBeforeMinutes * MINUTE, end: span.end + tail(type) }
  const siblings = [...new Set(search.schedules.flatMap((schedule) => directory.siblings(schedule)))]
  return {
    [`${search.name}Slots`]: slotsQuery(siblings, lookBack(reach, mapping)),
    [`${search.name}Visits`]: visitsQuery(directory, search.schedules, lookBack(reach, mapping)),
  }
}

/** The offers in what was read. A search that was cut off counts only as far as it saw everything. */
export function offersIn(reading: Reading, search: OfferSearch, filter: OfferFilter, limit: number): FoundOffers {
  const names = [`${search.name}Slots`, `${search.name}Visits`] as const
  const window = readWindow(reading, search.directory, ...names)
  const cuts = names.filter((name) => !reading.isComplete(name)).map((name) => lastStart(reading, name) - tail(search.type))
  const until = Math.max(search.span.start, Math.min(search.span.end, ...cuts))
  const offers = findOffers(window, search.type, { start: search.span.start, end: until }, filter, limit)
  return { offers, until, complete: until >= search.span.end }
}

/** From the start of a visit to the end of its time, buffer included. */
function tail(type: VisitType): number {
  return (type.minutes + type.bufferAfterMinutes) * MINUTE
}

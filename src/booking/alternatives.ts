import type { Directory, ScheduleInfo } from '../scheduling/directory.ts'
import { DAY } from '../scheduling/interval.ts'
import { nearestOffers, type Offer } from '../scheduling/offers.ts'
import { offersType } from '../scheduling/policies.ts'
import type { BookingDeps } from './deps.ts'
import { BookingError } from './errors.ts'
import { offerQueries, offersIn, type OfferSearch } from './offer-search.ts'
import type { Call } from './ports.ts'
import { showOffer } from './show.ts'
import type { SlotOffer } from './slot-id.ts'

/** How many alternatives a lost race is answered with. */
const COUNT = 3
const ROWS = 500
const HOUR = 60 * 60_000

/** Runs a claim, and gives a `slot_taken` the free offers nearest to the lost one. Their search never turns the answer into another error. */
export async function withAlternatives<T>(deps: BookingDeps, offer: SlotOffer, call: Call, claim: () => Promise<T>): Promise<T> {
  try {
    return await claim()
  } catch (error) {
    if (!(error instanceof BookingError) || error.code !== 'slot_taken') throw error
    const offers = await sharedSearch(deps, offer, call).catch(() => [])
    throw new BookingError('slot_taken', error.message, {
      alternatives: offers.map((found) => showOffer(found, offer.type, offer.modality, deps)),
    })
  }
}

const inFlight = new WeakMap<BookingDeps, Map<string, Promise<Offer[]>>>()

/** Losers of one race ask for the same thing at the same moment; they share one search. */
async function sharedSearch(deps: BookingDeps, lost: SlotOffer, call: Call): Promise<Offer[]> {
  const searches = inFlight.get(deps) ?? new Map<string, Promise<Offer[]>>()
  inFlight.set(deps, searches)
  const key = `${lost.slotId} ${lost.type.code} ${lost.start}`
  const running = searches.get(key)
  if (running) return running
  const started = findAlternatives(deps, lost, call).finally(() => searches.delete(key))
  searches.set(key, started)
  return started
}

/** Same provider within ten days, anybody within a day around; one round trip. */
async function findAlternatives(deps: BookingDeps, lost: SlotOffer, call: Call): Promise<Offer[]> {
  const { directory } = await deps.directories.current(call)
  const providerId = directory.byFingerprint(lost.scheduleFingerprint)[0]?.provider?.id
  const all = [...directory.schedules.values()].filter((schedule) => offersType(schedule, lost.type))
  const searches = [
    searchFor(
      'same',
      directory,
      lost,
      all.filter((schedule) => schedule.provider?.id === providerId),
      -12 * HOUR,
      10 * DAY,
    ),
    searchFor(
      'other',
      directory,
      lost,
      all.filter((schedule) => schedule.provider?.id !== providerId),
      -3 * HOUR,
      24 * HOUR,
    ),
  ].filter((search) => search.schedules.length > 0)
  if (searches.length === 0) return []
  const queries = Object.fromEntries(searches.flatMap((search) => Object.entries(offerQueries(search, deps.mapping))))
  const reading = await deps.ehr.batch(queries, call, ROWS)
  // A shared search may have begun before the race was lost, so the lost time itself is never offered again.
  const offers = searches
    .flatMap((search) => offersIn(reading, search, {}, Infinity).offers)
    .filter((offer) => offer.slotId !== lost.slotId)
  return nearestOffers(offers, { start: lost.start, providerId }, COUNT)
}

function searchFor(
  name: string,
  directory: Directory,
  lost: SlotOffer,
  schedules: readonly ScheduleInfo[],
  before: number,
  after: number,
): OfferSearch {
  return { name, directory, schedules, type: lost.type, span: { start: lost.start + before, end: lost.start + after } }
}

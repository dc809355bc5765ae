import type { VisitType } from '../clinic/mapping.ts'
import type { Modality } from '../fhir/appointment.ts'
import { formatUtc, type EpochMs } from '../fhir/instant.ts'
import type { Directory, ScheduleInfo } from '../scheduling/directory.ts'
import { DAY, MINUTE, type Interval } from '../scheduling/interval.ts'
import { passesFilter, type Offer, type OfferFilter } from '../scheduling/offers.ts'
import { offersType, typePolicy } from '../scheduling/policies.ts'
import { policyRefused } from './claim-plan.ts'
import type { BookingDeps } from './deps.ts'
import { offerQueries, offersIn, type FoundOffers, type OfferSearch } from './offer-search.ts'
import type { Call, Queries, Reading } from './ports.ts'
import { ofType, search } from './window-queries.ts'

/** What a caller looks for. */
export interface AvailabilityRequest extends OfferFilter {
  readonly type: VisitType
  readonly modality: Modality
  readonly span: Interval
  readonly limit: number
}

/** What was found. */
export interface Availability {
  readonly offers: readonly Offer[]
  /** The EHR's clock when it was read. */
  readonly asOf: EpochMs
  /** More Slots than could be read in two round trips: there may be offers later in the window. */
  readonly truncated: boolean
  /** Start of the first offer after the window, looked for when the window has none. */
  readonly nextAvailable?: EpochMs
}

/** Rows asked for at first: enough for ten offers nearly always, and cheap. The second search takes the largest page, several times. */
const FIRST_ROWS = 300
const MOST_ROWS = 500
/** Into so many stretches a second search is cut, each with its own page, all in one round trip. */
const STRETCHES = 6
/** Clocks of gateway and EHR may differ by this much before the first offers are missed, in milliseconds. */
const CLOCK_SLACK_MS = 5 * MINUTE

/**
 * Free offers, live from the EHR, soonest first, in at most two round trips.
 * @throws BookingError `policy_refused` when the type cannot be booked or the provider does not offer it, `ehr_unavailable`
 */
export async function findAvailability(deps: BookingDeps, request: AvailabilityRequest, call: Call): Promise<Availability> {
  const { limit, type } = request
  const policy = typePolicy(type)
  if (policy) throw policyRefused(policy)
  const earliest = Date.now() + type.noticeMinutes * MINUTE - CLOCK_SLACK_MS
  const span = { start: Math.max(request.span.start, Math.min(earliest, request.span.end)), end: request.span.end }
  const first = await readOffers(deps, request, [span], FIRST_ROWS, call)
  if (first.offers.length >= limit || (first.complete && first.offers.length > 0)) {
    return { offers: first.offers.slice(0, limit), asOf: first.asOf, truncated: false }
  }
  if (!first.complete) {
    const rest = await readOffers(deps, request, cutUp({ start: first.until, end: span.end }), MOST_ROWS, call)
    const offers = [...first.offers, ...rest.offers].slice(0, limit)
    return { offers, asOf: rest.asOf, truncated: !rest.complete && offers.length < limit }
  }
  const horizon = first.asOf + type.horizonDays * DAY
  if (span.end >= horizon) return { offers: [], asOf: first.asOf, truncated: false }
  const later = await readOffers(
    deps,
    { ...request, limit: 1 },
    cutUp({ start: Math.max(span.end, earliest), end: horizon }),
    MOST_ROWS,
    call,
  )
  const next = later.offers[0]
  return { offers: [], asOf: later.asOf, truncated: !later.complete && !next, ...(next && { nextAvailable: next.start }) }
}

/** A span in stretches that double in length: what lies near is read finely, and the far end is reached all the same. */
function cutUp(span: Interval): Interval[] {
  const unit = (span.end - span.start) / (2 ** STRETCHES - 1)
  const at = (index: number): number => (index === STRETCHES ? span.end : Math.round(span.start + unit * (2 ** index - 1)))
  return Array.from({ length: STRETCHES }, (_, index) => ({ start: at(index), end: at(index + 1) })).filter((part) => part.start < part.end)
}

async function readOffers(
  deps: BookingDeps,
  request: AvailabilityRequest,
  spans: readonly Interval[],
  rows: number,
  call: Call,
): Promise<FoundOffers & { asOf: EpochMs }> {
  const snapshot = await deps.directories.current(call)
  const changed = search('Schedule', ['_lastUpdated', `ge${formatUtc(snapshot.asOf)}`])
  const read = (directory: Directory) => deps.ehr.batch({ ...queriesIn(deps, directory, request, spans), changed }, call, rows)
  const found = (reading: Reading, directory: Directory) => ({
    ...joinStretches(searchesIn(directory, request, spans).map((part) => offersIn(reading, part, request, request.limit))),
    asOf: reading.now,
  })
  const reading = await read(snapshot.directory)
  const isNews = ofType(reading.all('changed'), 'Schedule').some(
    (schedule) => snapshot.directory.schedules.get(schedule.id ?? '')?.version !== schedule.meta?.versionId,
  )
  if (!isNews) return found(reading, snapshot.directory)
  const { directory } = await deps.directories.refresh(call, snapshot.directory)
  return found(await read(directory), directory)
}

/** Stretches that follow one another, up to and with the first that was not seen to its end. */
function joinStretches(parts: readonly FoundOffers[]): FoundOffers {
  const cut = parts.findIndex((part) => !part.complete)
  const seen = cut < 0 ? parts : parts.slice(0, cut + 1)
  return { offers: seen.flatMap((part) => part.offers), complete: cut < 0, until: seen.at(-1)?.until ?? 0 }
}

function queriesIn(deps: BookingDeps, directory: Directory, request: AvailabilityRequest, spans: readonly Interval[]): Queries {
  const parts = searchesIn(directory, request, spans).filter((part) => part.schedules.length > 0)
  return Object.fromEntries(parts.flatMap((part) => Object.entries(offerQueries(part, deps.mapping))))
}

function searchesIn(directory: Directory, request: AvailabilityRequest, spans: readonly Interval[]): OfferSearch[] {
  const schedules = schedulesFor(directory, request)
  return spans.map((span, index) => ({ name: `offer${index}`, directory, schedules, type: request.type, span }))
}

/**
 * The Schedules an availability request is about.
 * @throws BookingError `policy_refused` when the asked provider is known but does not offer the type
 */
function schedulesFor(directory: Directory, request: AvailabilityRequest): ScheduleInfo[] {
  const ofProvider = [...directory.schedules.values()].filter((schedule) => passesFilter(schedule, { providerId: request.providerId }))
  const offering = ofProvider.filter((schedule) => offersType(schedule, request.type))
  if (request.providerId !== undefined && ofProvider.length > 0 && offering.length === 0) throw policyRefused('provider_not_for_type')
  return offering.filter((schedule) => passesFilter(schedule, request))
}

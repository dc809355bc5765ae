import type { Appointment, FhirResource, Slot } from 'fhir/r4.js'
import { appointmentIdOf } from '../fhir/appointment.ts'
import { formatUtc, parseInstant, type EpochMs } from '../fhir/instant.ts'
import type { SearchParam } from '../fhir/query.ts'
import { DAY, MINUTE, type Interval } from '../scheduling/interval.ts'
import { LIVE_STATUSES, spanOf } from '../scheduling/window.ts'
import { inParts, named } from './gathering.ts'
import type { PacedEhr } from './paced-ehr.ts'
import type { Reading } from './ports.ts'
import { holdersOf, idsOf, OWN, seenUntil, tooMuchAtOnce, type Stretch, type Walk } from './reconcile-walk.ts'
import { liveStatuses, ofType, search, spanParams } from './window-queries.ts'

/** More changes than so many pages are not followed one by one: walking everything is less work. */
const MOST_PAGES = 10
const ACTORS_PER_QUERY = 60
const REFERENCES_PER_QUERY = 100

/** Thrown where so much has changed, or all of it in one instant, that it has to be walked as a whole. */
export class TooManyChanges extends Error {
  override readonly name = 'TooManyChanges'
}

/**
 * Walks what changed in the span, by the EHR's clock: Slots of today and later, the gateway's own visits, and everybody's live
 * visits with an actor that has a Schedule. @throws TooManyChanges
 */
export async function* walkChanges(walk: Walk, changed: Interval): AsyncGenerator<Stretch> {
  const fromToday = `ge${formatUtc(walk.today)}`
  for await (const reading of pagesOf(walk.ehr, 'Slot', [['start', fromToday]], changed, MOST_PAGES)) {
    yield slotStretch(walk, reading.now, ofType(reading.all('changed'), 'Slot'))
  }
  for await (const reading of pagesOf(walk.ehr, 'Appointment', [OWN], changed, MOST_PAGES)) {
    const stretch = await visitStretch(walk, reading.now, ofType(reading.all('changed'), 'Appointment'))
    yield { ...stretch, since: changed.start }
  }
  const reaching = `ge${formatUtc(walk.today - walk.mapping.longestSlotMinutes * MINUTE)}`
  for (const actors of inParts(actorsOf(walk), ACTORS_PER_QUERY)) {
    const ofActors: SearchParam[] = [['actor', actors], liveStatuses(), ['date', reaching]]
    for await (const reading of pagesOf(walk.ehr, 'Appointment', ofActors, changed, MOST_PAGES)) {
      const visits = ofType(reading.all('changed'), 'Appointment')
      yield visitStretch(
        walk,
        reading.now,
        visits.filter((visit) => appointmentIdOf(visit) === undefined),
      )
    }
  }
}

/**
 * Pages of what changed in the span, by `meta.lastUpdated`; what changed at the seam of two pages comes twice.
 * @throws TooManyChanges after `mostPages`, or where a whole page changed in one instant (one large transaction)
 */
export async function* pagesOf(
  ehr: PacedEhr,
  type: 'Slot' | 'Appointment' | 'AuditEvent',
  params: readonly SearchParam[],
  changed: Interval,
  mostPages: number,
): AsyncGenerator<Reading> {
  let from = changed.start
  for (let page = 0; page < mostPages; page++) {
    const span: SearchParam[] = [
      ['_lastUpdated', `ge${formatUtc(from)}`],
      ['_lastUpdated', `lt${formatUtc(changed.end)}`],
    ]
    const reading = await ehr.read({ changed: search(type, ...params, ...span, ['_sort', '_lastUpdated']) })
    yield reading
    if (reading.isComplete('changed')) return
    const last = Math.max(...reading.all('changed').map(lastUpdated))
    if (last <= from) break
    from = last
  }
  throw new TooManyChanges(`more than ${mostPages} pages of ${type} have changed`)
}

/** Changed Slots: whose claims they carry, and which live visits name them. */
async function slotStretch(walk: Walk, now: EpochMs, slots: readonly Slot[]): Promise<Stretch> {
  const parts = inParts(
    slots.map((slot) => `Slot/${slot.id ?? ''}`),
    REFERENCES_PER_QUERY,
  )
  const queries = {
    ...named('uses', parts, (references) => search('Appointment', OWN, ['slot', references], liveStatuses())),
    ...named('blocks', parts, (references) => search('Appointment', OWN, ['supporting-info', references], liveStatuses())),
  }
  const names = Object.keys(queries)
  const reading = names.length > 0 ? await walk.ehr.read(queries) : undefined
  if (reading && names.some((name) => !reading.isComplete(name))) throw tooMuchAtOnce()
  const naming = uniqueById(names.flatMap((name) => ofType(reading?.all(name) ?? [], 'Appointment')))
  return { now, resources: [...slots, ...naming], judged: [...holdersOf(slots), ...idsOf(naming)], doubled: [] }
}

/** Changed visits: other Appointments with the same id, and everything live of their actors around them. */
async function visitStretch(walk: Walk, now: EpochMs, visits: readonly Appointment[]): Promise<Stretch> {
  const around: FhirResource[] = []
  for (const { actors, span } of surroundings(walk, visits)) {
    for (let from = span.start; from < span.end;) {
      const reading = await walk.ehr.read({
        visits: search('Appointment', ['actor', actors], ...spanParams('date', { start: from, end: span.end }), liveStatuses(), [
          '_sort',
          'date',
        ]),
      })
      around.push(...reading.all('visits'))
      const until = seenUntil(reading, ['visits'], span.end)
      if (until <= from) throw tooMuchAtOnce()
      from = until
    }
  }
  const ids = idsOf(visits)
  return { now, resources: [...visits, ...around], judged: ids, doubled: ids }
}

/** Where visits lie that may overlap the changed ones: by day, because changes come from all over the calendar. */
function surroundings({ directory, mapping, today }: Walk, visits: readonly Appointment[]): { actors: string[]; span: Interval }[] {
  const live = visits.flatMap((visit) => {
    const span = LIVE_STATUSES.includes(visit.status) ? spanOf(visit) : undefined
    const actors = directory.busyActors(visit.participant.map((participant) => participant.actor))
    return span && span.end > today && actors.length > 0 ? [{ actors, span }] : []
  })
  return [...Map.groupBy(live, ({ span }) => Math.floor((span.start - today) / DAY)).values()].map((ofDay) => ({
    actors: [...new Set(ofDay.flatMap(({ actors }) => actors).flatMap((actor) => directory.references(actor)))],
    span: {
      start: Math.min(...ofDay.map(({ span }) => span.start)) - mapping.longestSlotMinutes * MINUTE,
      end: Math.max(...ofDay.map(({ span }) => span.end)),
    },
  }))
}

function actorsOf({ directory }: Walk): string[] {
  const actors = [...directory.schedules.values()].flatMap((schedule) => schedule.exclusiveActors)
  return [...new Set(actors.flatMap((actor) => directory.references(actor)))]
}

function uniqueById(appointments: readonly Appointment[]): Appointment[] {
  return [...new Map(appointments.map((appointment) => [appointment.id, appointment])).values()]
}

function lastUpdated(resource: FhirResource): EpochMs {
  return parseInstant(resource.meta?.lastUpdated) ?? 0
}

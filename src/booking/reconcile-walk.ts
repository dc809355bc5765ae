import type { Appointment, FhirResource, Slot } from 'fhir/r4.js'
import type { ClinicMapping } from '../clinic/mapping.ts'
import { appointmentIdOf } from '../fhir/appointment.ts'
import { digestOf } from '../fhir/ids.ts'
import { formatUtc, parseInstant, type EpochMs } from '../fhir/instant.ts'
import { readClaim } from '../fhir/slot-claim.ts'
import { token, type SearchParam } from '../fhir/query.ts'
import { APPOINTMENT_ID_SYSTEM } from '../fhir/vocabulary.ts'
import type { Directory, ScheduleInfo } from '../scheduling/directory.ts'
import { DAY, MINUTE, type Interval } from '../scheduling/interval.ts'
import { spanOf } from '../scheduling/window.ts'
import { BookingError } from './errors.ts'
import { inParts } from './gathering.ts'
import type { PacedEhr } from './paced-ehr.ts'
import type { Queries, Reading } from './ports.ts'
import { lastStart, ofType, search, spanParams, visitsQuery } from './window-queries.ts'

/** What a pass looks at. */
export interface Walk {
  readonly ehr: PacedEhr
  readonly directory: Directory
  readonly mapping: ClinicMapping
  /** Midnight of today at the clinic. */
  readonly today: EpochMs
}

/** What was read together and is judged together. */
export interface Stretch {
  readonly now: EpochMs
  readonly resources: readonly FhirResource[]
  /** Gateway ids of the visits to judge. */
  readonly judged: readonly string[]
  /** Those among them that may exist more than once: they are looked up although one was read. */
  readonly doubled: readonly string[]
  /** For visits that changed: since when. What they were before is looked at too. */
  readonly since?: EpochMs
}

/** Everything that the gateway made, whatever became of it. */
export const OWN: SearchParam = ['identifier', token(APPOINTMENT_ID_SYSTEM, '')]
/** Statuses of a Slot that may carry a claim. */
const BUSY: SearchParam = ['status', ['busy', 'busy-tentative', 'busy-unavailable']]
/** Schedules read together: their Slots at one instant have to fit on a page many times over. */
const SCHEDULES_AT_ONCE = 60
/** A stretch grows while it holds less than this, and is halved where it does not fit on a page. */
const FEW_ROWS = 150
const LONGEST_STRETCH = 28 * DAY

/** Walks all claimed Slots and live visits of today and later, soonest first, in stretches that fit on a page. */
export async function* walkAll(walk: Walk): AsyncGenerator<Stretch> {
  const span = { start: walk.today, end: await endOf(walk) }
  const met = new Set<number>()
  for (const group of inParts([...walk.directory.schedules.values()], SCHEDULES_AT_ONCE)) yield* walkGroup(walk, group, span, met)
}

/**
 * Where the last thing there is has ended: a clinic's horizon can be years, and nearly all of it empty. What begins later, but before
 * that end, may overlap it.
 */
async function endOf({ ehr, mapping, today }: Walk): Promise<EpochMs> {
  const from = `ge${formatUtc(today)}`
  const last = {
    slots: search('Slot', BUSY, ['start', from], ['_sort', '-start']),
    visits: search('Appointment', OWN, ['date', from], ['_sort', '-date']),
  }
  const reading = await ehr.read(last, 1)
  return Math.max(today, lastStart(reading, 'slots'), lastStart(reading, 'visits')) + mapping.longestSlotMinutes * MINUTE
}

async function* walkGroup(walk: Walk, group: readonly ScheduleInfo[], whole: Interval, met: Set<number>): AsyncGenerator<Stretch> {
  let reaching = await reachingIn(walk, group, whole.start)
  let length = DAY
  for (let from = whole.start; from < whole.end;) {
    const span = { start: from, end: Math.min(from + length, whole.end) }
    const reading = await walk.ehr.read(stretchQueries(walk, group, span))
    const until = seenUntil(reading, ['slots', 'visits'], span.end)
    if (until <= from) {
      yield* walkHalves(walk, group, { start: from, end: whole.end }, met)
      return
    }
    const slots = ofType(reading.all('slots'), 'Slot').filter((slot) => isBefore(slot, until))
    const visits = ofType(reading.all('visits'), 'Appointment').filter((visit) => isBefore(visit, until))
    const ids = idsOf(visits)
    const judged = [...ids, ...holdersOf(slots)]
    yield { now: reading.now, resources: [...slots, ...reaching, ...visits], judged, doubled: ids.filter((id) => !isFirst(id, met)) }
    reaching = [...reaching, ...visits].filter((visit) => (spanOf(visit)?.end ?? 0) > until)
    if (until < span.end) length = Math.max(length / 2, MINUTE)
    else if (slots.length + visits.length < FEW_ROWS) length = Math.min(length * 2, LONGEST_STRETCH)
    from = until
  }
}

function stretchQueries({ directory }: Walk, group: readonly ScheduleInfo[], span: Interval): Queries {
  const ofGroup: SearchParam = ['schedule', group.map((schedule) => `Schedule/${schedule.id}`)]
  return {
    slots: search('Slot', ofGroup, BUSY, ...spanParams('start', span), ['_sort', 'start']),
    visits: visitsQuery(directory, group, span),
  }
}

/** Where more begins at one instant than fits on a page, fewer Schedules are read at a time from there on. */
async function* walkHalves(walk: Walk, group: readonly ScheduleInfo[], span: Interval, met: Set<number>): AsyncGenerator<Stretch> {
  if (group.length <= 1) throw tooMuchAtOnce()
  for (const half of inParts(group, Math.ceil(group.length / 2))) yield* walkGroup(walk, half, span, met)
}

/** Visits that began before a moment and last beyond it: they may overlap those that begin then. */
async function reachingIn({ ehr, directory, mapping }: Walk, group: readonly ScheduleInfo[], moment: EpochMs): Promise<Appointment[]> {
  const found: Appointment[] = []
  for (let from = moment - mapping.longestSlotMinutes * MINUTE; from < moment;) {
    const reading = await ehr.read({ visits: visitsQuery(directory, group, { start: from, end: moment }) })
    const until = seenUntil(reading, ['visits'], moment)
    if (until <= from) throw tooMuchAtOnce()
    found.push(...ofType(reading.all('visits'), 'Appointment').filter((visit) => (spanOf(visit)?.end ?? 0) > moment))
    from = until
  }
  return [...new Map(found.map((visit) => [visit.id, visit])).values()]
}

/** Up to where a reading saw everything: an answer that was cut off counts only before the last start in it. */
export function seenUntil(reading: Reading, names: readonly string[], end: EpochMs): EpochMs {
  return Math.min(end, ...names.filter((name) => !reading.isComplete(name)).map((name) => lastStart(reading, name)))
}

/** The gateway's ids of the Appointments that it made. */
export function idsOf(appointments: readonly Appointment[]): string[] {
  return appointments.map(appointmentIdOf).filter((id) => id !== undefined)
}

/** The gateway's ids of the visits that claim the Slots. */
export function holdersOf(slots: readonly Slot[]): string[] {
  return slots.map((slot) => readClaim(slot)?.appointmentId).filter((id) => id !== undefined)
}

/** The refusal to judge a part of what is there. */
export function tooMuchAtOnce(): BookingError {
  return new BookingError(
    'ehr_rejected',
    'More Slots or visits begin at one instant than can be read at once, so they cannot be reconciled.',
  )
}

/** Remembers a few bytes of each id, not the id: a pass meets every visit of the clinic. */
function isFirst(id: string, met: Set<number>): boolean {
  const before = met.size
  return met.add(digestOf(id).readUIntBE(0, 6)).size > before
}

function isBefore(resource: Slot | Appointment, until: EpochMs): boolean {
  const start = parseInstant(resource.start)
  return start !== undefined && start < until
}

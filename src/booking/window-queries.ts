import type { FhirResource, Schedule } from 'fhir/r4.js'
import type { ClinicMapping } from '../clinic/mapping.ts'
import { formatUtc, parseInstant, type EpochMs } from '../fhir/instant.ts'
import { token, type EhrQuery, type SearchParam } from '../fhir/query.ts'
import { APPOINTMENT_ID_SYSTEM } from '../fhir/vocabulary.ts'
import type { Directory, ScheduleInfo } from '../scheduling/directory.ts'
import { MINUTE, type Interval } from '../scheduling/interval.ts'
import { buildWindow, LIVE_STATUSES, type Window } from '../scheduling/window.ts'
import { BookingError } from './errors.ts'
import type { Queries, Reading } from './ports.ts'

/** The Slots of the Schedules that begin in the span, soonest first. */
export function slotsQuery(schedules: readonly ScheduleInfo[], span: Interval): EhrQuery {
  return search('Slot', ['schedule', schedules.map((schedule) => `Schedule/${schedule.id}`)], ...spanParams('start', span), [
    '_sort',
    'start',
  ])
}

/** The live Appointments of the Schedules' exclusive actors that begin in the span, soonest first. */
export function visitsQuery(directory: Directory, schedules: readonly ScheduleInfo[], span: Interval): EhrQuery {
  return search('Appointment', ['actor', actorReferences(directory, schedules)], ...spanParams('date', span), liveStatuses(), [
    '_sort',
    'date',
  ])
}

/** The window widened to the past by the longest Slot, because FHIR finds things by start only. */
export function lookBack(span: Interval, mapping: ClinicMapping): Interval {
  return { start: span.start - mapping.longestSlotMinutes * MINUTE, end: span.end }
}

/**
 * Everything that decides about a claim on one of the Schedules in a span: its Slots and those of its siblings,
 * the visits of its actors, and those actors' Schedules anew, because the directory may be a minute old.
 */
export function claimQueries(directory: Directory, schedules: readonly ScheduleInfo[], span: Interval, mapping: ClinicMapping): Queries {
  if (schedules.length === 0) throw new BookingError('slot_taken', 'That time is no longer offered: its Schedule is gone from the EHR.')
  const siblings = unique(schedules.flatMap((schedule) => directory.siblings(schedule)))
  const actors = actorReferences(directory, schedules)
  const practitioners = actors.filter((actor) => actor.startsWith('Practitioner/'))
  // A visit after the span can reach into it with its buffer; it is read too, so that every claim in the span has its Appointment.
  const reach = Math.max(...mapping.visitTypes.map((type) => type.bufferBeforeMinutes)) * MINUTE
  return {
    slots: slotsQuery(siblings, lookBack(span, mapping)),
    visits: visitsQuery(directory, schedules, lookBack({ start: span.start, end: span.end + reach }, mapping)),
    schedules: search('Schedule', ['actor', actors]),
    ...(directory.usesRoles &&
      practitioners.length > 0 && {
        roleSchedules: search('Schedule', ['actor:PractitionerRole.practitioner', practitioners]),
      }),
  }
}

/**
 * The window of a reading of `claimQueries`.
 * @throws BookingError `ehr_rejected` when not everything came: half a window must not decide about a claim
 */
export function readClaimWindow(reading: Reading, directory: Directory): Window {
  const cut = ['slots', 'visits', 'schedules', 'roleSchedules', 'patientVisits'].find((name) => !reading.isComplete(name))
  if (cut !== undefined)
    throw new BookingError(
      'ehr_rejected',
      `More ${cut} around that time than can be read at once. The clinic's longestSlotMinutes may be too large.`,
    )
  return readWindow(reading, directory)
}

/** The window of two named queries, as far as they were answered. */
export function readWindow(reading: Reading, directory: Directory, slotName = 'slots', visitName = 'visits'): Window {
  return buildWindow(reading.now, directory, ofType(reading.all(slotName), 'Slot'), ofType(reading.all(visitName), 'Appointment'))
}

/** Whether the Schedules just read differ from the directory, which then has to be read anew before anything is decided. */
export function isDirectoryStale(reading: Reading, directory: Directory, schedules: readonly ScheduleInfo[]): boolean {
  const fresh = new Map<string, Schedule>()
  for (const schedule of ofType([...reading.all('schedules'), ...reading.all('roleSchedules')], 'Schedule'))
    fresh.set(schedule.id ?? '', schedule)
  const expected = unique(schedules.flatMap((schedule) => directory.siblings(schedule)))
  const known = [...fresh.values()].every((schedule) => directory.schedules.get(schedule.id ?? '')?.version === schedule.meta?.versionId)
  return !known || !expected.every((schedule) => fresh.has(schedule.id))
}

/** The Appointment with the gateway's id; with the Slots it claims where `withSlots` asks for them. */
export function appointmentQuery(appointmentId: string, withSlots: boolean): EhrQuery {
  const includes: SearchParam[] = [
    ['_include', 'Appointment:slot'],
    ['_include', 'Appointment:supporting-info:Slot'],
  ]
  return search('Appointment', ['identifier', token(APPOINTMENT_ID_SYSTEM, appointmentId)], ...(withSlots ? includes : []))
}

/** The latest start in what a query of `_sort=start` or `_sort=date` found: where it was cut off, everything before that was seen. */
export function lastStart(reading: Reading, name: string): EpochMs {
  const starts = reading
    .all(name)
    .map((resource) => ('start' in resource && typeof resource.start === 'string' ? parseInstant(resource.start) : undefined))
  return Math.max(0, ...starts.filter((start) => start !== undefined))
}

/** Narrows resources to one type. */
export function ofType<T extends FhirResource['resourceType']>(
  resources: readonly FhirResource[],
  type: T,
): Extract<FhirResource, { resourceType: T }>[] {
  return resources.filter((resource): resource is Extract<FhirResource, { resourceType: T }> => resource.resourceType === type)
}

/** Builds a search query. */
export function search(type: 'Slot' | 'Appointment' | 'Schedule' | 'Basic' | 'AuditEvent', ...params: SearchParam[]): EhrQuery {
  return { kind: 'search', type, params }
}

/** From a span's start (inclusive) to its end (exclusive), as two search parameters. */
export function spanParams(name: 'start' | 'date', span: Interval): SearchParam[] {
  return [
    [name, `ge${formatUtc(span.start)}`],
    [name, `lt${formatUtc(span.end)}`],
  ]
}

/** Only Appointments that keep their actors busy. */
export function liveStatuses(): SearchParam {
  return ['status', LIVE_STATUSES]
}

function actorReferences(directory: Directory, schedules: readonly ScheduleInfo[]): string[] {
  return unique(schedules.flatMap((schedule) => schedule.exclusiveActors).flatMap((actor) => directory.references(actor)))
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}

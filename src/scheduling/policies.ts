import type { Appointment, Slot } from 'fhir/r4.js'
import type { ClinicMapping, VisitType } from '../clinic/mapping.ts'
import { appointmentIdOf, visitTypeOf } from '../fhir/appointment.ts'
import { hasCoding } from '../fhir/codings.ts'
import type { EpochMs } from '../fhir/instant.ts'
import type { ScheduleInfo } from './directory.ts'
import { DAY, MINUTE, overlaps, type Interval } from './interval.ts'
import { isExpiredHold, LIVE_STATUSES, spanOf } from './window.ts'

/** Rules of the clinic that can refuse a request although the time is free; the `policy` of a 422 `policy_refused`. */
export type Policy =
  | 'past'
  | 'notice'
  | 'horizon'
  | 'provider_not_for_type'
  | 'not_bookable'
  | 'booked_elsewhere'
  | 'visit_type'
  | 'too_many_holds'
  | 'patient_busy'
  | 'same_type_too_soon'
  | 'managed_by_clinic'

/** Whether a start may be asked for now: not past, with enough notice, within the horizon. */
export function timePolicy(start: EpochMs, now: EpochMs, type: VisitType): Policy | undefined {
  if (start <= now) return 'past'
  if (start < now + type.noticeMinutes * MINUTE) return 'notice'
  if (start > now + type.horizonDays * DAY) return 'horizon'
  return undefined
}

/** Whether the clinic lets the gateway book the type at all. */
export function typePolicy(type: VisitType): Policy | undefined {
  if (type.portal) return 'booked_elsewhere'
  return type.bookable ? undefined : 'not_bookable'
}

/** Whether this Slot serves the visit type: every list of the mapping that is not empty is met by the Slot or, where it is silent, by its Schedule. */
export function servesType(slot: Slot, schedule: ScheduleInfo, type: VisitType): boolean {
  const { match } = type
  const of = schedule.resource
  return (
    offersType(schedule, type) &&
    meets(match.serviceType, slot.serviceType ?? of.serviceType) &&
    meets(match.specialty, slot.specialty ?? of.specialty) &&
    meets(match.appointmentType, slot.appointmentType && [slot.appointmentType])
  )
}

/** Whether the Schedule can have Slots of the visit type at all: it is active, listed, and its provider offers the type. */
export function offersType(schedule: ScheduleInfo, type: VisitType): boolean {
  const { schedules } = type.match
  if (!schedule.active || (schedules.length > 0 && !schedules.includes(`Schedule/${schedule.id}`))) return false
  return (
    type.providers === undefined || (schedule.provider !== undefined && type.providers.includes(`Practitioner/${schedule.provider.id}`))
  )
}

function meets(tokens: readonly string[], concepts: Parameters<typeof hasCoding>[0] | undefined): boolean {
  return tokens.length === 0 || hasCoding(concepts ?? [], tokens)
}

/** What a patient wants, and what he already has. */
export interface PatientRequest {
  readonly visit: Interval
  readonly type: VisitType
  readonly asHold: boolean
  /** The Appointment that is being confirmed or moved; it does not stand in its own way. */
  readonly self?: string
  readonly existing: readonly Appointment[]
}

/** Rules about the patient's other appointments. The caller passes the live ones it read in the same round trip. */
export function patientPolicy(request: PatientRequest, mapping: ClinicMapping, now: EpochMs): Policy | undefined {
  const others = request.existing.filter(
    (appointment) =>
      LIVE_STATUSES.includes(appointment.status) &&
      !isExpiredHold(appointment, now) &&
      (request.self === undefined || appointmentIdOf(appointment) !== request.self),
  )
  const spans = others.map((appointment) => ({ appointment, span: spanOf(appointment) }))
  if (spans.some(({ span }) => span && overlaps(span, request.visit))) return 'patient_busy'
  const gap = request.type.minDaysBetween * DAY
  const near = (span: Interval | undefined): boolean => span !== undefined && Math.abs(span.start - request.visit.start) < gap
  if (spans.some(({ appointment, span }) => visitTypeOf(appointment) === request.type.code && near(span))) return 'same_type_too_soon'
  const holds = others.filter((appointment) => appointment.status === 'pending' && appointmentIdOf(appointment) !== undefined)
  return request.asHold && holds.length >= mapping.holds.perPatient ? 'too_many_holds' : undefined
}

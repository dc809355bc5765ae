import type { Appointment } from 'fhir/r4.js'
import type { EpochMs } from '../fhir/instant.ts'
import { isExpiredHold, spanOf } from '../scheduling/window.ts'
import type { BookingDeps } from './deps.ts'
import { BookingError } from './errors.ts'
import { existingQuery, readExisting, type ExistingRequest } from './existing-appointment.ts'
import type { Call } from './ports.ts'
import { patientVisitsQuery } from './patient-queries.ts'
import { ofType } from './window-queries.ts'

/** An Appointment and the moment it was read. */
export interface ReadAppointment {
  readonly appointment: Appointment
  readonly now: EpochMs
}

/**
 * Reads one Appointment or hold that the caller may see.
 * @throws BookingError `not_found` for an unknown and for a foreign one alike, `ehr_unavailable`
 */
export async function readAppointment(deps: BookingDeps, request: ExistingRequest, call: Call): Promise<ReadAppointment> {
  const reading = await deps.ehr.batch({ appointment: existingQuery(request, false) }, call)
  return { appointment: readExisting(reading, request), now: reading.now }
}

/** A list longer than this is refused rather than cut silently. */
const MOST = 100

/**
 * The patient's upcoming holds and visits, also those the clinic made itself, soonest first.
 * @throws BookingError `ehr_unavailable`; `ehr_rejected` when there are more than can be shown
 */
export async function listAppointments(
  deps: BookingDeps,
  patient: string,
  call: Call,
): Promise<{ appointments: Appointment[]; now: EpochMs }> {
  const day = 24 * 60 * 60_000
  const reading = await deps.ehr.batch({ visits: patientVisitsQuery(patient, Date.now() - day) }, call, MOST)
  if (!reading.isComplete('visits'))
    throw new BookingError('ehr_rejected', `The patient has more than ${MOST} upcoming appointments. Ask staff.`)
  const upcoming = ofType(reading.all('visits'), 'Appointment').filter(
    (appointment) => (spanOf(appointment)?.end ?? 0) > reading.now && !isExpiredHold(appointment, reading.now),
  )
  return { appointments: upcoming, now: reading.now }
}

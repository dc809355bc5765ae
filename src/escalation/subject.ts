import { appointmentIdOf, patientOf } from '../fhir/appointment.ts'
import type { TaskFocus } from '../fhir/task.ts'
import { readExisting } from '../booking/existing-appointment.ts'
import type { Reading } from '../booking/ports.ts'
import { ofType } from '../booking/window-queries.ts'
import type { EscalationRequest } from './ports.ts'

/** Whom and what an escalation is about. */
export interface Subject {
  readonly patient?: string
  readonly focus?: TaskFocus
}

/**
 * The visit and the patient of a request, as far as the EHR has them. The gateway's own escalations may be about a visit that
 * was never made; then its id alone stands in the Task.
 * @throws BookingError `not_found` when a caller names a visit that is unknown or somebody else's
 */
export function subjectOf(request: EscalationRequest, reading: Reading): Subject {
  const { appointmentId, caller } = request
  const [appointment] = ofType(reading.all('appointment'), 'Appointment')
  if (caller && appointmentId !== undefined) readExisting(reading, { caller, appointmentId, what: 'appointment' })
  const patient = request.patient ?? (appointment && patientOf(appointment))
  const known = appointment ? appointmentIdOf(appointment) : appointmentId
  const focus: TaskFocus = {
    ...(appointment?.id !== undefined && { reference: `Appointment/${appointment.id}` }),
    ...(known !== undefined && { appointmentId: known }),
  }
  return { ...(patient !== undefined && { patient }), ...((appointment ?? known) !== undefined && { focus }) }
}

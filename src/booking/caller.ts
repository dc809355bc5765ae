import type { Appointment } from 'fhir/r4.js'
import { clientOf, patientOf } from '../fhir/appointment.ts'
import { BookingError, notFound } from './errors.ts'
import type { Queries, Reading } from './ports.ts'

/** Who asks, and for whom. */
export interface Caller {
  readonly clientId: string
  /** `Patient/<id>` from a patient token, or named by a client that may act for any patient. */
  readonly patient?: string
  /** Scope `patients:any`. */
  readonly anyPatient: boolean
}

/**
 * Lets the caller at an Appointment: its own patient's, any patient's with that scope,
 * or a hold without patient that the same client made.
 * @throws BookingError `not_found` otherwise
 */
export function assertMayAccess(appointment: Appointment, caller: Caller, what: 'hold' | 'appointment'): void {
  const patient = patientOf(appointment)
  const allowed =
    patient === undefined
      ? clientOf(appointment) === caller.clientId
      : caller.patient === patient || (caller.anyPatient && caller.patient === undefined)
  if (!allowed) throw notFound(what, true)
}

/** A patient that a client names itself may be invented; he is read along. One from a token was looked up before. */
export function namedPatientQuery(caller: Caller): Queries {
  const { patient, anyPatient } = caller
  return anyPatient && patient !== undefined
    ? { namedPatient: { kind: 'read', type: 'Patient', id: patient.slice('Patient/'.length) } }
    : {}
}

/** @throws BookingError `invalid_request` when the named patient is not in the EHR */
export function assertNamedPatientExists(reading: Reading, caller: Caller): void {
  if ('namedPatient' in namedPatientQuery(caller) && reading.all('namedPatient').length === 0) {
    throw new BookingError('invalid_request', 'There is no such Patient in the EHR. Send the id of an existing one.', { path: 'patient' })
  }
}

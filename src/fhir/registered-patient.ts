import type { AuditEvent, Bundle, Patient } from 'fhir/r4.js'
import { digestOf, toBase32 } from './ids.ts'
import { token } from './query.ts'
import { REGISTRATION_ID_SYSTEM } from './vocabulary.ts'

/** What a new patient is registered with. */
export interface NewPatient {
  readonly familyName: string
  readonly givenName: string
  /** `YYYY-MM-DD` */
  readonly birthDate: string
  readonly phone?: string | undefined
  readonly email?: string | undefined
}

/** `urn:uuid:` of the entry that creates the Patient, for references within the transaction. */
export const NEW_PATIENT = 'urn:uuid:7b1f5c0e-93a4-4d57-8a39-0e2f6d1c5b84'

/**
 * `Patient.identifier` of a registration: the same person, however the name is written, always has the same.
 * @param names family and given name in a form without case, accents and signs
 */
export function registrationId(names: readonly string[], birthDate: string): string {
  return `reg-${toBase32(digestOf('registration', ...names, birthDate).subarray(0, 15))}`
}

/** A Patient with as little as a registration needs. */
export function buildPatient(input: NewPatient, id: string): Patient {
  const telecom = [
    ...(input.phone === undefined ? [] : [{ system: 'phone' as const, value: input.phone }]),
    ...(input.email === undefined ? [] : [{ system: 'email' as const, value: input.email }]),
  ]
  return {
    resourceType: 'Patient',
    identifier: [{ system: REGISTRATION_ID_SYSTEM, value: id }],
    active: true,
    name: [{ family: input.familyName, given: [input.givenName] }],
    telecom,
    birthDate: input.birthDate,
  }
}

/** Whether the gateway has registered this Patient under the id. */
export function isRegistration(patient: Patient, id: string): boolean {
  return patient.identifier?.some(({ system, value }) => system === REGISTRATION_ID_SYSTEM && value === id) ?? false
}

/** The transaction that registers somebody once: the AuditEvent is create-only, and the Patient is created with `If-None-Exist` beside it. */
export function registration(patient: Patient, id: string, event: AuditEvent): Bundle {
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { resource: event, request: { method: 'PUT', url: `AuditEvent/${event.id ?? ''}`, ifMatch: 'W/"0"' } },
      {
        fullUrl: NEW_PATIENT,
        resource: patient,
        request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${encodeURIComponent(token(REGISTRATION_ID_SYSTEM, id))}` },
      },
    ],
  }
}

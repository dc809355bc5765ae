import type { Caller } from '../booking/caller.ts'
import { BookingError } from '../booking/errors.ts'
import type { Call } from '../booking/ports.ts'
import type { Client } from '../config.ts'
import type { PatientTokens } from '../intake/patient-token.ts'

/** One request at a door, whichever door it is: who asks, for whom, and under which key. */
export interface Asking {
  readonly client: Client
  readonly call: Call
  /** What the client calls the conversation, where it says so; only digests of it are kept. */
  readonly conversation?: string | undefined
  /** `patient_token` of an intake. */
  readonly patientToken?: string | undefined
  /** `Patient/<id>`, for clients with scope `patients:any`. */
  readonly patient?: string | undefined
  /** The idempotency key. */
  readonly key?: string | undefined
  /** `Appointment.meta.versionId` that the caller has seen. */
  readonly expectedVersion?: string | undefined
}

/**
 * Who asks, and for whom.
 * @throws BookingError `patient_required` for a token that does not open, `forbidden` for a named patient without the scope
 */
export async function callerOf(asking: Asking, tokens: PatientTokens): Promise<Caller> {
  const { client, patientToken, patient: named } = asking
  const anyPatient = client.scopes.includes('patients:any')
  if (named !== undefined && !anyPatient) {
    throw new BookingError('forbidden', 'Naming a patient needs scope patients:any. Send patient_token from POST /intake instead.', {
      denied: true,
    })
  }
  if (named !== undefined && !/^Patient\/[A-Za-z0-9\-.]{1,64}$/.test(named))
    throw new BookingError('invalid_request', 'Write a patient as "Patient/<id>".', { path: 'patient' })
  const verified = patientToken === undefined ? undefined : await readToken(patientToken, client, tokens)
  if (verified !== undefined && named !== undefined && verified !== named) {
    throw new BookingError('invalid_request', 'patient and patient_token name different patients. Send one of them.', { path: 'patient' })
  }
  const patient = verified ?? named
  return { clientId: client.id, anyPatient, ...(patient !== undefined && { patient }) }
}

/** Only callers that can name a patient get past: an Appointment always belongs to one. */
export async function patientCallerOf(asking: Asking, tokens: PatientTokens): Promise<Caller> {
  const caller = await callerOf(asking, tokens)
  if (caller.patient === undefined && !caller.anyPatient) {
    throw new BookingError('patient_required', 'Send the patient_token from POST /intake (header X-Patient-Token on GET and DELETE).')
  }
  return caller
}

async function readToken(token: string, client: Client, tokens: PatientTokens): Promise<string> {
  const patient = await tokens.read(token, client.id)
  if (patient === undefined)
    throw new BookingError('patient_required', 'patient_token is expired or was not issued to this client. Call POST /intake again.')
  return patient
}

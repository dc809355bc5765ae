import type { Span } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import { newCall } from '../booking/call.ts'
import type { Caller } from '../booking/caller.ts'
import { BookingError } from '../booking/errors.ts'
import type { Call } from '../booking/ports.ts'
import type { Client } from '../config.ts'
import type { PatientTokens } from '../intake/patient-token.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The authenticated client; set before any handler runs. */
    client: Client | undefined
    call: Call | undefined
    errorCode: string | undefined
    span: Span | undefined
  }
}

/** The client of a request. */
export function clientOf(request: FastifyRequest): Client {
  if (!request.client) throw new BookingError('unauthenticated', 'Send Authorization: Bearer <client key>.')
  return request.client
}

/** The call of a request; made once, so that its deadline counts from the start. */
export function callOf(request: FastifyRequest): Call {
  request.call ??= newCall(request.id, request.client?.id ?? 'anonymous')
  return request.call
}

/** Fields by which a request names its patient. */
export interface PatientFields {
  readonly patient_token?: string | undefined
  readonly patient?: string | undefined
}

/**
 * Who asks and for whom: from the body where there is one, otherwise from `X-Patient-Token` (or `X-Patient` for scope `patients:any`).
 * @throws BookingError `patient_required` for a token that does not open, `forbidden` for a named patient without the scope
 */
export async function callerOf(request: FastifyRequest, tokens: PatientTokens, body: PatientFields = {}): Promise<Caller> {
  const client = clientOf(request)
  const anyPatient = client.scopes.includes('patients:any')
  const token = body.patient_token ?? header(request, 'x-patient-token')
  const named = body.patient ?? header(request, 'x-patient')
  if (named !== undefined && !anyPatient) {
    throw new BookingError('forbidden', 'Naming a patient needs scope patients:any. Send patient_token from POST /intake instead.', {
      denied: true,
    })
  }
  if (named !== undefined && !/^Patient\/[A-Za-z0-9\-.]{1,64}$/.test(named))
    throw new BookingError('invalid_request', 'Write a patient as "Patient/<id>".', { path: 'patient' })
  const verified = token === undefined ? undefined : await readToken(token, client, tokens)
  if (verified !== undefined && named !== undefined && verified !== named) {
    throw new BookingError('invalid_request', 'patient and patient_token name different patients. Send one of them.', { path: 'patient' })
  }
  const patient = verified ?? named
  return { clientId: client.id, anyPatient, ...(patient !== undefined && { patient }) }
}

async function readToken(token: string, client: Client, tokens: PatientTokens): Promise<string> {
  const patient = await tokens.read(token, client.id)
  if (patient === undefined)
    throw new BookingError('patient_required', 'patient_token is expired or was not issued to this client. Call POST /intake again.')
  return patient
}

/** Only callers that can name a patient get past: an Appointment always belongs to one. */
export function requirePatient(caller: Caller): Caller {
  if (caller.patient === undefined && !caller.anyPatient) {
    throw new BookingError('patient_required', 'Send the patient_token from POST /intake (header X-Patient-Token on GET and DELETE).')
  }
  return caller
}

/** The idempotency key: `Idempotency-Key` header (RFC 8941 string or bare) or the body's field. */
export function idempotencyKeyOf(request: FastifyRequest, body: { idempotency_key?: string | undefined } = {}): string | undefined {
  const raw = header(request, 'idempotency-key')
  const fromHeader = raw === undefined ? undefined : unquote(raw)
  if (fromHeader !== undefined && !/^[\x20-\x7e]{1,255}$/.test(fromHeader)) {
    throw new BookingError('invalid_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters.', { path: 'Idempotency-Key' })
  }
  if (fromHeader !== undefined && body.idempotency_key !== undefined && fromHeader !== body.idempotency_key) {
    throw new BookingError('invalid_request', 'Idempotency-Key and idempotency_key differ. Send one of them.', { path: 'idempotency_key' })
  }
  return fromHeader ?? body.idempotency_key
}

/** The version the caller has seen: body field or `If-Match` (`"3"`, `W/"3"` or bare). */
export function expectedVersionOf(request: FastifyRequest, body: { expected_version?: string | number | undefined }): string | undefined {
  const inBody = body.expected_version === undefined ? undefined : String(body.expected_version)
  const raw = header(request, 'if-match')
  return raw === undefined || raw === '*' ? inBody : unquote(raw.replace(/^W\//, ''))
}

function unquote(text: string): string {
  const match = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text.trim())
  return match?.[1] === undefined ? text.trim() : match[1].replace(/\\(["\\])/g, '$1')
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

import type { Span } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import { newCall } from '../booking/call.ts'
import { BookingError } from '../booking/errors.ts'
import type { Call } from '../booking/ports.ts'
import type { Client } from '../config.ts'
import type { Asking } from '../desk/asking.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The authenticated client; set before any handler runs. */
    client: Client | undefined
    call: Call | undefined
    errorCode: string | undefined
    /** The tool that was called, and what came out; of the doors for language models. */
    toolCall: { readonly tool: string; readonly outcome: string } | undefined
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

/** Fields of a body or query that say what headers may say too. */
export interface AskingFields {
  readonly patient_token?: string | undefined
  readonly patient?: string | undefined
  readonly idempotency_key?: string | undefined
  readonly expected_version?: string | number | undefined
}

/**
 * Who asks: from the body where there is one, otherwise from headers (`X-Patient-Token`, `X-Patient`, `Idempotency-Key`, `If-Match`).
 * @throws BookingError `invalid_request` for a key that is malformed, and where header and body say different things
 */
export function askingOf(request: FastifyRequest, fields: AskingFields = {}): Asking {
  return {
    client: clientOf(request),
    call: callOf(request),
    conversation: header(request, 'x-conversation-id'),
    patientToken: either(request, 'X-Patient-Token', 'patient_token', fields.patient_token),
    patient: either(request, 'X-Patient', 'patient', fields.patient),
    key: idempotencyKeyOf(request, fields.idempotency_key),
    expectedVersion: expectedVersionOf(request, fields.expected_version),
  }
}

/** What a header or a field says; nobody could tell which of two patients is meant. */
function either(request: FastifyRequest, name: string, field: string, given: string | undefined): string | undefined {
  const inHeader = header(request, name.toLowerCase())
  if (inHeader !== undefined && given !== undefined && inHeader !== given)
    throw new BookingError('invalid_request', `${name} and ${field} differ. Send one of them.`, { path: field })
  return given ?? inHeader
}

/** `Idempotency-Key` (RFC 8941 string or bare), or the body's field. */
function idempotencyKeyOf(request: FastifyRequest, inBody: string | undefined): string | undefined {
  const raw = header(request, 'idempotency-key')
  const fromHeader = raw === undefined ? undefined : unquote(raw)
  if (fromHeader !== undefined && !/^[\x20-\x7e]{1,255}$/.test(fromHeader)) {
    throw new BookingError('invalid_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters.', { path: 'Idempotency-Key' })
  }
  if (fromHeader !== undefined && inBody !== undefined && fromHeader !== inBody) {
    throw new BookingError('invalid_request', 'Idempotency-Key and idempotency_key differ. Send one of them.', { path: 'idempotency_key' })
  }
  return fromHeader ?? inBody
}

/** The version the caller has seen: body field or `If-Match` (`"3"`, `W/"3"` or bare). */
function expectedVersionOf(request: FastifyRequest, field: string | number | undefined): string | undefined {
  const raw = header(request, 'if-match')
  if (raw !== undefined && raw !== '*') return unquote(raw.replace(/^W\//, ''))
  return field === undefined ? undefined : String(field)
}

function unquote(text: string): string {
  const match = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text.trim())
  return match?.[1] === undefined ? text.trim() : match[1].replace(/\\(["\\])/g, '$1')
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

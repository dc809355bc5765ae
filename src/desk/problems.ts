import type { ErrorCode, ErrorExtras } from '../booking/errors.ts'
import type { NextAction } from '../booking/messages.ts'

/** What each error code means over HTTP. Leaving a code out does not compile. */
interface CodeMeaning {
  readonly status: number
  readonly title: string
  /** One sentence the chatbot may speak. */
  readonly message: string
  readonly retryable: boolean
  readonly level: 'info' | 'warn' | 'error'
  readonly nextActions: readonly NextAction[]
}

const ASK_AGAIN = 'Sorry, something in that request was not right. Let me try again.'

export const CODES: Readonly<Record<ErrorCode, CodeMeaning>> = {
  invalid_request: { status: 400, title: 'The request is not valid', message: ASK_AGAIN, retryable: false, level: 'info', nextActions: [] },
  invalid_slot_id: {
    status: 400,
    title: 'The slot_id was not issued here',
    message: 'Sorry, I lost track of that time. Let me look again.',
    retryable: false,
    level: 'info',
    nextActions: ['find_availability'],
  },
  unauthenticated: {
    status: 401,
    title: 'No valid client key',
    message: 'Sorry, I cannot reach the clinic right now.',
    retryable: false,
    level: 'warn',
    nextActions: [],
  },
  forbidden: {
    status: 403,
    title: 'The client key lacks the scope',
    message: 'Sorry, I cannot do that here. The staff can help.',
    retryable: false,
    level: 'warn',
    nextActions: ['contact_staff'],
  },
  patient_required: {
    status: 403,
    title: 'A verified patient is required',
    message: 'Before that I need to check who you are.',
    retryable: false,
    level: 'info',
    nextActions: ['start_intake'],
  },
  not_found: {
    status: 404,
    title: 'Not found',
    message: 'Sorry, I cannot find that.',
    retryable: false,
    level: 'info',
    nextActions: ['list_appointments', 'find_availability'],
  },
  slot_taken: {
    status: 409,
    title: 'The time is no longer free',
    message: 'Sorry, that time was just taken.',
    retryable: false,
    level: 'info',
    nextActions: ['hold_slot', 'find_availability'],
  },
  invalid_transition: {
    status: 409,
    title: 'Not possible in its current state',
    message: 'Sorry, that is not possible for this visit any more.',
    retryable: false,
    level: 'info',
    nextActions: ['read_appointment', 'find_availability'],
  },
  hold_expired: {
    status: 410,
    title: 'The hold has run out',
    message: 'Sorry, I could not keep that time any longer. Let me see whether it is still free.',
    retryable: false,
    level: 'info',
    nextActions: ['hold_slot', 'find_availability'],
  },
  version_mismatch: {
    status: 412,
    title: 'The appointment has changed',
    message: 'The visit has changed in the meantime. Let me look at it again.',
    retryable: false,
    level: 'info',
    nextActions: ['read_appointment'],
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The idempotency key was used for another request',
    message: ASK_AGAIN,
    retryable: false,
    level: 'info',
    nextActions: ['new_idempotency_key'],
  },
  policy_refused: {
    status: 422,
    title: 'A rule of the clinic forbids it',
    message: 'Sorry, the clinic does not allow that online. Another time may work.',
    retryable: false,
    level: 'info',
    nextActions: ['find_availability', 'escalate', 'contact_staff'],
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    message: 'One moment, please.',
    retryable: true,
    level: 'warn',
    nextActions: ['repeat_request'],
  },
  ehr_rejected: {
    status: 502,
    title: 'The EHR refused the change',
    message: 'Sorry, the clinic has to do that by hand. Please call them.',
    retryable: false,
    level: 'error',
    nextActions: ['contact_staff'],
  },
  ehr_unavailable: {
    status: 503,
    title: 'The EHR does not answer',
    message: 'Sorry, I cannot reach the schedule right now. Nothing was booked; let me try again in a moment.',
    retryable: true,
    level: 'warn',
    nextActions: ['repeat_request', 'contact_staff'],
  },
  contention: {
    status: 503,
    title: 'Lost to other writes, the time is still free',
    message: 'One moment, many people are booking right now. Let me try again.',
    retryable: true,
    level: 'warn',
    nextActions: ['repeat_request'],
  },
  internal: {
    status: 500,
    title: 'A fault in the gateway',
    message: 'Sorry, something went wrong on our side. Please call the clinic.',
    retryable: false,
    level: 'error',
    nextActions: ['contact_staff'],
  },
}

/** An error body, `application/problem+json` (RFC 9457). */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
  readonly next_actions: readonly NextAction[]
  readonly [extra: string]: unknown
}

/** Builds the error body of a code. `status` deviates from the table only for HTTP's own refusals (404 route, 405, 413, 415). */
export function problem(code: ErrorCode, detail: string, extras: ErrorExtras = {}, status = CODES[code].status): Problem {
  const meaning = CODES[code]
  return {
    type: `urn:fhir-scheduling-gateway:problem:${code}`,
    title: meaning.title,
    status,
    detail,
    code,
    message: extras.spoken ?? meaning.message,
    retryable: meaning.retryable,
    next_actions: meaning.nextActions,
    ...(extras.policy !== undefined && { policy: extras.policy }),
    ...(extras.path !== undefined && { path: extras.path }),
    ...(extras.escalationId !== undefined && { escalation_id: extras.escalationId }),
    ...(code === 'slot_taken' && { alternatives: extras.alternatives ?? [] }),
  }
}

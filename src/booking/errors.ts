import type { Policy } from '../scheduling/policies.ts'
import type { ShownOffer } from './shown.ts'

/** Every code a caller can meet. HTTP status, retryability and log level of each stand in one table in `http/`. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_slot_id'
  | 'unauthenticated'
  | 'forbidden'
  | 'patient_required'
  | 'not_found'
  | 'slot_taken'
  | 'invalid_transition'
  | 'hold_expired'
  | 'version_mismatch'
  | 'idempotency_key_reused'
  | 'policy_refused'
  | 'rate_limited'
  | 'ehr_rejected'
  | 'ehr_unavailable'
  | 'contention'
  | 'internal'

/** What an error can carry besides its code and detail. */
export interface ErrorExtras {
  readonly policy?: Policy
  readonly alternatives?: readonly ShownOffer[]
  readonly retryAfterSeconds?: number
  /** The request's field that is wrong, e.g. `slot_id`. */
  readonly path?: string
  /** A denial worth an AuditEvent: something exists, but not for this caller. */
  readonly denied?: boolean
  /** For `ehr_unavailable`: the server answers and was found unfit for safe booking. Waiting does not help. */
  readonly unfit?: boolean
  /** The Task that puts it in front of a person. */
  readonly escalationId?: string
  /** What to tell the patient instead of the code's own sentence. */
  readonly spoken?: string
  /**
   * It rests on the clock, or on something that the request would not write: an earlier send of the same request, which passed before,
   * would still find everything at the version it has read.
   */
  readonly mayStillLand?: boolean
}

/** The one error of the gateway's actions. `detail` is for the developer: what is wrong and what to do; never patient data. */
export class BookingError extends Error {
  override readonly name = 'BookingError'
  readonly code: ErrorCode
  readonly extras: ErrorExtras

  constructor(code: ErrorCode, detail: string, extras: ErrorExtras = {}) {
    super(detail)
    this.code = code
    this.extras = extras
  }
}

/** The EHR did not say whether a write took effect. Not a failure: the caller gets 202 and an operation to ask about. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'
  readonly receiptId: string

  constructor(receiptId: string) {
    super('the outcome of the write is not known yet')
    this.receiptId = receiptId
  }
}

/** The EHR is down, and the change was accepted: it is made as soon as the EHR is back. The caller gets 202 and an operation to ask about. */
export class Deferred extends Error {
  override readonly name = 'Deferred'
  readonly receiptId: string

  constructor(receiptId: string) {
    super('the change was accepted and is made later')
    this.receiptId = receiptId
  }
}

/** The answer for an id that is unknown and for one that is somebody else's: the same, so that ids cannot be probed. */
export function notFound(what: 'hold' | 'appointment' | 'operation', denied = false): BookingError {
  return new BookingError(
    'not_found',
    `No such ${what} for this client and patient. Use an id from an earlier answer, with the patient it belongs to.`,
    { denied },
  )
}

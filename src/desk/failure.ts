import { BookingError, Deferred, OutcomeUnknown } from '../booking/errors.ts'
import type { NextAction } from '../booking/messages.ts'
import type { Call } from '../booking/ports.ts'
import type { Gateway } from './gateway.ts'
import type { OperationKind } from './operation-id.ts'

/** Not failed: the EHR did not say what became of the write, or it is down and the change was accepted for later. */
export interface Pending {
  readonly operation_id: string
  readonly state: 'pending'
  readonly message: string
  readonly next_actions: readonly NextAction[]
}

/** How it is recorded that something is pending. */
export type PendingCode = 'accepted' | 'outcome_unknown'

/** When asking about an operation makes sense, in seconds, unless the EHR has said something else. */
const ASK_AGAIN_SECONDS = 5

const PENDING: Readonly<Record<OperationKind, string>> = {
  unknown: 'I am still waiting for the clinic to confirm that. Let me check again in a moment.',
  deferred: 'I cannot reach the clinic right now. I have taken your request down, and it will be done as soon as the clinic answers.',
}

/** What to say of an error that means "not known yet"; `undefined` for any other. */
export function pendingOf(
  error: unknown,
  gateway: Gateway,
  clientId: string,
): { body: Pending; code: PendingCode; retryAfterSeconds: number } | undefined {
  if (!(error instanceof OutcomeUnknown || error instanceof Deferred)) return undefined
  const kind = error instanceof Deferred ? 'deferred' : 'unknown'
  return {
    body: {
      operation_id: gateway.operationIds.make(error.receiptId, clientId, Date.now(), kind),
      state: 'pending',
      message: PENDING[kind],
      next_actions: ['check_operation', 'repeat_request'],
    },
    code: kind === 'deferred' ? 'accepted' : 'outcome_unknown',
    retryAfterSeconds: (error instanceof OutcomeUnknown ? error.retryAfterSeconds : undefined) ?? ASK_AGAIN_SECONDS,
  }
}

/** Leaves an AuditEvent of a denial: something exists, but not for this caller. */
export function recordDenial(error: unknown, gateway: Gateway, { requestId, clientId }: Pick<Call, 'requestId' | 'clientId'>): void {
  if (!(error instanceof BookingError) || error.extras.denied !== true) return
  gateway.audit.record({ action: 'denied', recorded: Date.now(), clientId, requestId, outcome: error.code })
}

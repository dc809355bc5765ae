import type { BookingDeps } from '../booking/deps.ts'
import { settleOutcome } from '../booking/settle-outcome.ts'
import { inEhr, workerCall } from './ehr-job.ts'
import { DONE, type Handler, type JobOutcome } from './handlers.ts'

/** Puts an operation in front of a person. The same operation never makes two Tasks. @returns whether the Task stands or is kept for later */
export type EscalateOperation = (
  reason: 'outcome_unknown' | 'deferred_refused',
  operation: { readonly receiptId: string; readonly clientId: string; readonly appointmentId?: string; readonly patient?: string },
  trail: readonly string[],
) => Promise<boolean>

/** Pause between two looks at an operation that is still open, in milliseconds. */
export const LOOK_AGAIN_MS = 5_000

/** Finds out what became of a write: it stands, it was fenced off, or, after the clinic's limit, a person decides. */
export function settleJob(deps: BookingDeps, escalate: EscalateOperation): Handler<'settle'> {
  return async ({ receipt_id: receiptId, client_id: clientId, since }) => {
    const outcome = await inEhr(async () => {
      const { state } = await settleOutcome(deps, { receiptId, since }, workerCall(clientId))
      return state === 'pending' ? { kind: 'later', afterMs: LOOK_AGAIN_MS } : DONE
    })
    const isLate = outcome.kind === 'later' && Date.now() - since > giveUpAfterMs(deps)
    return isLate ? escalated(escalate('outcome_unknown', { receiptId, clientId }, ['outcome_unknown', 'time_limit'])) : outcome
  }
}

/** How long an open operation is worked on, in milliseconds. */
export function giveUpAfterMs({ mapping }: BookingDeps): number {
  return mapping.whenEhrIsDown.giveUpAfterMinutes * 60_000
}

/** The end of a job whose matter a person has now; where not even that can be kept, it comes again. */
export async function escalated(stands: Promise<boolean>): Promise<JobOutcome> {
  return (await stands) ? DONE : { kind: 'later', afterMs: LOOK_AGAIN_MS }
}

import { z } from 'zod'
import { makeChange, type DeferredWrite } from '../booking/deferred-write.ts'
import type { BookingDeps } from '../booking/deps.ts'
import { abandon, type OperationState } from '../booking/settle-outcome.ts'
import type { Sealer } from '../crypto/sealer.ts'
import { inEhr, workerCall } from './ehr-job.ts'
import { DONE, JobRefused, type Handler } from './handlers.ts'
import { escalated, giveUpAfterMs, LOOK_AGAIN_MS, type EscalateOperation } from './settle.ts'

/** What is sealed in the job. New fields must be optional: jobs of an older version may still be waiting. */
const deferredWriteSchema = z.object({
  change: z.enum(['cancel', 'confirm', 'book', 'reschedule']),
  caller: z.object({ clientId: z.string(), patient: z.string().exactOptional(), anyPatient: z.boolean() }),
  appointmentId: z.string().exactOptional(),
  slotId: z.string().exactOptional(),
  reason: z.string().exactOptional(),
  expectedVersion: z.string().exactOptional(),
  key: z.string(),
  since: z.number(),
})

/** Makes a change that was accepted while the EHR was down. A refusal, or an EHR that stays away, is for a person: the patient counts on it. */
export function deferredWriteJob(deps: BookingDeps, sealer: Sealer, escalate: EscalateOperation): Handler<'deferred-write'> {
  return async ({ sealed, receipt_id: receiptId }) => {
    const write = deferredWriteSchema.parse(await sealer.open(sealed))
    const operation = { receiptId, ...subjectOf(write) }
    try {
      const outcome = await inEhr(() => makeChange(deps, write, workerCall(write.caller.clientId)).then(() => DONE))
      const isLate = outcome.kind === 'later' && Date.now() - write.since > giveUpAfterMs(deps)
      return isLate ? await escalated(escalate('deferred_refused', operation, ['accepted', 'time_limit'])) : outcome
    } catch (error) {
      if (!(error instanceof JobRefused)) throw error
      const state = await fenceOff(deps, receiptId, write)
      if (state === 'pending') return { kind: 'later', afterMs: LOOK_AGAIN_MS }
      // An earlier try has landed; or the id is unknown, or another patient's, which is nothing that staff could mend.
      if (state === 'succeeded' || error.message === 'not_found') return DONE
      return escalated(escalate('deferred_refused', operation, ['accepted', error.message]))
    }
  }
}

/** Nothing that is still on its way may take effect after a person was told that it did not. */
async function fenceOff(deps: BookingDeps, receiptId: string, write: DeferredWrite): Promise<OperationState['state']> {
  return abandon(deps, receiptId, workerCall(write.caller.clientId)).then(
    ({ state }) => state,
    () => 'pending',
  )
}

function subjectOf({ caller, appointmentId }: DeferredWrite) {
  return {
    clientId: caller.clientId,
    ...(appointmentId !== undefined && { appointmentId }),
    ...(caller.patient !== undefined && { patient: caller.patient }),
  }
}

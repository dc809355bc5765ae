import type { DeferralBacklog } from '../booking/deferred-write.ts'
import type { EscalationBacklog } from '../escalation/ports.ts'
import type { Sealer } from '../crypto/sealer.ts'
import type { JobQueue } from './job-queue.ts'

/** Accepted changes as sealed jobs. */
export function deferralBacklog(queue: JobQueue, sealer: Sealer): DeferralBacklog {
  return {
    keep: async (write, receiptId) => {
      const job = { receipt_id: receiptId, sealed: await sealer.seal(write) }
      return succeeds(queue.add('deferred-write', job, { once: `deferred-${receiptId}` }))
    },
  }
}

/** Escalations as sealed jobs. */
export function escalationBacklog(queue: JobQueue, sealer: Sealer): EscalationBacklog {
  return {
    keep: async (request) => succeeds(queue.add('escalate', { sealed: await sealer.seal(request) })),
  }
}

async function succeeds(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}

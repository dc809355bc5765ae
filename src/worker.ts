import type { Config } from './config.ts'
import type { Assembly } from './deps.ts'
import { deferredWriteJob } from './jobs/deferred-write.ts'
import { escalateJob, escalateLost, escalateOperation } from './jobs/escalation.ts'
import { expireHoldJob, sweepJob } from './jobs/expiry.ts'
import type { Handlers } from './jobs/handlers.ts'
import { noticeJob } from './jobs/notice.ts'
import { reconcileJob } from './jobs/reconcile.ts'
import { settleJob } from './jobs/settle.ts'
import { JobWorker } from './queue/job-worker.ts'
import { examineRedis } from './queue/redis-check.ts'
import { Rounds } from './queue/rounds.ts'

const ROUNDS_EVERY_MS = { sweep: 3_000, reconcile: 30_000 }
const DRAIN_WITHIN_MS = 7_000

/** Starts the worker: jobs from the queue, and the rounds that need none. @returns a function that stops it after the running jobs */
export function startWorker(config: Config, assembly: Assembly): () => Promise<void> {
  const { logger, metrics, queue } = assembly
  metrics.watchQueues(() => queue.states())
  const rounds = new Rounds(queue, ROUNDS_EVERY_MS, handlersOf(assembly), (round, error) => {
    logger.warn({ round, reason: error instanceof Error ? error.name : 'unknown' }, 'a round failed; the next one tries again')
  })
  const worker = new JobWorker(config.redisUrl, rounds.handlers, {
    ended: metrics.jobEnded,
    lost: async (job) => {
      logger.error({ job: job.name, id: job.id, why: job.why }, 'a job has ended without success')
      return escalateLost(assembly.gateway.escalation, job)
    },
    error: () => undefined,
  })
  void examineRedis(config.redisUrl).then((warnings) => {
    for (const warning of warnings) logger.warn(warning)
  })
  return async () => {
    rounds.stop()
    await worker.stop(DRAIN_WITHIN_MS)
  }
}

function handlersOf({ booking, gateway, metrics, notices, sealer }: Assembly): Handlers {
  const escalate = escalateOperation(gateway.escalation)
  return {
    'expire-hold': expireHoldJob(booking, metrics.holdExpired),
    sweep: sweepJob(booking, metrics.holdExpired),
    settle: settleJob(booking, escalate),
    'deferred-write': deferredWriteJob(booking, sealer, escalate),
    escalate: escalateJob(gateway.escalation, sealer),
    reconcile: reconcileJob(booking, gateway.escalation, metrics.reconciled),
    notice: noticeJob(notices),
  }
}

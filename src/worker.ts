import { randomUUID } from 'node:crypto'
import { expireHolds } from './booking/expire-holds.ts'
import type { Assembly } from './deps.ts'
import { newCall } from './http/request-context.ts'

const SWEEP_EVERY_MS = 15_000

/** Ends expired holds every few seconds, one sweep at a time. @returns a function that stops it after the running sweep */
export function startSweep(assembly: Assembly): () => Promise<void> {
  const { booking, logger, metrics } = assembly
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()
  const sweep = async (): Promise<void> => {
    try {
      const ended = await expireHolds(booking, () => newCall(randomUUID(), 'gateway-worker'))
      metrics.holdsExpired(ended)
      if (ended > 0) logger.info({ ended }, 'expired holds ended')
    } catch (error) {
      logger.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'sweep of expired holds failed; the next one tries again')
    }
    schedule()
  }
  const schedule = (): void => {
    if (!stopped)
      timer = setTimeout(() => {
        running = sweep()
      }, SWEEP_EVERY_MS)
  }
  schedule()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await running
  }
}

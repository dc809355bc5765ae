import { Redis } from 'ioredis'

/** A command that takes longer is given up: the caller of a request is waiting. */
const COMMAND_TIMEOUT_MS = 500

/** For adding jobs on the way of a request: fails at once while Redis is away, never queues in memory. */
export function producerConnection(redisUrl: string): Redis {
  return new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: 1_000,
    retryStrategy: patiently,
  })
}

/** For a worker, which has nothing better to do than to wait until Redis is back. */
export function workerConnection(redisUrl: string): Redis {
  return new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: patiently })
}

/** @returns milliseconds until the next try */
function patiently(tries: number): number {
  return Math.min(100 * 2 ** Math.min(tries, 5), 2_000)
}

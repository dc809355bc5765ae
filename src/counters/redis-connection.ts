import { Redis } from 'ioredis'
import type { Counted } from './memory-counters.ts'

/** Redis answers within a millisecond; whatever takes this long is not worth waiting for. In milliseconds. */
const ANSWER_WITHIN_MS = 50
const CONNECT_WITHIN_MS = 1_000
const NAMESPACE = 'fsg:'

/**
 * Counts, and lets the window begin with the first count, in one step: a count without an end would never go away.
 * KEYS[1] the key, ARGV[1] the window in milliseconds, ARGV[2] how many.
 */
const ADD = `
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  redis.call('PEXPIRE', KEYS[1], left)
end
return {count, left}`

/** What the counters need of Redis. Every method rejects within 50 ms when it does not answer. */
export interface CounterServer {
  add(key: string, windowMs: number, by: number): Promise<Counted>
  clear(key: string): Promise<void>
  ping(): Promise<void>
  close(): void
}

/** Connects to Redis. Commands fail at once while it is away: counts are not worth waiting for. */
export function connectRedis(url: string): CounterServer {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_WITHIN_MS,
    connectTimeout: CONNECT_WITHIN_MS,
    scripts: { fsgAdd: { lua: ADD, numberOfKeys: 1 } },
  }) as Redis & { fsgAdd(key: string, windowMs: number, by: number): Promise<[count: number, leftMs: number]> }
  // Every command that fails says so by itself; without a listener ioredis would print the errors of its connection.
  redis.on('error', () => undefined)
  return {
    add: async (key, windowMs, by) => {
      const [count, leftMs] = await redis.fsgAdd(NAMESPACE + key, windowMs, by)
      return { count, leftMs }
    },
    clear: async (key) => {
      await redis.del(NAMESPACE + key)
    },
    ping: async () => {
      await redis.ping()
    },
    close: () => {
      redis.disconnect()
    },
  }
}

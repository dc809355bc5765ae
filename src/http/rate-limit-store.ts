import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { RateCounters } from '../desk/gateway.ts'

/** The store that @fastify/rate-limit counts in. The counters never fail, so a limit is never skipped. */
export function storeOn(counters: RateCounters): FastifyRateLimitStoreCtor {
  return class Store implements FastifyRateLimitStore {
    incr(key: string, callback: Parameters<FastifyRateLimitStore['incr']>[1], windowMs: number): void {
      counters.count(`rate:${key}`, windowMs).then(
        ({ count, leftMs }) => {
          callback(null, { current: count, ttl: leftMs })
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : new Error('the request could not be counted'))
        },
      )
    }

    /** Routes have no limits of their own. */
    child(): FastifyRateLimitStore {
      return this
    }
  }
}

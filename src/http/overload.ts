import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BookingError } from '../booking/errors.ts'
import type { Gateway } from '../desk/gateway.ts'

/** An event loop this late answers nobody in time, in milliseconds. */
const TOO_LATE_MS = 1_000
const TICK_MS = 100
const RETRY_AFTER_SECONDS = 1

/** How late the event loop of this process is. */
export class LoopClock {
  #lateMs = 0
  #tickedAt = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => {
      this.#lateMs = this.#overdueMs()
      this.#tickedAt = performance.now()
    }, TICK_MS).unref()
  }

  /** Milliseconds by which the last tick came late, or the next one is late already: after a stall, requests may come first. */
  get lateMs(): number {
    return Math.max(this.#lateMs, this.#overdueMs())
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #overdueMs(): number {
    return performance.now() - this.#tickedAt - TICK_MS
  }
}

/**
 * Refuses requests at once while the event loop is so late that they could not be answered in time: they have waited long
 * already, and serving them would make everybody else late too. Whoever watches the gateway still gets in.
 */
export function installOverloadRefusal(app: FastifyInstance, gateway: Gateway, clock = new LoopClock()): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (clock.lateMs <= TOO_LATE_MS || isForOperators(request)) {
      done()
      return
    }
    gateway.metrics.overloaded()
    done(
      new BookingError('ehr_unavailable', 'The gateway is overloaded. Nothing was read or written; try again.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      }),
    )
  })
  app.addHook('onClose', (_instance, done) => {
    clock.stop()
    done()
  })
}

function isForOperators(request: FastifyRequest): boolean {
  const url = request.routeOptions.url ?? ''
  return url.startsWith('/health/') || url === '/metrics'
}

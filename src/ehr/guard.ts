import type { EhrObserver, ExchangeKind } from '../booking/ports.ts'
import { Breaker, type Verdict } from './breaker.ts'
import { Bulkhead } from './bulkhead.ts'
import type { Exchange } from './fhir-http.ts'

/** Not sent at all: the breaker is open, or too many are under way. */
export interface Refused {
  readonly kind: 'refused'
  readonly why: 'open' | 'full'
  readonly retryAfterSeconds: number
}

/** One exchange that is to be made. */
export interface Attempt {
  /** `performance.now()` up to which waiting for a place makes sense. */
  readonly waitUntil: number
  /** How long the exchange may take, asked when its turn has come; in milliseconds. */
  timeoutMs(): number
  send(timeoutMs: number): Promise<Exchange>
  /** Whether an answer that is neither 4xx nor 5xx can be used; what cannot counts as a failure of the EHR. */
  isUsable(answer: Extract<Exchange, { kind: 'answer' }>): boolean
}

/**
 * How many exchanges of a kind are under way at most, and how many wait for that. Together they are all connections to the EHR
 * but one, which is left to what nobody waits for: no kind can take the connections of another.
 */
const PLACES: Readonly<Record<ExchangeKind, { places: number; line: number }>> = {
  read: { places: 14, line: 256 },
  commit: { places: 10, line: 256 },
  'look-up': { places: 4, line: 64 },
  directory: { places: 3, line: 8 },
}

/** Connections to the EHR. HAPI's own pool of database connections is not larger; more would only wait there. */
export const EHR_CONNECTIONS = Object.values(PLACES).reduce((sum, { places }) => sum + places, 1)

/** A time-out after less than this says nothing about the EHR, in milliseconds. */
const FAIR_MS = 1_000
/** When somebody else's exchange should have ended, in seconds. */
const RETRY_WHEN_FULL_SECONDS = 1

/** Stands before every exchange of one kind: refuses at once what would fail or wait too long. It never retries. */
export class Guard {
  readonly #kind: ExchangeKind
  readonly #observer: EhrObserver
  readonly #breaker: Breaker
  readonly #bulkhead: Bulkhead

  constructor(kind: ExchangeKind, observer: EhrObserver) {
    const { places, line } = PLACES[kind]
    this.#kind = kind
    this.#observer = observer
    this.#bulkhead = new Bulkhead(places, line)
    this.#breaker = new Breaker((state) => {
      observer.breaker(kind, state)
    })
    observer.breaker(kind, 'closed')
  }

  async run(attempt: Attempt): Promise<Exchange | Refused> {
    if (this.#breaker.waitMs > 0) return this.#refuse('open')
    const leave = await this.#bulkhead.enter(attempt.waitUntil)
    if (!leave) return this.#refuse('full')
    try {
      return await this.#exchange(attempt)
    } finally {
      leave()
    }
  }

  async #exchange(attempt: Attempt): Promise<Exchange | Refused> {
    const permit = this.#breaker.admit()
    if (!permit) return this.#refuse('open')
    const timeoutMs = attempt.timeoutMs()
    const started = performance.now()
    let verdict: Verdict = 'none'
    try {
      const exchange = await attempt.send(timeoutMs)
      const tookMs = performance.now() - started
      this.#observer.roundTrip(this.#kind, exchange.kind === 'answer' ? String(exchange.status) : 'broken', tookMs / 1000)
      verdict = verdictOn(exchange, attempt, { timeoutMs, tookMs })
      return exchange
    } finally {
      this.#breaker.settle(permit, verdict)
    }
  }

  #refuse(why: Refused['why']): Refused {
    this.#observer.refused(this.#kind, why)
    const seconds = why === 'full' ? RETRY_WHEN_FULL_SECONDS : Math.ceil(this.#breaker.waitMs / 1000)
    return { kind: 'refused', why, retryAfterSeconds: Math.max(1, seconds) }
  }
}

/** A refusal of the EHR (4xx, a lost race) is an answer: it is up and does its work. */
function verdictOn(exchange: Exchange, attempt: Attempt, time: { timeoutMs: number; tookMs: number }): Verdict {
  if (exchange.kind === 'broken') return time.timeoutMs < FAIR_MS && time.tookMs >= time.timeoutMs ? 'none' : 'bad'
  if (exchange.status >= 400 && exchange.status < 500) return 'good'
  return exchange.status < 300 && attempt.isUsable(exchange) ? 'good' : 'bad'
}

/** A guard for every kind of exchange. */
export type Guards = Readonly<Record<ExchangeKind, Guard>>

export function buildGuards(observer: EhrObserver): Guards {
  return {
    read: new Guard('read', observer),
    commit: new Guard('commit', observer),
    'look-up': new Guard('look-up', observer),
    directory: new Guard('directory', observer),
  }
}

import type { BreakerState } from '../booking/ports.ts'

/** What an exchange says about the health of the EHR. `none`: nothing, e.g. when it was given too little time. */
export type Verdict = 'good' | 'bad' | 'none'

/** When to stop asking, and when to try again. */
export interface BreakerOptions {
  /** Failures in a row before it opens … */
  readonly failures: number
  /** … all within a run that has lasted this long: one blip that breaks every connection at once is no outage. In milliseconds. */
  readonly runMs: number
  /** How long it stays open before it lets a few exchanges try, in milliseconds. */
  readonly openMs: number
  /** Exchanges that may try at the same time while it is half-open. */
  readonly probes: number
}

export const BREAKER: BreakerOptions = { failures: 10, runMs: 1_000, openMs: 1_000, probes: 3 }

/** Leave to ask the EHR once; handed back with what came of it. */
export interface Permit {
  readonly epoch: number
  readonly startedAt: number
}

/**
 * Circuit breaker for one kind of exchange. Closed it lets everything pass; after a run of failures it opens and refuses for a
 * while; half-open it lets a few exchanges try, of which the first one decides.
 */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #changed: (state: BreakerState) => void
  readonly #clock: () => number
  #state: BreakerState = 'closed'
  /** Counts the changes of state: what was begun before the last one says nothing about the state now. */
  #epoch = 0
  #failures = 0
  #runBegan = Number.POSITIVE_INFINITY
  #probing = 0
  #openUntil = 0

  /** @param clock milliseconds that only rise */
  constructor(changed: (state: BreakerState) => void = () => undefined, options = BREAKER, clock = () => performance.now()) {
    this.#changed = changed
    this.#options = options
    this.#clock = clock
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Milliseconds until asking makes sense again; 0 when it does now. Takes no permit. */
  get waitMs(): number {
    if (this.#state === 'open') return Math.max(0, this.#openUntil - this.#clock())
    return this.#state === 'half-open' && this.#probing >= this.#options.probes ? this.#options.openMs : 0
  }

  /** Leave to ask once, which must be handed back with `settle`; `undefined` while it makes no sense. */
  admit(): Permit | undefined {
    if (this.waitMs > 0) return undefined
    if (this.#state === 'open') this.#become('half-open')
    if (this.#state === 'half-open') this.#probing++
    return { epoch: this.#epoch, startedAt: this.#clock() }
  }

  settle(permit: Permit, verdict: Verdict): void {
    if (permit.epoch !== this.#epoch) return
    if (this.#state === 'half-open') this.#settleProbe(verdict)
    else if (verdict === 'good') this.#forget()
    else if (verdict === 'bad') this.#countFailure(permit)
  }

  #settleProbe(verdict: Verdict): void {
    this.#probing--
    if (verdict === 'good') this.#become('closed')
    else if (verdict === 'bad') this.#open()
  }

  #countFailure(permit: Permit): void {
    this.#failures++
    this.#runBegan = Math.min(this.#runBegan, permit.startedAt)
    const lasted = this.#clock() - this.#runBegan
    if (this.#failures >= this.#options.failures && lasted >= this.#options.runMs) this.#open()
  }

  #open(): void {
    this.#openUntil = this.#clock() + this.#options.openMs
    this.#become('open')
  }

  #become(state: BreakerState): void {
    this.#state = state
    this.#epoch++
    this.#probing = 0
    this.#forget()
    this.#changed(state)
  }

  #forget(): void {
    this.#failures = 0
    this.#runBegan = Number.POSITIVE_INFINITY
  }
}

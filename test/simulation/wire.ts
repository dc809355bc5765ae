import type { Bundle } from 'fhir/r4.js'
import { BookingError } from '../../src/booking/errors.ts'
import type { Call, CommitOutcome, Ehr, Queries, Reading } from '../../src/booking/ports.ts'
import type { Weather } from './themes.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What of the deadline a commit leaves over, as in the real adapter, in milliseconds. */
const SETTLE_RESERVE_MS = 700
/** A transaction that was sent can arrive again for so long, in milliseconds. */
const LATEST_COPY_MS = 60_000

/** The part of a gateway process that matters to the wire: one that was killed sends nothing and hears nothing. */
export interface Sender {
  alive: boolean
}

/**
 * The way from one gateway process to the EHR. It loses, holds back and repeats messages; a transaction that was sent may be executed
 * long after the sender has given up. The real adapter behaves so towards a real network.
 */
export class Wire implements Ehr {
  readonly #ehr: Ehr
  readonly #time: VirtualTime
  readonly #sender: Sender
  readonly #weather: () => Weather

  constructor(ehr: Ehr, time: VirtualTime, sender: Sender, weather: () => Weather) {
    this.#ehr = ehr
    this.#time = time
    this.#sender = sender
    this.#weather = weather
  }

  async batch(queries: Queries, call: Call, maxResults?: number): Promise<Reading> {
    await this.#leaves()
    const { random } = this.#time.running
    const lost = random.chance(this.#weather().lostReading)
    const reading = lost ? this.#breaks<Reading>() : this.#ehr.batch(queries, call, maxResults)
    const arrived = await this.#arrives(reading, call.deadline - performance.now())
    if (arrived !== undefined) return arrived
    throw new BookingError('ehr_unavailable', 'no answer', { retryAfterSeconds: 1 })
  }

  async commit(transaction: Bundle, call: Call): Promise<CommitOutcome> {
    await this.#leaves()
    const { random } = this.#time.running
    const weather = this.#weather()
    const timeLeft = Math.max(call.deadline - performance.now() - SETTLE_RESERVE_MS, 100)
    if (random.chance(weather.refused)) return { kind: 'unavailable', retryAfterSeconds: 1 }
    const sent = random.chance(weather.lostRequest) ? this.#breaks<CommitOutcome>() : this.#ehr.commit(transaction, call)
    if (random.chance(weather.duplicate)) this.#repeat(transaction, call)
    const answer = random.chance(weather.lostAnswer) ? sent.then(() => this.#breaks<CommitOutcome>()) : sent
    return (await this.#arrives(answer, timeLeft)) ?? { kind: 'unknown' }
  }

  /** A copy that the network kept. */
  #repeat(transaction: Bundle, call: Call): void {
    const copy = { ...call }
    this.#time.after(this.#time.running.random.below(LATEST_COPY_MS), () => void this.#ehr.commit(transaction, copy))
  }

  /** A connection that breaks: sometimes at once, sometimes without a word. */
  #breaks<T>(): Promise<T | undefined> {
    const { random } = this.#time.running
    return random.chance(0.5) ? this.#time.sleep(random.below(100)).then(() => undefined) : never()
  }

  async #leaves(): Promise<void> {
    if (!this.#sender.alive) await never()
  }

  /** The answer, or `undefined` when the connection broke or the time was over. A dead process gets none. */
  async #arrives<T>(answer: Promise<T | undefined>, withinMs: number): Promise<T | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const timer = this.#time.after(withinMs, () => {
      resolve(undefined)
    })
    const first = await Promise.race([answer, late])
    timer.cancelled = true
    if (!this.#sender.alive) await never()
    return first
  }
}

/** What is not heard of again. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}

import type { Bundle } from 'fhir/r4.js'
import type { EpochMs } from '../fhir/instant.ts'
import type { Call, CommitOutcome, Ehr, Queries, Reading } from './ports.ts'

/** Longest rest between two round trips, in milliseconds. */
const LONGEST_REST_MS = 2_000

/**
 * The EHR for work that has time: one round trip after the other, and after each a rest in proportion to what it took. So it never
 * takes more than its share, and less the busier the EHR is.
 */
export class PacedEhr {
  readonly #ehr: Ehr
  readonly #callFor: () => Call
  readonly #rest: number
  /** The EHR's clock at the first reading. */
  #firstNow: EpochMs | undefined

  /** @param rest length of a rest as a multiple of the round trip before it */
  constructor(ehr: Ehr, callFor: () => Call, rest: number) {
    this.#ehr = ehr
    this.#callFor = callFor
    this.#rest = rest
  }

  /** The EHR's clock when the first reading was answered. */
  get startedAt(): EpochMs | undefined {
    return this.#firstNow
  }

  /** @throws BookingError `ehr_unavailable` */
  async read(queries: Queries, maxResults?: number): Promise<Reading> {
    const reading = await this.#paced(() => this.#ehr.batch(queries, this.#callFor(), maxResults))
    this.#firstNow ??= reading.now
    return reading
  }

  commit(transaction: Bundle, call: Call): Promise<CommitOutcome> {
    return this.#paced(() => this.#ehr.commit(transaction, call))
  }

  /** A call for one commit. */
  newCall(): Call {
    return this.#callFor()
  }

  async #paced<T>(roundTrip: () => Promise<T>): Promise<T> {
    const began = performance.now()
    const result = await roundTrip()
    const rest = Math.min((performance.now() - began) * this.#rest, LONGEST_REST_MS)
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest))
    return result
  }
}

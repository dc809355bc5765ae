import { setTimeout as sleep } from 'node:timers/promises'
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose'
import { BookingError } from '../booking/errors.ts'

/** So long keys are taken as they are, in milliseconds. */
const FRESH_MS = 10 * 60_000
/** So long they go on serving while the issuer does not answer: a key it has withdrawn is not accepted for longer than this. */
const USABLE_MS = 60 * 60_000
/** A token with an unknown key asks the issuer no more often than this: anybody can invent one. */
const UNKNOWN_KEY_PAUSE_MS = 30_000
/** After a failure the issuer is left alone for so long. */
const FAILURE_PAUSE_MS = 1_000
/** A request waits so long for keys. It has 5 s for everything; the fetch goes on beside it for the next one. */
const WAIT_MS = 400

interface Keys {
  readonly find: JWTVerifyGetKey
  readonly fetchedAt: number
}

/** The public keys of an OAuth issuer, kept between requests. */
export class IssuerKeys {
  readonly #fetchSet: () => Promise<unknown>
  readonly #now: () => number
  #keys: Keys | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #unknownKeyAt = Number.NEGATIVE_INFINITY
  #fetching: Promise<void> | undefined

  /**
   * @param fetchSet gets the key set (RFC 7517) from the issuer; may fail
   * @param now a monotonic clock in milliseconds
   */
  constructor(fetchSet: () => Promise<unknown>, now: () => number = () => performance.now()) {
    this.#fetchSet = fetchSet
    this.#now = now
  }

  /**
   * Keys to check a token with.
   * @throws BookingError `ehr_unavailable` (503) while there are none: nobody is let in unchecked
   */
  async current(): Promise<JWTVerifyGetKey> {
    if (this.#ageMs() < FRESH_MS) return this.#usable()
    const fetching = this.#fetch()
    if (this.#ageMs() >= USABLE_MS) await Promise.race([fetching, sleep(WAIT_MS, undefined, { ref: false })])
    return this.#usable()
  }

  /** Newer keys than these, for a token whose key is not among them; `undefined` where the issuer has been asked a moment ago. */
  async newerThan(known: JWTVerifyGetKey): Promise<JWTVerifyGetKey | undefined> {
    if (this.#now() - this.#unknownKeyAt < UNKNOWN_KEY_PAUSE_MS) return undefined
    this.#unknownKeyAt = this.#now()
    await Promise.race([this.#fetch(), sleep(WAIT_MS, undefined, { ref: false })])
    const now = this.#usable()
    return now === known ? undefined : now
  }

  #usable(): JWTVerifyGetKey {
    if (this.#keys && this.#ageMs() < USABLE_MS) return this.#keys.find
    throw new BookingError('ehr_unavailable', 'The OAuth issuer does not answer, so the access token cannot be checked. Try again.', {
      retryAfterSeconds: 1,
    })
  }

  #ageMs(): number {
    return this.#keys === undefined ? Number.POSITIVE_INFINITY : this.#now() - this.#keys.fetchedAt
  }

  /** Never rejects. One fetch at a time; none for a moment after one has failed. */
  #fetch(): Promise<void> {
    if (this.#fetching) return this.#fetching
    if (this.#now() - this.#failedAt < FAILURE_PAUSE_MS) return Promise.resolve()
    this.#fetching = this.#replace().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #replace(): Promise<void> {
    const fetchedAt = this.#now()
    try {
      // createLocalJWKSet refuses what is no key set.
      this.#keys = { find: createLocalJWKSet((await this.#fetchSet()) as Parameters<typeof createLocalJWKSet>[0]), fetchedAt }
    } catch {
      // The keys of before serve while they may.
      this.#failedAt = this.#now()
    }
  }
}

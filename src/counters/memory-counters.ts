/** A count and how long its window still lasts. */
export interface Counted {
  readonly count: number
  /** Milliseconds until the count begins anew. */
  readonly leftMs: number
}

/** More keys than this are not kept: the one that was counted longest ago is forgotten. */
const MOST_KEYS = 10_000

interface Entry {
  count: number
  endsAt: number
}

/** Counts in this process. */
export class MemoryCounters {
  /** In the order of their last use, oldest first. */
  readonly #entries = new Map<string, Entry>()
  readonly #mostKeys: number
  readonly #clock: () => number

  /** @param clock milliseconds that only rise */
  constructor(mostKeys = MOST_KEYS, clock: () => number = () => performance.now()) {
    this.#mostKeys = mostKeys
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  add(key: string, windowMs: number, by = 1): Counted {
    const now = this.#clock()
    const known = this.#entries.get(key)
    const isRunning = known !== undefined && known.endsAt > now
    return this.#keep(key, isRunning ? { count: known.count + by, endsAt: known.endsAt } : { count: by, endsAt: now + windowMs })
  }

  /** Takes over what was counted elsewhere, where that is more. @returns the larger one */
  agree(key: string, elsewhere: Counted): Counted {
    const own = this.#entries.get(key)?.count ?? 0
    return this.#keep(key, { count: Math.max(own, elsewhere.count), endsAt: this.#clock() + elsewhere.leftMs })
  }

  clear(key: string): void {
    this.#entries.delete(key)
  }

  #keep(key: string, entry: Entry): Counted {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    if (this.#entries.size > this.#mostKeys) this.#forgetOldest()
    return { count: entry.count, leftMs: Math.max(0, entry.endsAt - this.#clock()) }
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}

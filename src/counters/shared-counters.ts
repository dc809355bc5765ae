import type { Counters } from '../booking/ports.ts'
import { MemoryCounters, type Counted } from './memory-counters.ts'
import type { CounterServer } from './redis-connection.ts'

/** Redis is pinged this often, in milliseconds; one that has failed is back after the next ping that is answered. */
const PING_EVERY_MS = 1_000

/** Whether Redis has answered when it was last asked. */
export type RedisState = 'ready' | 'away'

/** Counts in Redis and in this process at the same time; where Redis does not answer, the process's own count holds. */
export class SharedCounters implements Counters {
  readonly #server: CounterServer
  readonly #memory: MemoryCounters
  readonly #changed: (state: RedisState, reason?: unknown) => void
  #state: RedisState = 'ready'
  readonly #pings: NodeJS.Timeout

  /** @param changed told when Redis stops and begins to answer */
  constructor(server: CounterServer, changed: (state: RedisState, reason?: unknown) => void, memory = new MemoryCounters()) {
    this.#server = server
    this.#changed = changed
    this.#memory = memory
    this.#pings = setInterval(() => void this.#ping(), PING_EVERY_MS).unref()
  }

  get state(): RedisState {
    return this.#state
  }

  async add(key: string, windowSeconds: number, by = 1): Promise<number> {
    return (await this.count(key, windowSeconds * 1000, by)).count
  }

  /** Adds one, or `by`. @returns the count, and how long its window still lasts */
  async count(key: string, windowMs: number, by = 1): Promise<Counted> {
    const own = this.#memory.add(key, windowMs, by)
    const shared = await this.#ask(() => this.#server.add(key, windowMs, by))
    return shared ? this.#memory.agree(key, shared) : own
  }

  async clear(key: string): Promise<void> {
    this.#memory.clear(key)
    await this.#ask(() => this.#server.clear(key))
  }

  close(): void {
    clearInterval(this.#pings)
    this.#server.close()
  }

  /** Asks only a Redis that has answered last time: nobody waits for one that may be frozen. */
  async #ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    if (this.#state === 'away') return undefined
    try {
      return await command()
    } catch (error) {
      this.#become('away', error)
      return undefined
    }
  }

  async #ping(): Promise<void> {
    try {
      await this.#server.ping()
      this.#become('ready')
    } catch (error) {
      this.#become('away', error)
    }
  }

  #become(state: RedisState, reason?: unknown): void {
    if (state === this.#state) return
    this.#state = state
    this.#changed(state, reason)
  }
}

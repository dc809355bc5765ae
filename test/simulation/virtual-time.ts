import type { EpochMs } from '../../src/fhir/instant.ts'
import type { Random } from './random.ts'

/** On whose behalf work is done: how far that machine's clock is off, and its chance. */
export interface Runner {
  readonly skewMs: number
  readonly random: Random
}

/** Something that happens at a moment, unless it is cancelled before. */
export interface Ticket {
  readonly at: number
  readonly order: number
  readonly runner: Runner
  readonly work: () => void
  cancelled: boolean
}

const realSetImmediate = globalThis.setImmediate

/**
 * Time that passes only when everybody waits: events happen one after the other, each as soon as all that followed from the one before has
 * come to rest. Seconds cost nothing, and the same chance gives the same order.
 */
export class VirtualTime {
  readonly #start: EpochMs
  #passed = 0
  #order = 0
  /** What is to happen, the last first. */
  readonly #queue: Ticket[] = []
  #running: Runner

  /** @param start what the EHR's clock shows at first */
  constructor(start: EpochMs, runner: Runner) {
    this.#start = start
    this.#running = runner
  }

  /** The EHR's clock. */
  readonly now = (): EpochMs => Math.floor(this.#start + this.#passed)

  /** Milliseconds since the start, with fractions. */
  get passed(): number {
    return this.#passed
  }

  get running(): Runner {
    return this.#running
  }

  /** Does the work later, on behalf of whoever is running now or of another one. */
  after(delayMs: number, work: () => void, runner = this.#running): Ticket {
    const ticket = { at: this.#passed + Math.max(0, delayMs), order: this.#order++, runner, work, cancelled: false }
    let place = this.#queue.length
    while (place > 0 && happensBefore(this.#queue[place - 1], ticket)) place--
    this.#queue.splice(place, 0, ticket)
    return ticket
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }

  /** Lets everything happen until nothing is left that could. */
  async run(): Promise<void> {
    await atRest()
    for (let next = this.#queue.pop(); next; next = this.#queue.pop()) {
      if (next.cancelled) continue
      this.#passed = Math.max(this.#passed, next.at)
      this.#running = next.runner
      next.work()
      await atRest()
    }
  }
}

/** Where two are due at one time, the one that was planned first. */
function happensBefore(a: Ticket | undefined, b: Ticket): boolean {
  return a !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order))
}

/** Resolves when every promise that can go on by itself has done so. */
function atRest(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve))
}

/** Runs the body with timers, clocks and chance of the process taken from virtual time. */
export async function inVirtualTime<T>(time: VirtualTime, body: () => Promise<T>): Promise<T> {
  const { setTimeout, clearTimeout } = globalThis
  const { now: dateNow } = Date
  const { random } = Math
  const performanceNow = performance.now.bind(performance)
  globalThis.setTimeout = ((work: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]) =>
    time.after(delayMs, () => {
      work(...args)
    })) as unknown as typeof setTimeout
  globalThis.clearTimeout = ((ticket: Ticket | undefined) => {
    if (ticket) ticket.cancelled = true
  }) as unknown as typeof clearTimeout
  Date.now = () => time.now() + time.running.skewMs
  performance.now = () => time.passed
  Math.random = () => time.running.random.next()
  try {
    return await body()
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout })
    Date.now = dateNow
    performance.now = performanceNow
    Math.random = random
  }
}

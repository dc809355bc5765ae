import type { RoundName } from '../jobs/catalog.ts'
import type { Handlers, JobOutcome, JobRun } from '../jobs/handlers.ts'
import type { JobQueue } from './job-queue.ts'

const CHECK_EVERY_MS = 2_000
/** A process that has had no turn for so many periods takes one by itself: Redis may be down, full or emptied. */
const PATIENCE = 5

/**
 * Sees to it that the rounds go on. BullMQ's scheduler gives each to one worker at a time; whatever happens to Redis, every
 * worker goes its rounds by its own clock, less often.
 */
export class Rounds {
  readonly handlers: Handlers
  readonly #queue: JobQueue
  readonly #everyMs: Readonly<Record<RoundName, number>>
  readonly #report: (name: RoundName, error: unknown) => void
  readonly #ranAt: Record<RoundName, number>
  readonly #timer: NodeJS.Timeout
  #checking = false

  /** @param report told of every round that failed outside the queue */
  constructor(
    queue: JobQueue,
    everyMs: Readonly<Record<RoundName, number>>,
    handlers: Handlers,
    report: (name: RoundName, error: unknown) => void,
  ) {
    this.#queue = queue
    this.#everyMs = everyMs
    this.#report = report
    this.#ranAt = { sweep: performance.now(), reconcile: performance.now() }
    this.handlers = {
      ...handlers,
      sweep: (payload, run) => this.#note('sweep', () => handlers.sweep(payload, run)),
      reconcile: (payload, run) => this.#note('reconcile', () => handlers.reconcile(payload, run)),
    }
    this.#timer = setInterval(() => void this.#check(), CHECK_EVERY_MS)
    void this.#check()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #check(): Promise<void> {
    if (this.#checking) return
    this.#checking = true
    await Promise.all([this.#keepGoing('sweep'), this.#keepGoing('reconcile')])
    this.#checking = false
  }

  async #keepGoing(name: RoundName): Promise<void> {
    // Redis may have been emptied; where it is down, the patience below counts.
    await this.#queue.repeat(name, this.#everyMs[name]).catch(() => undefined)
    if (performance.now() - this.#ranAt[name] < PATIENCE * this.#everyMs[name]) return
    const run: JobRun = { signal: new AbortController().signal, attempt: 1 }
    await this.handlers[name]({}, run).catch((error: unknown) => {
      this.#report(name, error)
    })
  }

  async #note(name: RoundName, round: () => Promise<JobOutcome>): Promise<JobOutcome> {
    this.#ranAt[name] = performance.now()
    return round()
  }
}

import { Queue, type JobsOptions } from 'bullmq'
import type { Redis } from 'ioredis'
import { CATALOG, JOB_LINES, type JobLine, type JobName, type JobPayload, type RoundName } from '../jobs/catalog.ts'
import { producerConnection } from './connections.ts'

/** Prefix of every key of the queues in Redis. */
export const KEY_PREFIX = 'fsg'

/** How a job is added. */
export interface AddOptions {
  readonly delayMs?: number
  /** As long as a job with this id waits or runs, a second one is not added. No colon, no patient data. */
  readonly once?: string
  /** … and for so long after it was added, whatever has become of it, in milliseconds. */
  readonly onceForMs?: number
}

/** What waits in a line. */
export interface LineState {
  readonly line: JobLine
  readonly waiting: number
  readonly delayed: number
  readonly active: number
  readonly failed: number
  /** Age of the job that should have been taken longest ago, in milliseconds. */
  readonly oldestMs: number
}

/** The producing side of the queues. Adding is quick or fails; it never waits for a Redis that is away. */
export class JobQueue {
  readonly #redis: Redis
  readonly #onError: (error: Error) => void
  /** Absent until Redis was reached for the first time: BullMQ asks it for its version when a queue is made. */
  #lines: Readonly<Record<JobLine, Queue>> | undefined

  /** @param onError told of every trouble with Redis, so that none goes unnoticed and none ends the process */
  constructor(redisUrl: string, onError: (error: Error) => void) {
    this.#onError = onError
    this.#redis = producerConnection(redisUrl)
    this.#redis.on('error', onError)
    this.#redis.on('ready', () => {
      this.#lines ??= { work: this.#open('work'), notices: this.#open('notices') }
    })
  }

  /** @throws Error when Redis does not take the job in time; then it may have taken it all the same */
  async add<N extends JobName>(name: N, payload: JobPayload<N>, options: AddOptions = {}): Promise<void> {
    await this.#line(CATALOG[name].line).add(name, payload, {
      ...jobOptions(name),
      ...(options.delayMs !== undefined && { delay: Math.max(0, options.delayMs) }),
      ...(options.once !== undefined && { deduplication: { id: options.once, ...(options.onceForMs !== undefined && { ttl: options.onceForMs }) } }),
    })
  }

  /** Lets a job repeat. One that repeats already is left as it is, so that asking often does no harm. */
  async repeat(name: RoundName, everyMs: number): Promise<void> {
    const work = this.#line('work')
    if (await work.getJobScheduler(name)) return
    await work.upsertJobScheduler(name, { every: everyMs }, { name, data: {}, opts: jobOptions(name) })
  }

  /** @throws Error when Redis does not answer */
  async states(): Promise<LineState[]> {
    return Promise.all(JOB_LINES.map((line) => this.#stateOf(line)))
  }

  async close(): Promise<void> {
    await Promise.allSettled(Object.values(this.#lines ?? {}).map((queue) => queue.close()))
    this.#redis.disconnect()
  }

  #open(line: JobLine): Queue {
    const queue = new Queue(line, { connection: this.#redis, prefix: KEY_PREFIX, skipWaitingForReady: true })
    queue.on('error', this.#onError)
    return queue
  }

  #line(line: JobLine): Queue {
    if (!this.#lines) throw new Error('Redis was not reached yet')
    return this.#lines[line]
  }

  async #stateOf(line: JobLine): Promise<LineState> {
    const queue = this.#line(line)
    const counts = await queue.getJobCounts('waiting', 'delayed', 'active', 'failed')
    const [first] = await queue.getWaiting(0, 0)
    const oldestMs = first === undefined ? 0 : Math.max(0, Date.now() - first.timestamp - first.delay)
    const { waiting = 0, delayed = 0, active = 0, failed = 0 } = counts
    return { line, waiting, delayed, active, failed, oldestMs }
  }
}

/** What is done is forgotten at once; what failed stays for a look, a thousand of each line at most. */
function jobOptions(name: JobName): JobsOptions {
  const { attempts } = CATALOG[name]
  return { attempts, backoff: { type: 'catalog' }, removeOnComplete: true, removeOnFail: { count: 1000 }, stackTraceLimit: 0 }
}

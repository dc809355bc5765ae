import { DelayedError, UnrecoverableError, Worker, type Job } from 'bullmq'
import type { Redis } from 'ioredis'
import { CATALOG, JOB_LINES, JOB_NAMES, readPayload, type JobLine, type JobName } from '../jobs/catalog.ts'
import { JobRefused, type Handler, type Handlers, type JobOutcome, type LostJob } from '../jobs/handlers.ts'
import { workerConnection } from './connections.ts'
import { KEY_PREFIX } from './job-queue.ts'

/** Jobs a process works on at a time, by line. */
const AT_A_TIME: Readonly<Record<JobLine, number>> = { work: 8, notices: 8 }
/** A killed worker's jobs go on elsewhere after lock plus check: within 15 s. */
const LOCK_MS = 8_000
const STALLED_CHECK_MS = 5_000
/** BullMQ gives a job up for good when its worker has died that often, whatever `attempts` says. */
const MOST_DEATHS = 50

/** What the worker tells of its work. */
export interface WorkerEvents {
  readonly ended: (name: JobName, outcome: 'done' | 'later' | 'failed' | 'refused', seconds: number) => void
  /** A job has ended without success and will not be tried again. Should not throw. */
  readonly lost: (job: LostJob) => Promise<void>
  readonly error: (error: Error) => void
}

/** The consuming side: takes jobs from Redis and runs their handlers. */
export class JobWorker {
  readonly #handlers: Handlers
  readonly #events: WorkerEvents
  readonly #workers: readonly Worker[]
  readonly #connections: readonly Redis[]

  constructor(redisUrl: string, handlers: Handlers, events: WorkerEvents) {
    this.#handlers = handlers
    this.#events = events
    this.#connections = JOB_LINES.map(() => workerConnection(redisUrl))
    for (const connection of this.#connections) connection.on('error', events.error)
    this.#workers = JOB_LINES.map((line, index) => this.#start(line, this.#connections[index]))
  }

  /** Takes no more jobs and waits for those that run, at most `ms` milliseconds; the rest goes on elsewhere when its lock runs out. */
  async stop(ms: number): Promise<void> {
    const closed = Promise.allSettled(this.#workers.map((worker) => worker.close()))
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, ms).unref())])
    for (const connection of this.#connections) connection.disconnect()
  }

  #start(line: JobLine, connection: Redis | undefined): Worker {
    if (!connection) throw new Error('a connection for every line')
    const worker = new Worker(line, (job, token, signal) => this.#process(job, token, signal), {
      connection,
      prefix: KEY_PREFIX,
      concurrency: AT_A_TIME[line],
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: MOST_DEATHS,
      settings: { backoffStrategy: (tries, _type, _error, job) => backoff(tries, job?.name) },
    })
    worker.on('error', this.#events.error)
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) worker.cancelJob(id, 'its lock was lost')
    })
    worker.on('failed', (job, error) => {
      if (job && (error instanceof UnrecoverableError || job.attemptsMade >= (job.opts.attempts ?? 1))) void this.#lost(job, error)
    })
    return worker
  }

  async #process(job: Job, token: string | undefined, signal = new AbortController().signal): Promise<void> {
    const name = nameOf(job)
    const payload = name && readPayload(name, job.data)
    if (!name || payload === undefined) throw new UnrecoverableError('unknown_job')
    const started = performance.now()
    const note = (outcome: 'done' | 'later' | 'failed' | 'refused'): void => {
      this.#events.ended(name, outcome, (performance.now() - started) / 1000)
    }
    let outcome: JobOutcome
    try {
      // The catalog pairs names and payloads; TypeScript cannot follow that through a variable.
      const handler = this.#handlers[name] as Handler<JobName>
      outcome = await within(CATALOG[name].timeLimitMs, handler(payload, { signal, attempt: job.attemptsStarted }))
    } catch (error) {
      note(error instanceof JobRefused ? 'refused' : 'failed')
      // Only a code goes into Redis: the text of an error may quote what no queue may know.
      throw error instanceof JobRefused ? new UnrecoverableError(error.message) : new Error(reasonOf(error))
    }
    note(outcome.kind)
    if (outcome.kind === 'done') return
    await job.moveToDelayed(Date.now() + outcome.afterMs, token)
    throw new DelayedError()
  }

  async #lost(job: Job, error: Error): Promise<void> {
    const name = nameOf(job)
    if (name) await this.#events.lost({ name, id: job.id ?? '', payload: job.data as unknown, why: error.message }).catch(this.#events.error)
  }
}

function nameOf(job: Job): JobName | undefined {
  return JOB_NAMES.find((name) => name === job.name)
}

/** An error's code where it has one, else its class. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** Doubling pauses, half of each random, so that what failed together does not come back together. */
function backoff(tries: number, jobName: string | undefined): number {
  const name = JOB_NAMES.find((each) => each === jobName)
  const { backoffMs, mostBackoffMs } = CATALOG[name ?? 'settle']
  const pause = Math.min(mostBackoffMs, backoffMs * 2 ** (tries - 1))
  return Math.round(pause / 2 + (Math.random() * pause) / 2)
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('TimeLimit'))
    }, ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

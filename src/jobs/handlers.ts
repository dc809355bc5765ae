import type { JobName, JobPayload } from './catalog.ts'

/** How a try ended that did not throw. `later`: not now, for a reason that is no failure of the job (the EHR is down, it is too early). */
export type JobOutcome = { readonly kind: 'done' } | { readonly kind: 'later'; readonly afterMs: number }

/** The circumstances of one try. */
export interface JobRun {
  /** Aborted when the job's lock was lost: then another worker has it. */
  readonly signal: AbortSignal
  /** How many times the job has been begun, this time included. */
  readonly attempt: number
}

/**
 * What a job does. Every handler may run twice for one job, also at the same time: at-least-once is all a queue can promise.
 * It throws a `JobRefused` when no further try can help, anything else for a try that failed.
 */
export type Handler<N extends JobName> = (payload: JobPayload<N>, run: JobRun) => Promise<JobOutcome>
export type Handlers = { readonly [N in JobName]: Handler<N> }

/** No further try can help. The reason is a code, never patient data: it stands in Redis and in the log. */
export class JobRefused extends Error {
  override readonly name = 'JobRefused'
}

/** A job that has ended without success: a person is told. */
export interface LostJob {
  readonly name: JobName
  readonly id: string
  readonly payload: unknown
  /** The last error's code or class, never its text. */
  readonly why: string
}

export const DONE: JobOutcome = { kind: 'done' }

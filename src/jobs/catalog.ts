import { z } from 'zod'
import { noticeJobSchema } from '../notices/deliver.ts'

/**
 * Every job of the worker: what it is told, how often and how long it is tried. Payloads hold opaque ids only; whatever names a
 * patient travels sealed (`sealed`). New fields must be optional, because jobs of an older version may still be waiting.
 */
export interface JobKind<P extends z.ZodType = z.ZodType> {
  readonly payload: P
  /** Tries before a person is told. An EHR that is down does not use them up (see `JobOutcome`). */
  readonly attempts: number
  /** Pause before the second try, in milliseconds; it doubles from try to try up to `mostBackoffMs`, half of it random. */
  readonly backoffMs: number
  readonly mostBackoffMs: number
  /** A try that takes longer counts as failed, in milliseconds. */
  readonly timeLimitMs: number
  /** Slow receivers of notices must not keep holds from expiring on time, so those have a line of their own. */
  readonly line: JobLine
}

/** The queues. */
export const JOB_LINES = ['work', 'notices'] as const
export type JobLine = (typeof JOB_LINES)[number]

const SECOND = 1000
const nothing = z.object({})
const sealed = z.object({ sealed: z.string() })
const quick = { attempts: 10, backoffMs: SECOND, mostBackoffMs: 30 * SECOND, timeLimitMs: 15 * SECOND, line: 'work' } as const
/** Repeats by itself; what fails now is tried again with the next round. */
const round = { attempts: 1, backoffMs: SECOND, mostBackoffMs: SECOND, line: 'work' } as const

export const CATALOG = {
  /** Ends a hold when it runs out. */
  'expire-hold': { ...quick, payload: z.object({ appointment_id: z.string(), expires: z.number() }) },
  /** Ends every hold that has run out, by a search in the EHR: makes up for jobs that were lost. */
  sweep: { ...round, payload: nothing, timeLimitMs: 60 * SECOND },
  /** Compares what the EHR holds with itself; repairs what is certain, escalates what is not. */
  reconcile: { ...round, payload: nothing, timeLimitMs: 10 * 60 * SECOND },
  /** Finds out what became of a write. */
  settle: { ...quick, payload: z.object({ receipt_id: z.string(), client_id: z.string(), since: z.number() }) },
  /** Makes a change that was accepted while the EHR was down. */
  'deferred-write': { ...quick, payload: sealed.extend({ receipt_id: z.string() }) },
  /** Puts something in front of a person that could not be written when it happened. */
  escalate: { ...quick, attempts: 50, mostBackoffMs: 60 * SECOND, payload: sealed },
  /** Tells one receiver of one event. How often and when is the handler's business: receivers are down for hours. */
  notice: { payload: noticeJobSchema, attempts: 5, backoffMs: 5 * SECOND, mostBackoffMs: 60 * SECOND, timeLimitMs: 20 * SECOND, line: 'notices' },
} as const satisfies Record<string, JobKind>

/** Jobs that repeat by themselves. */
export type RoundName = 'sweep' | 'reconcile'
export type JobName = keyof typeof CATALOG
export type JobPayload<N extends JobName> = z.infer<(typeof CATALOG)[N]['payload']>
export const JOB_NAMES = Object.keys(CATALOG) as JobName[]

/** Checks the payload of a job that comes out of the queue; `undefined` for one that this version does not understand. */
export function readPayload<N extends JobName>(name: N, data: unknown): JobPayload<N> | undefined {
  const result = CATALOG[name].payload.safeParse(data)
  return result.success ? (result.data as JobPayload<N>) : undefined
}

import { randomUUID } from 'node:crypto'
import { newCall } from '../booking/call.ts'
import { BookingError, OutcomeUnknown } from '../booking/errors.ts'
import type { Call } from '../booking/ports.ts'
import { JobRefused, type JobOutcome } from './handlers.ts'

/** The client under which the worker writes what nobody asked for (expiry, repairs). */
export const WORKER_CLIENT = 'gateway-worker'

/** Errors of an EHR that is down, busy or slow: no failure of the job. */
const TRANSIENT: readonly string[] = ['ehr_unavailable', 'contention']
/** Pause after one of them, in milliseconds, where the EHR names none; half of it random. */
const PAUSE_MS = 4_000
/** So long one round trip of the reconciliation may take, in milliseconds. */
const PATIENCE_MS = 15_000

/** A call of the worker, with the deadline that requests have. */
export function workerCall(clientId = WORKER_CLIENT): Call {
  return newCall(randomUUID(), clientId)
}

/** A call of the reconciliation. Nobody waits for it, and one reading that fails ends a pass of hundreds: a slow EHR is given time. */
export function patientCall(): Call {
  return { ...workerCall(), deadline: performance.now() + PATIENCE_MS, readWithinMs: PATIENCE_MS }
}

/**
 * Runs the work of a job in the EHR. An EHR that is down is waited for without using up tries, as long as it says with
 * Retry-After; a refusal ends the job.
 * @throws JobRefused with the error's code
 */
export async function inEhr(work: () => Promise<JobOutcome>): Promise<JobOutcome> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof OutcomeUnknown) return pause()
    if (!(error instanceof BookingError) || error.code === 'internal') throw error
    if (TRANSIENT.includes(error.code)) return pause(error.extras.retryAfterSeconds)
    throw new JobRefused(error.code)
  }
}

function pause(seconds?: number): JobOutcome {
  return { kind: 'later', afterMs: Math.max((seconds ?? 0) * 1000, PAUSE_MS / 2 + (Math.random() * PAUSE_MS) / 2) }
}

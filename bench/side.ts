import type { Action } from './plan.ts'
import type { BenchClient } from './client.ts'

/** An action of one patient, prepared down to the bytes, so that only sending and waiting is timed. */
export interface Task {
  /** @returns FHIR round trips it took */
  run(client: BenchClient): Promise<number>
  /** Checks the answer and remembers what later actions need, after the clock has stopped. */
  settle(): void
}

/** One of the two that are compared. */
export interface Side {
  readonly name: 'gateway' | 'bare'
  readonly origin: string
  prepare(action: Action, patient: number): Task
}

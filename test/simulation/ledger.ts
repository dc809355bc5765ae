import type { Call } from '../../src/booking/ports.ts'
import type { EpochMs } from '../../src/fhir/instant.ts'
import type { Answer, Request } from './act.ts'
import type { Cluster, GatewayProcess } from './cluster.ts'
import type { Deed } from './plan.ts'
import { Random } from './random.ts'

/** The gateway's own time limit for an answer, and how long a caller waits for one, in milliseconds. */
export const ANSWER_WITHIN_MS = 4_500
const CALLER_WAITS_MS = 6_000

/** One request that a gateway process got, and what became of it. */
export interface Attempt {
  readonly deed: Deed
  readonly requestId: string
  readonly process: GatewayProcess
  /** Absent for what nobody waits for, e.g. a sweep. */
  readonly request?: Request
  readonly invokedAt: EpochMs
  readonly invokedCommit: number
  returnedAt?: EpochMs
  returnedCommit?: number
  /** Absent: the caller heard nothing. */
  answer?: Answer
  /** What the caller was told later about an unknown outcome. */
  settled?: 'succeeded' | 'failed' | 'pending'
}

/** Who asked which process for what, and when; and a trace of all that for people. */
export class Ledger {
  readonly attempts: Attempt[] = []
  readonly byRequest = new Map<string, Attempt>()
  readonly trace: (line: string) => void
  readonly #cluster: Cluster
  readonly #seed: number

  constructor(cluster: Cluster, seed: number, trace?: (line: string) => void) {
    this.#cluster = cluster
    this.#seed = seed
    this.trace = (line) => {
      trace?.(`${cluster.time.passed.toFixed(1).padStart(9)} ms  ${line}`)
    }
  }

  begin(deed: Deed, requestId: string, process: GatewayProcess, request?: Request): Attempt {
    const { time, store } = this.#cluster
    const invoked = { invokedAt: time.now(), invokedCommit: store.commits }
    const attempt: Attempt = { deed, requestId, process, ...(request && { request }), ...invoked }
    this.attempts.push(attempt)
    this.byRequest.set(requestId, attempt)
    this.trace(`${requestId} asks ${process.name}`)
    return attempt
  }

  end(attempt: Attempt, answer: Answer): void {
    attempt.answer = answer
    attempt.returnedAt = this.#cluster.time.now()
    attempt.returnedCommit = this.#cluster.store.commits
  }

  call({ requestId }: Pick<Attempt, 'requestId'>, clientId = 'bot'): Call {
    return { requestId, clientId, deadline: performance.now() + ANSWER_WITHIN_MS, roundTrips: 0 }
  }

  /** Runs something in a process, by its clock and with a chance of its own. @returns `undefined` when nothing is heard in time */
  onBehalf<T>(process: GatewayProcess, deedId: number, number: number, work: () => Promise<T>): Promise<T | undefined> {
    const { time } = this.#cluster
    return new Promise((resolve) => {
      const begin = (): void => {
        const patience = time.after(CALLER_WAITS_MS, () => {
          resolve(undefined)
        })
        void work().then((value) => {
          patience.cancelled = true
          resolve(value)
        })
      }
      time.after(0, begin, { skewMs: process.skewMs, random: new Random(this.#seed, deedId, number) })
    })
  }
}

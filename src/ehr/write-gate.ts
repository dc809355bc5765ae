import { BookingError } from '../booking/errors.ts'
import type { WriteGate } from '../booking/ports.ts'
import type { Finding } from './doctor.ts'

const RETRY_MS = 5_000

/**
 * Keeps writes shut until the EHR was found to keep what the promises need. An EHR that is down is asked again every few
 * seconds; one that answers but fails a probe stays shut until it passes.
 */
export class ProbedWriteGate implements WriteGate {
  #state: 'unknown' | 'open' | 'refused' = 'unknown'
  #timer: NodeJS.Timeout | undefined
  readonly #examine: () => Promise<Finding[]>
  readonly #report: (findings: readonly Finding[]) => void

  /** @param report is told of every examination that failed, and of the first that passed */
  constructor(examine: () => Promise<Finding[]>, report: (findings: readonly Finding[]) => void) {
    this.#examine = examine
    this.#report = report
  }

  get state(): string {
    return this.#state
  }

  assertOpen(): void {
    if (this.#state === 'open') return
    throw new BookingError(
      'ehr_unavailable',
      this.#state === 'refused'
        ? 'This FHIR server does not keep what safe booking needs, so nothing is written to it. Run npm run doctor against it.'
        : 'The EHR was not reached yet. Nothing was written; try again.',
      { retryAfterSeconds: 5, unfit: this.#state === 'refused' },
    )
  }

  /** Examines now, and again until it passes. */
  async open(): Promise<void> {
    const findings = await this.#examine()
    const needs = findings.filter(({ isWarning }) => isWarning !== true)
    const failed = needs.filter(({ ok }) => !ok)
    this.#report(findings)
    this.#state = failed.length === 0 ? 'open' : needs.length === 1 ? 'unknown' : 'refused'
    if (this.#state !== 'open') this.#timer = setTimeout(() => void this.open(), RETRY_MS).unref()
  }

  close(): void {
    clearTimeout(this.#timer)
  }
}

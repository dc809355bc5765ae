import { buildAuditEvent, type AuditRecord } from '../fhir/audit-event.ts'
import type { AuditEvent } from 'fhir/r4.js'

/** Stores AuditEvents that belong to no write: look-ups and denials. */
export interface AuditSink {
  /** @returns whether they are stored */
  store(events: readonly AuditEvent[]): Promise<boolean>
}

/** More than this waiting means the EHR is down or somebody floods us; what comes on top is counted instead. */
const MOST_WAITING = 5_000
const BATCH = 100

/**
 * Writes look-ups and denials to the EHR beside the request path: they prove nothing a write depends on, and an attacker
 * who is refused must not be able to slow others down. The AuditEvents of writes are the receipts and stand in their transactions.
 */
export class AuditTrail {
  readonly #sink: AuditSink
  readonly #lost: (count: number) => void
  readonly #waiting: AuditEvent[] = []
  #running: Promise<void> | undefined

  /** @param lost called with the number of events that could not be kept */
  constructor(sink: AuditSink, lost: (count: number) => void) {
    this.#sink = sink
    this.#lost = lost
  }

  record(record: AuditRecord): void {
    if (this.#waiting.length >= MOST_WAITING) this.#lost(1)
    else this.#waiting.push(buildAuditEvent(record))
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined
    })
  }

  /** Waits until everything is written, at most `ms` milliseconds; for a graceful stop. */
  async flush(ms: number): Promise<void> {
    await Promise.race([this.#running, new Promise((resolve) => setTimeout(resolve, ms).unref())])
    if (this.#waiting.length > 0) this.#lost(this.#waiting.length)
  }

  async #drain(): Promise<void> {
    for (let failures = 0; this.#waiting.length > 0; ) {
      const events = this.#waiting.slice(0, BATCH)
      if (await this.#sink.store(events)) {
        this.#waiting.splice(0, events.length)
        failures = 0
      } else {
        failures++
        await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 500 * 2 ** failures)).unref())
      }
    }
  }
}

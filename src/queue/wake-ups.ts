import type { EpochMs } from '../fhir/instant.ts'
import type { UnsettledWrite, VisitEvent, WakeUps } from '../booking/ports.ts'
import type { JobQueue } from './job-queue.ts'

/** Jobs that may be on their way to Redis at a time; what comes on top while it hangs is dropped and found again by the sweep. */
const MOST_UNDER_WAY = 1_000
/** A write of unknown outcome is first looked up after this long, in milliseconds: nearly all have landed by then. */
const SETTLE_AFTER_MS = 2_000

/** Turns what happened into jobs, beside the request: nobody waits for Redis. */
export class QueuedWakeUps implements WakeUps {
  readonly #queue: JobQueue
  readonly #receivers: (event: VisitEvent) => readonly string[]
  readonly #lost: () => void
  #underWay = 0

  /**
   * @param receivers ids of the endpoints that are told of an event
   * @param lost called for every job that Redis did not take
   */
  constructor(queue: JobQueue, receivers: (event: VisitEvent) => readonly string[], lost: () => void) {
    this.#queue = queue
    this.#receivers = receivers
    this.#lost = lost
  }

  holdMade(appointmentId: string, expires: EpochMs): void {
    const job = { appointment_id: appointmentId, expires }
    this.#add(() => this.#queue.add('expire-hold', job, { delayMs: expires - Date.now(), once: `expire-${appointmentId}` }))
  }

  outcomeUnknown({ receiptId, clientId, since }: UnsettledWrite): void {
    const job = { receipt_id: receiptId, client_id: clientId, since }
    this.#add(() => this.#queue.add('settle', job, { delayMs: SETTLE_AFTER_MS, once: `settle-${receiptId}` }))
  }

  visitChanged(event: VisitEvent): void {
    for (const endpoint of this.#receivers(event)) {
      const once = `notice-${endpoint}-${event.appointmentId}-${event.version}`
      this.#add(() => this.#queue.add('notice', { endpoint_id: endpoint, event: { ...event } }, { once }))
    }
  }

  #add(add: () => Promise<void>): void {
    if (this.#underWay >= MOST_UNDER_WAY) {
      this.#lost()
      return
    }
    this.#underWay++
    add()
      .catch(this.#lost)
      .finally(() => this.#underWay--)
  }
}

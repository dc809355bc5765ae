import type { EpochMs } from '../fhir/instant.ts'
import type { UnsettledWrite, VisitEvent, WakeUps } from '../booking/ports.ts'
import type { NoticeJob } from '../notices/deliver.ts'
import type { EscalationEvent } from '../notices/notice.ts'
import type { JobQueue } from './job-queue.ts'

type NoticesOf = (event: VisitEvent | EscalationEvent) => readonly NoticeJob[]

/** Jobs that may be on their way to Redis at a time; what comes on top while it hangs is dropped and found again by the sweep. */
const MOST_UNDER_WAY = 1_000
/** The reconciliation tells again what it finds changed, a day back when a worker starts; receivers need not hear it twice. */
const TOLD_FOR_MS = 26 * 60 * 60_000
/** A write of unknown outcome is first looked up after this long, in milliseconds: nearly all have landed by then. */
const SETTLE_AFTER_MS = 2_000

/** Turns what happened into jobs, beside the request: nobody waits for Redis. */
export class QueuedWakeUps implements WakeUps {
  readonly #queue: JobQueue
  readonly #noticesOf: NoticesOf
  readonly #lost: () => void
  #underWay = 0

  /**
   * @param noticesOf who is told of an event
   * @param lost called for every job that Redis did not take
   */
  constructor(queue: JobQueue, noticesOf: NoticesOf, lost: () => void) {
    this.#queue = queue
    this.#noticesOf = noticesOf
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
    this.#tell(event)
  }

  escalated(event: EscalationEvent): void {
    this.#tell(event)
  }

  #tell(event: VisitEvent | EscalationEvent): void {
    for (const job of this.#noticesOf(event)) {
      this.#add(() => this.#queue.add('notice', job, { once: `${job.notice.id}-${job.endpointId}`, onceForMs: TOLD_FOR_MS }))
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

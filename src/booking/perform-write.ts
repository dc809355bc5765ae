import type { Appointment, AuditEvent, Basic, Bundle, Slot } from 'fhir/r4.js'
import { nextVersion } from '../fhir/appointment.ts'
import { readReceipt, type AuditedAction } from '../fhir/audit-event.ts'
import { digestOf } from '../fhir/ids.ts'
import type { EpochMs } from '../fhir/instant.ts'
import type { Directory } from '../scheduling/directory.ts'
import { goneSlot, readSlot, type WindowSlot } from '../scheduling/window.ts'
import { NEW_APPOINTMENT, receiptOnly, transactionOf } from '../scheduling/write.ts'
import { announced } from './announce.ts'
import type { BookingDeps } from './deps.ts'
import { BookingError, OutcomeUnknown } from './errors.ts'
import type { Call, CommitOutcome, ExtraRound, Queries, Reading } from './ports.ts'
import { RequestReceipt } from './request-receipt.ts'
import { fence } from './settle-outcome.ts'
import { appointmentQuery, ofType } from './window-queries.ts'

/** What an action makes of a reading. */
export type Plan =
  /** Write this. `key` names the request where the caller gave none. */
  | {
      readonly kind: 'commit'
      readonly key: string
      readonly appointment: Appointment
      readonly slots: readonly Slot[]
      readonly ended: readonly Appointment[]
      readonly guard?: Basic
    }
  /** It already is so. */
  | { readonly kind: 'done'; readonly appointment: Appointment }
  /** These Slots are needed as well before it can be decided. */
  | { readonly kind: 'read-slots'; readonly ids: readonly string[] }
  /** The reading contradicts itself: read once more. */
  | { readonly kind: 'torn-reading' }
  /** The Schedules have changed: read the directory anew and start over. */
  | { readonly kind: 'stale-directory' }

/** One write action: what it reads, and how it decides. Both are pure; reading, committing and settling are done here. */
export interface WriteRequest {
  readonly operation: AuditedAction
  /** The caller's idempotency key, if any. */
  readonly key: string | undefined
  /** What is asked, in full: the same key with another digest is refused. */
  readonly requestDigest: string
  queries(directory: Directory): Queries
  /** @throws BookingError for a refusal */
  plan(reading: Reading, directory: Directory, extraSlots: readonly WindowSlot[]): Plan
}

/** How a write ended. */
export interface WriteResult {
  /** The Appointment as it stands now, with its version. */
  readonly appointment: Appointment
  readonly now: EpochMs
  /** Whether an earlier request had already had this effect. */
  readonly replayed: boolean
}

type Decided = Extract<Plan, { kind: 'commit' | 'done' }>

/** Lost races before giving up with `contention`. Losing to the same rival twice is rare, four times means something else is wrong. */
const MAX_ATTEMPTS = 5
/** Errors that say nothing about the state of the EHR. */
const NO_VERDICT: readonly string[] = ['ehr_unavailable', 'contention', 'ehr_rejected']
/** Refusals that come from the state of the visit a request is about. */
const ABOUT_THE_VISIT: readonly string[] = ['not_found', 'invalid_transition', 'version_mismatch', 'hold_expired']

/**
 * Read, decide, commit; after a conflict or an unknown outcome read again and decide anew. Safe to repeat, because the
 * receipt is create-only: whichever send takes effect first shuts out all others, also one that is still on its way.
 * @throws BookingError a refusal; `contention` after several lost races; `ehr_unavailable` when certainly nothing was written
 * @throws OutcomeUnknown when the deadline comes before certainty
 */
export async function performWrite(deps: BookingDeps, request: WriteRequest, call: Call): Promise<WriteResult> {
  deps.writes.assertOpen()
  return announced(deps.wakeUps, request.operation, call, () => new WriteAttempt(deps, request, call).run())
}

class WriteAttempt {
  readonly #deps: BookingDeps
  readonly #request: WriteRequest
  readonly #call: Call
  readonly #receipt: RequestReceipt
  /** A send whose outcome nobody knows: from then on no failure may be reported, only certainty. */
  #unsettled = false
  /** Whether the receipt was missing in what the last decision rests on. */
  #withoutReceipt = false
  /** `performance.now()` before which the EHR does not want to be asked again. */
  #notBefore = 0

  constructor(deps: BookingDeps, request: WriteRequest, call: Call) {
    this.#deps = deps
    this.#request = request
    this.#call = call
    this.#receipt = new RequestReceipt(call, request)
  }

  async run(): Promise<WriteResult> {
    try {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        const result = await this.#attempt()
        if (typeof result !== 'string') return result
        const pauseMs = this.#pauseMs(attempt)
        if (attempt === MAX_ATTEMPTS || this.#timeLeft() - pauseMs < 50) break
        this.#deps.extraRound?.(result)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    } catch (error) {
      if (!(error instanceof BookingError)) throw error
      if (this.#unsettled || this.#mayStillLand(error)) return this.#settleRefusal(error)
      return this.#unlessDone(error)
    }
    if (this.#unsettled) throw this.#unknown()
    throw new BookingError(
      'contention',
      'The time is still free, but other writes got in between several times. Nothing was written; send the same request again.',
      { retryAfterSeconds: 1 },
    )
  }

  /**
   * Whether an earlier request under the same key, whose answer never came, could still take effect in spite of this refusal. Nobody
   * remembers whether there was one. One fence is enough: who sees it and sends again knows his own send.
   */
  #mayStillLand(refusal: BookingError): boolean {
    return refusal.extras.mayStillLand === true && this.#request.key !== undefined && this.#receipt.isFirst
  }

  /**
   * A refusal is no verdict on a send that is still unsettled: it was decided on a state in which that send may yet land.
   * Fencing it off makes the refusal true; where that fails, the send has landed or nobody knows.
   */
  async #settleRefusal(refusal: BookingError): Promise<WriteResult> {
    if (NO_VERDICT.includes(refusal.code)) throw this.#unknown()
    const outcome = await this.#deps.ehr.commit(fence(this.#receipt.id ?? '', Date.now(), this.#call), this.#call)
    if (outcome.kind === 'committed') throw refusal
    const reading = await this.#read({}).catch(() => undefined)
    const [event] = ofType(reading?.all('receipt') ?? [], 'AuditEvent')
    if (!event || !reading) throw this.#unknown()
    // Somebody who asked for the operation has fenced it off already.
    if (!readReceipt(event)) throw refusal
    return this.#landed(event, reading.now)
  }

  /**
   * Refuses, unless the same request has taken effect while this one was reading: its receipt may have been looked for a moment before,
   * and the visit read after it and after whatever came next. A claim notices that by itself.
   */
  async #unlessDone(refusal: BookingError): Promise<WriteResult> {
    if (this.#request.key === undefined || !this.#withoutReceipt || !ABOUT_THE_VISIT.includes(refusal.code)) throw refusal
    const reading = await this.#read({})
    const [event] = ofType(reading.all('receipt'), 'AuditEvent')
    const result = event && (await this.#replay(event, reading.now))
    if (result !== undefined && typeof result !== 'string') return result
    throw refusal
  }

  /** The write stands; if only the visit cannot be read now, that is no failure. */
  async #landed(event: AuditEvent, now: EpochMs): Promise<WriteResult> {
    try {
      const result = await this.#replay(event, now)
      if (typeof result !== 'string') return result
    } catch (error) {
      if (!(error instanceof BookingError) || error.code === 'idempotency_key_reused') throw error
    }
    throw this.#unknown()
  }

  #unknown(): OutcomeUnknown {
    const waitMs = this.#notBefore - performance.now()
    return new OutcomeUnknown(this.#receipt.id ?? '', waitMs > 0 ? Math.ceil(waitMs / 1000) : undefined)
  }

  /** One round of read, decide, commit. @returns the end of it, or why it takes one more */
  async #attempt(): Promise<WriteResult | ExtraRound> {
    const snapshot = await this.#deps.directories.current(this.#call)
    const reading = await this.#read(this.#request.queries(snapshot.directory))
    const [event] = ofType(reading.all('receipt'), 'AuditEvent')
    this.#withoutReceipt = event === undefined
    if (event) return this.#replay(event, reading.now)
    // The receipt is absent, so an unsettled send has not taken effect so far, and the next one shuts it out or is shut out by it.
    const plan = await this.#plan(reading, snapshot.directory)
    if (typeof plan === 'string') return plan
    if (plan.kind === 'done') return this.#done(plan.appointment, reading.now)
    return this.#commit(plan, reading.now)
  }

  async #read(queries: Queries): Promise<Reading> {
    const { id } = this.#receipt
    return this.#deps.ehr.batch(id === undefined ? queries : { ...queries, receipt: { kind: 'read', type: 'AuditEvent', id } }, this.#call)
  }

  async #replay(event: AuditEvent, now: EpochMs): Promise<WriteResult | 'fenced'> {
    const receipt = readReceipt(event)
    if (!receipt) {
      // Fenced off: that send never took effect and never will, so the request may be made again under a new receipt.
      this.#receipt.openNext()
      this.#unsettled = false
      return 'fenced'
    }
    // A key that was derived here names the request in full; only a caller can use one twice.
    if (this.#request.key !== undefined && receipt.requestDigest !== this.#request.requestDigest) {
      throw new BookingError(
        'idempotency_key_reused',
        'This idempotency key was used for a different request. Use a new key for a new request.',
        { path: 'idempotency_key' },
      )
    }
    return { appointment: await this.#appointment(receipt.appointmentId), now, replayed: !this.#unsettled }
  }

  /**
   * Answers with what is already so. Under a caller's key that outcome is made lasting by a receipt of its own:
   * a late repeat of the request must not act after things have moved on.
   */
  async #done(appointment: Appointment, now: EpochMs): Promise<WriteResult | ExtraRound> {
    const result = { appointment, now, replayed: !this.#unsettled }
    if (this.#request.key === undefined) return result
    const outcome = await this.#send(receiptOnly(this.#receipt.build(appointment, appointment.meta?.versionId ?? '', now)))
    return outcome.kind === 'committed' ? result : outcome.kind
  }

  async #appointment(id: string): Promise<Appointment> {
    const reading = await this.#deps.ehr.batch({ appointment: appointmentQuery(id, false) }, this.#call)
    const [appointment] = ofType(reading.all('appointment'), 'Appointment')
    if (!appointment)
      throw new BookingError('not_found', 'The appointment that this request made was since removed from the EHR. Ask staff.')
    return appointment
  }

  async #plan(reading: Reading, directory: Directory): Promise<Decided | ExtraRound> {
    const plan = this.#request.plan(reading, directory, [])
    if (plan.kind === 'stale-directory') {
      await this.#deps.directories.refresh(this.#call, directory)
      return 'stale-directory'
    }
    if (plan.kind === 'torn-reading') return 'torn'
    if (plan.kind !== 'read-slots') return plan
    const more = await this.#deps.ehr.batch({ slots: { kind: 'search', type: 'Slot', params: [['_id', plan.ids]] } }, this.#call)
    const extra = ofType(more.all('slots'), 'Slot')
      .map(readSlot)
      .filter((slot) => slot !== undefined)
    // A Slot that was deleted meanwhile does not come; there is nothing to give back on it.
    const second = this.#request.plan(reading, directory, [
      ...extra,
      ...plan.ids.filter((id) => !extra.some((slot) => slot.id === id)).map(goneSlot),
    ])
    return second.kind === 'commit' || second.kind === 'done' ? second : 'torn'
  }

  async #commit(plan: Extract<Plan, { kind: 'commit' }>, now: EpochMs): Promise<WriteResult | ExtraRound> {
    this.#receipt.nameIt(plan.key)
    const receipt = this.#receipt.build(plan.appointment, nextVersion(plan.appointment), now)
    const outcome = await this.#send(transactionOf({ ...plan, receipt }))
    if (outcome.kind !== 'committed') return outcome.kind
    return { appointment: committedAppointment(plan.appointment, outcome), now, replayed: false }
  }

  /** Sends a transaction. What is certainly not written is an error; a conflict or an unknown outcome leads to another round. */
  async #send(transaction: Bundle): Promise<Extract<CommitOutcome, { kind: 'committed' | 'conflict' | 'unknown' }>> {
    const outcome = await this.#deps.ehr.commit(transaction, this.#call)
    if (outcome.kind === 'unknown') {
      this.#unsettled = true
      this.#notBefore = performance.now() + (outcome.retryAfterSeconds ?? 0) * 1000
    }
    if (outcome.kind === 'unavailable') {
      throw new BookingError('ehr_unavailable', 'The EHR did not take the request. Nothing was written; try again.', {
        retryAfterSeconds: outcome.retryAfterSeconds,
      })
    }
    if (outcome.kind === 'rejected') {
      throw new BookingError('ehr_rejected', 'The EHR refused to store the change. Nothing was written; staff must look at it.')
    }
    return outcome
  }

  #timeLeft(): number {
    return this.#call.deadline - performance.now()
  }

  /** Losers of one race would meet again at once; a few random milliseconds let one of them through. An EHR that asks for more gets it. */
  #pauseMs(attempt: number): number {
    return Math.max(Math.random() * 10 * attempt, this.#notBefore - performance.now())
  }
}

/** Digest of what a request asks, in full. */
export function requestDigest(...parts: readonly string[]): string {
  return digestOf(...parts).toString('hex')
}

function committedAppointment(sent: Appointment, outcome: Extract<CommitOutcome, { kind: 'committed' }>): Appointment {
  const written = outcome.versions.get(sent.id === undefined ? NEW_APPOINTMENT : `Appointment/${sent.id}`)
  if (!written) throw new Error('the EHR answered a transaction without the Appointment that was in it')
  return { ...sent, id: written.id, meta: { ...sent.meta, versionId: written.version } }
}

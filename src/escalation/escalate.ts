import type { Task } from 'fhir/r4.js'
import { assertNamedPatientExists, namedPatientQuery } from '../booking/caller.ts'
import { BookingError, OutcomeUnknown } from '../booking/errors.ts'
import { existingQuery } from '../booking/existing-appointment.ts'
import { requestDigest } from '../booking/perform-write.ts'
import type { Call, Queries, Reading } from '../booking/ports.ts'
import { ofType } from '../booking/window-queries.ts'
import type { EscalationReason } from '../clinic/escalation.ts'
import { buildAuditEvent, readEscalationReceipt } from '../fhir/audit-event.ts'
import { escalationId, receiptId } from '../fhir/ids.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { token, type EhrQuery } from '../fhir/query.ts'
import { buildTask, readTask } from '../fhir/task.ts'
import { ESCALATION_ID_SYSTEM } from '../fhir/vocabulary.ts'
import { NEW_TASK, newTask } from '../scheduling/task-write.ts'
import { dueTime } from './due.ts'
import type { EscalationDeps, EscalationRequest } from './ports.ts'
import { reasonNamed, tellLost, tellPatient } from './reasons.ts'
import { subjectOf, type Subject } from './subject.ts'

export type { EscalationDeps, EscalationRequest } from './ports.ts'

/** Something that is in front of a person. */
export interface Escalation {
  /** `Task.identifier` */
  readonly escalationId: string
  /** `Task.restriction.period.end` */
  readonly due: EpochMs
  readonly reason: EscalationReason
  /** Whether it still waits for a person; a repetition may find it done. */
  readonly open: boolean
  /** What to tell the patient. */
  readonly message: string
  /** Whether it stood before. */
  readonly replayed: boolean
}

/** Lost races before giving up: identical triggers meet here, and the first winner ends it for all. */
const MAX_ATTEMPTS = 5

/**
 * Puts something in front of a person: one Task and its receipt in one transaction, two round trips. The same key finds the
 * first Task again. Safe to repeat, also after an unknown outcome, because the receipt is create-only.
 *
 * A Task that was closed stays the answer to its key. That needs no special case here: whoever wants it looked at anew uses a
 * new key (`triggers.ts` does).
 * @throws BookingError `invalid_request` (reason, patient), `not_found` (a caller's foreign visit), `idempotency_key_reused`;
 *   `ehr_unavailable`, `contention`, `ehr_rejected` when nothing was written
 * @throws OutcomeUnknown when the deadline comes before certainty
 */
export async function escalate(deps: EscalationDeps, request: EscalationRequest, call: Call): Promise<Escalation> {
  const named = reasonNamed(deps.mapping, request.reason)
  const reason = { ...named, priority: request.priority ?? named.priority }
  deps.writes.assertOpen()
  // Identical triggers tend to come at once: those of this process wait for the first, and then find what it made.
  const escalation = await deps.turnstile.pass(escalationId(request.key), call.deadline, () =>
    new EscalationAttempt(deps, request, reason, call).run(),
  )
  deps.observe(reason.code, escalation.replayed ? 'repeated' : 'created')
  if (!escalation.replayed) {
    deps.announce({ kind: 'escalated', escalationId: escalation.escalationId, reason: reason.code, priority: reason.priority })
  }
  return escalation
}

class EscalationAttempt {
  readonly #deps: EscalationDeps
  readonly #request: EscalationRequest
  readonly #reason: EscalationReason
  readonly #call: Call
  readonly #id: string
  readonly #receiptId: string
  readonly #digest: string
  /** A send whose outcome nobody knows: from then on no failure may be reported, only certainty. */
  #unsettled = false

  constructor(deps: EscalationDeps, request: EscalationRequest, reason: EscalationReason, call: Call) {
    this.#deps = deps
    this.#request = request
    this.#reason = reason
    this.#call = call
    this.#id = escalationId(request.key)
    this.#receiptId = receiptId({ clientId: '', operation: 'escalate', key: request.key })
    this.#digest = requestDigest('escalate', request.reason, request.appointmentId ?? '', request.patient ?? '')
  }

  async run(): Promise<Escalation> {
    try {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        const result = await this.#attempt()
        if (result) return result
        if (this.#call.deadline - performance.now() < 50) break
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * attempt))
      }
    } catch (error) {
      throw this.#unsettled && error instanceof BookingError ? new OutcomeUnknown(this.#receiptId) : error
    }
    if (this.#unsettled) throw new OutcomeUnknown(this.#receiptId)
    throw new BookingError('contention', 'Other writes got in between several times. Nothing was written; send the same request again.', {
      retryAfterSeconds: 1,
    })
  }

  /** One round of look, then write; `undefined` means: once more. */
  async #attempt(): Promise<Escalation | undefined> {
    const reading = await this.#deps.ehr.batch(this.#queries(), this.#call)
    const standing = this.#standing(reading)
    if (standing) return standing
    const { caller } = this.#request
    if (caller) assertNamedPatientExists(reading, caller)
    return this.#create(subjectOf(this.#request, reading), reading.now)
  }

  #queries(): Queries {
    const { appointmentId, caller } = this.#request
    const visit = appointmentId === undefined ? undefined : this.#visitQuery(appointmentId)
    return {
      task: { kind: 'search', type: 'Task', params: [['identifier', token(ESCALATION_ID_SYSTEM, this.#id)]] },
      receipt: { kind: 'read', type: 'AuditEvent', id: this.#receiptId },
      ...(visit && { appointment: visit }),
      ...(caller && namedPatientQuery(caller)),
    }
  }

  /** @throws BookingError `not_found` for a caller's text that is no id; one of the gateway's own is only not looked for */
  #visitQuery(appointmentId: string): EhrQuery | undefined {
    try {
      return existingQuery({ appointmentId, what: 'appointment' }, false)
    } catch (error) {
      if (this.#request.caller) throw error
      return undefined
    }
  }

  /** The Task or its receipt says that it was made; a Task that staff removed since is answered for by the receipt. */
  #standing(reading: Reading): Escalation | undefined {
    const [event] = ofType(reading.all('receipt'), 'AuditEvent')
    const [resource] = ofType(reading.all('task'), 'Task')
    const receipt = event && readEscalationReceipt(event)
    if (!receipt && !resource) return undefined
    // The gateway's own triggers name themselves in full; only a caller can use a key twice.
    if (this.#request.caller && receipt && receipt.requestDigest !== this.#digest) {
      throw new BookingError(
        'idempotency_key_reused',
        'This idempotency key was used for a different request. Use a new key for a new request.',
        { path: 'idempotency_key' },
      )
    }
    const task = resource && readTask(resource)
    const due = task?.due ?? dueTime(receipt?.recorded ?? reading.now, this.#reason, this.#deps.mapping)
    return this.#escalation(due, task?.open ?? false, !this.#unsettled)
  }

  async #create(subject: Subject, now: EpochMs): Promise<Escalation | undefined> {
    const due = dueTime(now, this.#reason, this.#deps.mapping)
    const receipt = buildAuditEvent({
      action: 'escalate',
      recorded: now,
      clientId: this.#request.clientId,
      requestId: this.#request.requestId,
      ...(subject.patient !== undefined && { patient: subject.patient }),
      escalation: {
        escalationId: this.#id,
        reference: NEW_TASK,
        requestDigest: this.#digest,
        ...(subject.focus?.reference !== undefined && { about: subject.focus.reference }),
      },
    })
    const transaction = newTask(this.#task(subject, now, due), { ...receipt, id: this.#receiptId })
    const outcome = await this.#deps.ehr.commit(transaction, this.#call)
    switch (outcome.kind) {
      case 'committed':
        return this.#escalation(due, true, false)
      case 'unknown':
        this.#unsettled = true
        return undefined
      case 'conflict':
        return undefined
      case 'unavailable':
        throw new BookingError('ehr_unavailable', 'The EHR did not take the request. Nothing was written; try again.', {
          retryAfterSeconds: outcome.retryAfterSeconds,
        })
      case 'rejected':
        throw new BookingError('ehr_rejected', 'The EHR refused to store the Task. Nothing was written; tell staff by phone.', {
          spoken: tellLost(this.#deps.mapping),
        })
    }
  }

  #task(subject: Subject, now: EpochMs, due: EpochMs): Task {
    const { code, title, tellStaff, priority, channel } = this.#reason
    return buildTask(
      {
        escalationId: this.#id,
        reason: { code, title, description: tellStaff ?? title },
        priority,
        channel,
        clientId: this.#request.clientId,
        ...subject,
        trail: this.#request.trail,
        authored: now,
        due,
      },
      this.#deps.mapping.clinic.timeZone,
    )
  }

  #escalation(due: EpochMs, open: boolean, replayed: boolean): Escalation {
    const message = tellPatient(this.#deps.mapping, this.#reason, due, open)
    return { escalationId: this.#id, due, reason: this.#reason, open, message, replayed }
  }
}

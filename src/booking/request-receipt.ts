import type { Appointment, AuditEvent } from 'fhir/r4.js'
import { appointmentIdOf, patientOf } from '../fhir/appointment.ts'
import { buildAuditEvent, type AuditedAction } from '../fhir/audit-event.ts'
import { receiptId } from '../fhir/ids.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { NEW_APPOINTMENT } from '../scheduling/write.ts'
import type { Call } from './ports.ts'

/** The receipt of one request: the id that every send of it shares, and what it says. */
export class RequestReceipt {
  readonly #call: Call
  readonly #request: { readonly operation: AuditedAction; readonly key: string | undefined; readonly requestDigest: string }
  /** What names this request: the caller's key from the start, otherwise what the first plan derives. */
  #name: string | undefined
  /** Counts receipts of this request that were fenced off (see settle-outcome.ts): each opens a new one. */
  #generation = 0

  constructor(call: Call, request: { operation: AuditedAction; key: string | undefined; requestDigest: string }) {
    this.#call = call
    this.#request = request
    if (request.key !== undefined) this.#name = `key ${request.key}`
  }

  /** `AuditEvent.id`; `undefined` as long as the request has no name. */
  get id(): string | undefined {
    if (this.#name === undefined) return undefined
    const key = this.#generation === 0 ? this.#name : `${this.#name} again ${this.#generation}`
    return receiptId({ clientId: this.#call.clientId, operation: this.#request.operation, key })
  }

  get isFirst(): boolean {
    return this.#generation === 0
  }

  /** Gives it the name that a plan derived, where it has none yet. */
  nameIt(derived: string): void {
    this.#name ??= `auto ${derived}`
  }

  /** The one that was sent never took effect and never will: the request may be made again under a new one. */
  openNext(): void {
    this.#generation++
  }

  /** @param version `meta.versionId` of the Appointment that the write leaves behind */
  build(appointment: Appointment, version: string, now: EpochMs): AuditEvent {
    const patient = patientOf(appointment)
    const event = buildAuditEvent({
      action: this.#request.operation,
      recorded: now,
      clientId: this.#call.clientId,
      requestId: this.#call.requestId,
      ...(patient !== undefined && { patient }),
      appointment: {
        appointmentId: appointmentIdOf(appointment) ?? '',
        reference: appointment.id === undefined ? NEW_APPOINTMENT : `Appointment/${appointment.id}`,
        version,
        requestDigest: this.#request.requestDigest,
      },
    })
    return { ...event, id: this.id ?? '' }
  }
}

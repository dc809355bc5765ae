import type { Appointment, AuditEvent, Basic, Bundle, BundleEntry, CodeableConcept, FhirResource, Slot, Task } from 'fhir/r4.js'
import { appointmentIdOf, claimedSlotIds, withCancelled } from '../fhir/appointment.ts'
import { withClaim, withoutClaim, type SlotClaim } from '../fhir/slot-claim.ts'
import { APPOINTMENT_ID_SYSTEM, HOLD_END_SYSTEM } from '../fhir/vocabulary.ts'
import { token } from '../fhir/query.ts'
import type { ClaimSet } from './claim-set.ts'
import type { WindowSlot } from './window.ts'

/** How the hold's end is coded in `Appointment.cancelationReason`. */
export function holdEnd(code: 'released' | 'expired'): CodeableConcept {
  return { coding: [{ system: HOLD_END_SYSTEM, code }] }
}

/** One atomic write: the Appointment, the Slots that change with it, holds that end for it, and the receipt. */
export interface Write {
  /** Absent only where claims are given back that no Appointment stands behind. */
  readonly appointment?: Appointment
  readonly slots: readonly Slot[]
  /** Expired holds of others that end in the same transaction. */
  readonly ended: readonly Appointment[]
  readonly receipt: AuditEvent
  /** Where the write gives a patient time: it meets every other such write for him. */
  readonly guard?: Basic
}

/** `urn:uuid:` of the entry that creates the Appointment, for references within the transaction. */
export const NEW_APPOINTMENT = 'urn:uuid:5f0c7a3e-6a53-4a39-9a5e-1d6f0b7a2c41'

/**
 * The Slots after a claim: what the set contains carries the claim, what the Appointment (or a hold that ended for it)
 * had before and no longer needs is free again. A Slot that somebody else has changed meanwhile is left alone.
 */
export function claimSlots(set: ClaimSet, claim: Omit<SlotClaim, 'status'>, known: readonly WindowSlot[]): Slot[] {
  const status = claim.until === undefined ? 'busy' : 'busy-tentative'
  const claimed = [
    ...set.own.map((slot) => withClaim(slot.resource, { ...claim, status })),
    ...set.blocked.map((slot) => withClaim(slot.resource, { ...claim, status: 'busy-unavailable' })),
  ]
  const taken = new Set(claimed.map((slot) => slot.id))
  const leavers = [claim.appointmentId, ...set.expired.map((appointment) => appointmentIdOf(appointment) ?? '')]
  return [
    ...claimed,
    ...freedSlots(
      known.filter((slot) => !taken.has(slot.id)),
      leavers,
    ),
  ]
}

/** The Slots given back by Appointments that leave them: exactly those that still carry their claim. */
export function freedSlots(known: readonly WindowSlot[], leavers: readonly string[]): Slot[] {
  return known.filter((slot) => slot.claim && leavers.includes(slot.claim.appointmentId)).map((slot) => withoutClaim(slot.resource))
}

/** Ids of Slots that an Appointment claims and that were not read yet. */
export function unreadSlots(appointments: readonly Appointment[], known: readonly WindowSlot[]): string[] {
  const read = new Set(known.map((slot) => slot.id))
  return [...new Set(appointments.flatMap(claimedSlotIds))].filter((id) => !read.has(id))
}

/**
 * The FHIR transaction of a write. Every change carries `If-Match`, the receipt and a new Appointment are create-only.
 * Slots stand sorted by id: writers that lock rows in one order cannot deadlock.
 */
export function transactionOf(write: Write): Bundle {
  const slots = [...write.slots].sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1))
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      createOnly(write.receipt),
      ...(write.guard ? [write.guard.meta?.versionId === undefined ? createOnly(write.guard) : update(write.guard)] : []),
      ...(write.appointment ? [write.appointment.id === undefined ? creation(write.appointment) : update(write.appointment)] : []),
      ...write.ended.map((appointment) => update(withCancelled(appointment, holdEnd('expired')))),
      ...slots.map(update),
    ],
  }
}

/** A transaction that leaves a receipt and nothing else. */
export function receiptOnly(receipt: AuditEvent): Bundle {
  return { resourceType: 'Bundle', type: 'transaction', entry: [createOnly(receipt)] }
}

/** HAPI creates at `W/"0"` when the id is absent and answers 409 when it ever existed, deleted ones too. */
export function createOnly(resource: AuditEvent | Basic): BundleEntry {
  return { resource, request: { method: 'PUT', url: urlOf(resource), ifMatch: 'W/"0"' } }
}

function creation(appointment: Appointment): BundleEntry {
  const id = appointmentIdOf(appointment) ?? ''
  return {
    fullUrl: NEW_APPOINTMENT,
    resource: appointment,
    request: { method: 'POST', url: 'Appointment', ifNoneExist: `identifier=${encodeURIComponent(token(APPOINTMENT_ID_SYSTEM, id))}` },
  }
}

/** A change of what was read at that very version. */
export function update(resource: Appointment | Slot | Basic | Task): BundleEntry {
  const version = resource.meta?.versionId
  if (version === undefined) throw new Error(`${resource.resourceType} was read without a version and cannot be changed safely`)
  return { resource, request: { method: 'PUT', url: urlOf(resource), ifMatch: `W/"${version}"` } }
}

function urlOf(resource: FhirResource): string {
  if (resource.id === undefined) throw new Error(`${resource.resourceType} has no id`)
  return `${resource.resourceType}/${resource.id}`
}

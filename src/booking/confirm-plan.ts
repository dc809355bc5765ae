import type { Appointment, Basic } from 'fhir/r4.js'
import type { VisitType } from '../clinic/mapping.ts'
import { appointmentIdOf, withBooked, withSlots } from '../fhir/appointment.ts'
import { referencedId } from '../fhir/references.ts'
import { spanOf, type Window, type WindowSlot } from '../scheduling/window.ts'
import { claimOffer, commitPlan } from './claim-plan.ts'
import { BookingError } from './errors.ts'
import type { Plan } from './perform-write.ts'

/**
 * Turns a live hold into a booking. The time is claimed anew on what was just read, so a Slot that the EHR took away
 * or a visit that the front desk entered meanwhile makes it `slot_taken` instead of a double booking.
 */
export function confirmPlan(input: {
  appointment: Appointment
  type: VisitType
  window: Window
  known: readonly WindowSlot[]
  /**
   * Also where the hold has its patient already: from the moment it runs out it no longer keeps him from another visit at that time,
   * and a confirmation that was decided before may arrive after.
   */
  guarded: { readonly patient: string; readonly guard: Basic | undefined }
}): Plan {
  const { appointment, type, window } = input
  const appointmentId = appointmentIdOf(appointment) ?? ''
  const slotId = referencedId(appointment.slot?.[0], 'Slot')
  const span = spanOf(appointment)
  if (slotId === undefined || !span)
    throw new BookingError('slot_taken', 'The hold lost its time: its Slot or start was changed in the EHR.')
  const set = claimOffer(window, { slotId, start: span.start, type }, appointmentId)
  const booked = withSlots(
    withBooked(appointment),
    set.own.map((slot) => slot.id),
    set.blocked.map((slot) => slot.id),
  )
  const version = appointment.meta?.versionId ?? ''
  const { guarded } = input
  return commitPlan(
    // The patient too: two who confirm one hold that has none yet do not ask the same.
    { key: `${guarded.patient} ${appointmentId} ${version}`, set, appointment: booked, appointmentId, leaving: appointment, guarded },
    input.known,
  )
}

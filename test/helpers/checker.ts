import type { Appointment, Slot } from 'fhir/r4.js'
import { appointmentIdOf, claimedSlotIds } from '../../src/fhir/appointment.ts'
import { parseInstant } from '../../src/fhir/instant.ts'
import { readClaim } from '../../src/fhir/slot-claim.ts'
import type { Fhir } from './fhir.ts'

const LIVE = ['pending', 'booked', 'arrived', 'checked-in', 'fulfilled']

/** What the EHR holds of some Schedules, and every way in which it breaks the promises. */
export interface Verdict {
  readonly appointments: readonly Appointment[]
  readonly live: readonly Appointment[]
  readonly slots: readonly Slot[]
  readonly violations: readonly string[]
}

/**
 * Reads the EHR itself, past the gateway, and proves for these Schedules and actors: no overlapping live visits of one actor,
 * every live Appointment's Slots claimed by it, no claim without a live Appointment.
 * @param graceForExpired expired holds may still stand until a sweep or a taker ends them
 */
export async function checkEhr(fhir: Fhir, scheduleIds: readonly string[], actors: readonly string[]): Promise<Verdict> {
  const slots = await fhir.search('Slot', `schedule=${scheduleIds.map((id) => `Schedule/${id}`).join(',')}`)
  const appointments = await fhir.search('Appointment', `actor=${actors.join(',')}`)
  const live = appointments.filter((appointment) => LIVE.includes(appointment.status))
  return {
    appointments,
    live,
    slots,
    violations: [...overlappingVisits(live, actors), ...unclaimedSlots(live, slots), ...orphanClaims(live, slots)],
  }
}

function overlappingVisits(live: readonly Appointment[], actors: readonly string[]): string[] {
  const found: string[] = []
  for (const actor of actors) {
    const visits = live
      .filter((visit) => visit.participant.some((participant) => participant.actor?.reference === actor))
      .map((visit) => ({ id: visit.id ?? '', start: parseInstant(visit.start) ?? 0, end: parseInstant(visit.end) ?? 0 }))
      .sort((a, b) => a.start - b.start)
    for (const [index, visit] of visits.entries()) {
      const next = visits[index + 1]
      if (next && next.start < visit.end) found.push(`${actor}: Appointment/${visit.id} and Appointment/${next.id} overlap`)
    }
  }
  return found
}

function unclaimedSlots(live: readonly Appointment[], slots: readonly Slot[]): string[] {
  const byId = new Map(slots.map((slot) => [slot.id, slot]))
  return live.flatMap((appointment) => {
    const id = appointmentIdOf(appointment)
    if (id === undefined) return []
    const own = (appointment.slot ?? []).map((reference) => reference.reference?.split('/')[1] ?? '')
    return claimedSlotIds(appointment).flatMap((slotId) => {
      const slot = byId.get(slotId)
      if (!slot) return []
      const wanted = own.includes(slotId) ? (appointment.status === 'pending' ? 'busy-tentative' : 'busy') : 'busy-unavailable'
      const claim = readClaim(slot)
      return claim?.appointmentId === id && slot.status === wanted
        ? []
        : [`Slot/${slotId} is ${slot.status} for ${claim?.appointmentId ?? 'nobody'}, not ${wanted} for ${id}`]
    })
  })
}

function orphanClaims(live: readonly Appointment[], slots: readonly Slot[]): string[] {
  const claimedBy = new Map(live.map((appointment) => [appointmentIdOf(appointment), new Set(claimedSlotIds(appointment))]))
  return slots.flatMap((slot) => {
    const claim = readClaim(slot)
    if (!claim)
      return slot.extension?.some((extension) => extension.url.includes('slot-claim'))
        ? [`Slot/${slot.id ?? ''} has an unreadable claim`]
        : []
    // The EHR set another status over the claim: what is left of it says nothing any more.
    if (claim.status !== slot.status && slot.status !== 'free') return []
    return claimedBy.get(claim.appointmentId)?.has(slot.id ?? '')
      ? []
      : [`Slot/${slot.id ?? ''} (${slot.status}) carries an orphan claim of ${claim.appointmentId}`]
  })
}

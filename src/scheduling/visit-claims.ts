import type { Appointment, Slot } from 'fhir/r4.js'
import { appointmentIdOf, claimedSlotIds, holdExpiresOf } from '../fhir/appointment.ts'
import { formatUtc } from '../fhir/instant.ts'
import { referencedId } from '../fhir/references.ts'
import { withClaim, withoutClaim, type ClaimedStatus } from '../fhir/slot-claim.ts'
import { doubtAbout, repairOf, type Finding } from './finding.ts'
import { overlaps } from './interval.ts'
import { holderOf, isHold, type Sighting } from './sighting.ts'
import type { VisitPlace } from './visit-place.ts'
import { isExpiredHold, type WindowSlot, type WindowVisit } from './window.ts'

/** The Slot as the visit has to claim it: what it uses `busy` (a hold: `busy-tentative`, and until when), what it blocks `busy-unavailable`. */
export function claimedFor(appointment: Appointment, slot: WindowSlot, use: 'own' | 'blocked', version: string): Slot {
  const until = appointment.status === 'pending' ? holdExpiresOf(appointment) : undefined
  const used: ClaimedStatus = appointment.status === 'pending' ? 'busy-tentative' : 'busy'
  const status = use === 'own' ? used : 'busy-unavailable'
  return withClaim(slot.resource, {
    appointmentId: appointmentIdOf(appointment) ?? '',
    status,
    version,
    ...(until !== undefined && { until }),
  })
}

/**
 * Compares the Slots that a visit names, at its place, with the claims on them. A Slot that the EHR itself has set busy is left:
 * the time is kept by it. One that is free again is claimed anew, unless somebody else is there meanwhile.
 */
export function claimFindings(seen: Sighting, appointment: Appointment, place: VisitPlace, claims: readonly WindowSlot[]): Finding[] {
  const names = claimedSlotIds(appointment)
  const strays = claims.filter((slot) => !names.includes(slot.id))
  const lost = place.named.filter((slot) => slot.end > seen.window.now && !carries(slot, appointment))
  const fates = lost.map((slot) => ({ slot, fate: fateOf(slot, seen, place) }))
  const again = fates.filter(({ fate }) => fate === 'claim').map(({ slot }) => slot)
  const repairs = again.length + strays.length === 0 ? [] : [mend(appointment, again, strays)]
  return [...repairs, ...fates.flatMap(({ slot, fate }) => (typeof fate === 'object' ? [claimLost(appointment, fate.to, slot)] : []))]
}

function mend(appointment: Appointment, again: readonly WindowSlot[], strays: readonly WindowSlot[]): Finding {
  const appointmentId = appointmentIdOf(appointment) ?? ''
  const version = appointment.meta?.versionId ?? ''
  const claimed = again.map((slot) => claimedFor(appointment, slot, useOf(slot, appointment), version))
  const slots = [...claimed, ...strays.map((slot) => withoutClaim(slot.resource))]
  const kind = again.length > 0 ? 'reclaimed' : 'freed'
  return repairOf({ kind, appointmentId, appointment, slots }, [appointment, ...[...again, ...strays].map((slot) => slot.resource)])
}

function claimLost(appointment: Appointment, other: Appointment, slot: WindowSlot): Finding {
  const mark = `${appointment.id ?? ''} ${slot.id} ${formatUtc(slot.start)}`
  return doubtAbout('claim_lost', [appointment, other], [slot.resource], mark)
}

/** `claim`: take it back · `leave`: the EHR keeps it, or it is decided elsewhere · otherwise whom it was lost to. */
function fateOf(slot: WindowSlot, seen: Sighting, place: VisitPlace): 'claim' | 'leave' | { readonly to: Appointment } {
  const holder = slot.claim?.appointmentId
  if (holder === place.appointmentId) return 'claim'
  if (holder !== undefined) {
    const owner = holderOf(slot, seen)
    return owner ? { to: owner } : 'leave'
  }
  if (slot.status !== 'free') return 'leave'
  const there = visitsOver(slot, seen, place)
  const stranger = there.find((visit) => !overlaps(visit, place.span) && !isHold(visit.appointment))
  if (stranger) return { to: stranger.appointment }
  // Whoever overlaps the visit itself is a doubt of its own already, and a hold will be gone.
  return there.length > 0 ? 'leave' : 'claim'
}

/** Other live visits of those who take part, at the time of the Slot. */
function visitsOver(slot: WindowSlot, { window }: Sighting, place: VisitPlace): WindowVisit[] {
  return window.visits.filter(
    (visit) =>
      overlaps(visit, slot) &&
      visit.actors.some((actor) => place.actors.includes(actor)) &&
      appointmentIdOf(visit.appointment) !== place.appointmentId &&
      !isExpiredHold(visit.appointment, window.now),
  )
}

function carries(slot: WindowSlot, appointment: Appointment): boolean {
  const { claim } = slot
  const pending = appointment.status === 'pending'
  const wanted = useOf(slot, appointment) === 'blocked' ? 'busy-unavailable' : pending ? 'busy-tentative' : 'busy'
  const until = pending ? holdExpiresOf(appointment) : undefined
  return claim?.appointmentId === appointmentIdOf(appointment) && claim?.status === wanted && claim.until === until
}

function useOf(slot: WindowSlot, appointment: Appointment): 'own' | 'blocked' {
  return appointment.slot?.some((reference) => referencedId(reference, 'Slot') === slot.id) ? 'own' : 'blocked'
}

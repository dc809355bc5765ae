import type { Appointment, Slot } from 'fhir/r4.js'
import { appointmentIdOf, claimedSlotIds, holdExpiresOf } from '../fhir/appointment.ts'
import type { EpochMs } from '../fhir/instant.ts'
import type { Directory } from './directory.ts'
import { buildWindow, LIVE_STATUSES, type Window, type WindowSlot } from './window.ts'

/** What reconciliation has read of some visits, ended ones too, in the order that makes it evidence: Appointments after the Slots. */
export interface Sighting {
  readonly window: Window
  /** The Appointments that the gateway made, by its id: nearly always one. */
  readonly own: ReadonlyMap<string, readonly Appointment[]>
  /** The Slots that carry a claim, by the gateway's id of the Appointment. */
  readonly claims: ReadonlyMap<string, readonly WindowSlot[]>
}

/** Puts together what was read. No resource may be in it twice. */
export function sightingOf(now: EpochMs, directory: Directory, slots: readonly Slot[], appointments: readonly Appointment[]): Sighting {
  const window = buildWindow(now, directory, slots, appointments)
  return { window, own: grouped(appointments, appointmentIdOf), claims: grouped(window.slots, (slot) => slot.claim?.appointmentId) }
}

/** What else has to be read before these visits can be judged. */
export interface Unread {
  /** Gateway ids of visits, and of others that claim the Slots of these. */
  readonly appointmentIds: readonly string[]
  readonly slotIds: readonly string[]
}

/** The Slots that the visits name, their own Appointments, and those of others who claim these Slots. */
export function unreadOf(seen: Sighting, judged: Iterable<string>): Unread {
  const appointmentIds = new Set<string>()
  const slotIds = new Set<string>()
  const need = (id: string | undefined): void => {
    if (id !== undefined && !seen.own.has(id)) appointmentIds.add(id)
  }
  for (const id of judged) {
    need(id)
    for (const slotId of (seen.own.get(id) ?? []).flatMap(claimedSlotIds)) {
      const slot = seen.window.slotsById.get(slotId)
      if (slot) need(slot.claim?.appointmentId)
      else slotIds.add(slotId)
    }
  }
  return { appointmentIds: [...appointmentIds], slotIds: [...slotIds] }
}

/**
 * Whether it is a hold, run out or not. A hold is no visit yet: it ends by itself, and its confirmation is refused where somebody else
 * is there meanwhile. So it is never worth a doubt, and whatever it is in the way of can wait.
 */
export function isHold(appointment: Appointment): boolean {
  return appointment.status === 'pending' && holdExpiresOf(appointment) !== undefined
}

/** The live visit that stands behind the claim on a Slot, and names the Slot; a hold is none. */
export function holderOf(slot: WindowSlot, { own }: Sighting): Appointment | undefined {
  const holders = own.get(slot.claim?.appointmentId ?? '') ?? []
  return holders.find((visit) => LIVE_STATUSES.includes(visit.status) && !isHold(visit) && claimedSlotIds(visit).includes(slot.id))
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

import type { Appointment } from 'fhir/r4.js'
import { appointmentIdOf } from '../fhir/appointment.ts'
import type { EpochMs } from '../fhir/instant.ts'
import type { ScheduleInfo } from './directory.ts'
import { MINUTE, overlaps, pad, type Interval } from './interval.ts'
import { hasLapsed, isExpiredHold, type Window, type WindowSlot } from './window.ts'

/** A wish: this length of visit, starting with this Slot. */
export interface ClaimWish {
  readonly slotId: string
  /** The start the caller was offered; the Slot must still begin then. */
  readonly start: EpochMs
  readonly minutes: number
  readonly bufferBeforeMinutes: number
  readonly bufferAfterMinutes: number
  /** The Appointment that wishes: what it already has does not stand in its own way. */
  readonly self?: string
}

/** Everything one visit claims: all or nothing, in one transaction. */
export interface ClaimSet {
  readonly kind: 'claim'
  readonly visit: Interval
  readonly schedule: ScheduleInfo
  /** The Slots the visit uses, in order: the chain from its start to its end. */
  readonly own: readonly WindowSlot[]
  /** Free Slots that must not be used by others: buffers, and other Schedules of the same actors. */
  readonly blocked: readonly WindowSlot[]
  /** Holds that have run out and stand in the way; they end in the same transaction. */
  readonly expired: readonly Appointment[]
}

/** Why a wish cannot be had: the Slot is not there any more as offered, or something else has the time. */
export interface ClaimRefusal {
  readonly kind: 'moved' | 'taken'
  /** No Slot is in the way, only entries of the front desk, which claim none: no version tells a writer of them. */
  readonly byDeskOnly?: boolean
}

/**
 * The claim set of a wish: every Slot of every Schedule of the same exclusive actors that overlaps
 * `[start - buffer before, end + buffer after)`. Two visits for overlapping time of one actor therefore always
 * write at least one common Slot, and `If-Match` lets one of them win.
 */
export function claimSet(window: Window, wish: ClaimWish): ClaimSet | ClaimRefusal {
  const target = window.slotsById.get(wish.slotId)
  const schedule = target && window.directory.schedules.get(target.scheduleId)
  if (!target || !schedule || target.start !== wish.start) return { kind: 'moved' }
  const visit = { start: wish.start, end: wish.start + wish.minutes * MINUTE }
  const own = chainFrom(target, visit, window, wish)
  if (!own) return { kind: 'taken' }
  const padded = pad(visit, wish.bufferBeforeMinutes, wish.bufferAfterMinutes)
  const blocked = blockedBy(own, visit, padded, schedule, window, wish)
  const inTheWay = visitsInTheWay(padded, schedule, window, wish)
  if (!blocked) return { kind: 'taken' }
  const live = inTheWay.filter((appointment) => !isExpiredHold(appointment, window.now))
  if (live.length > 0) return { kind: 'taken', byDeskOnly: live.every((appointment) => appointmentIdOf(appointment) === undefined) }
  return { kind: 'claim', visit, schedule, own, blocked, expired: inTheWay }
}

/** Whether a Slot may be claimed: free, held by a hold that has run out, or already one's own. */
export function isAvailable(slot: WindowSlot, now: EpochMs, self?: string): boolean {
  if (slot.status === 'free') return true
  if (!slot.claim) return false
  return slot.claim.appointmentId === self || hasLapsed(slot.claim, now)
}

/** Adjacent available Slots of one Schedule that cover the visit; `undefined` when the chain breaks. */
function chainFrom(first: WindowSlot, visit: Interval, window: Window, wish: ClaimWish): WindowSlot[] | undefined {
  if (!isAvailable(first, window.now, wish.self)) return undefined
  const slots = window.slotsBySchedule.get(first.scheduleId) ?? []
  const chain = [first]
  for (let end = first.end; end < visit.end; ) {
    const next = slots.find((slot) => slot.start === end && isAvailable(slot, window.now, wish.self))
    if (!next) return undefined
    chain.push(next)
    end = next.end
  }
  return chain
}

/** The other Slots the visit must block; `undefined` when one of them belongs to somebody. */
function blockedBy(
  own: readonly WindowSlot[],
  visit: Interval,
  padded: Interval,
  schedule: ScheduleInfo,
  window: Window,
  wish: ClaimWish,
): WindowSlot[] | undefined {
  const blocked: WindowSlot[] = []
  for (const sibling of window.directory.siblings(schedule)) {
    for (const slot of window.slotsBySchedule.get(sibling.id) ?? []) {
      if (!overlaps(slot, padded) || own.includes(slot)) continue
      if (isAvailable(slot, window.now, wish.self)) blocked.push(slot)
      else if (!isPause(slot) || overlaps(slot, visit)) return undefined
    }
  }
  return blocked
}

/** Time the EHR itself keeps free of visits (lunch, end of day): a buffer may reach into it, a visit may not. */
function isPause(slot: WindowSlot): boolean {
  return slot.status === 'busy-unavailable' && !slot.claim
}

/** Live Appointments of the same actors, with or without Slots, so that entries of the front desk block too. */
function visitsInTheWay(padded: Interval, schedule: ScheduleInfo, window: Window, wish: ClaimWish): Appointment[] {
  return window.visits
    .filter((visit) => overlaps(visit, padded) && visit.actors.some((actor) => schedule.exclusiveActors.includes(actor)))
    .map((visit) => visit.appointment)
    .filter((appointment) => wish.self === undefined || appointmentIdOf(appointment) !== wish.self)
}

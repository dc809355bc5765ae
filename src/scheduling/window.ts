import type { Appointment, Slot } from 'fhir/r4.js'
import { appointmentIdOf, claimedSlotIds, holdExpiresOf } from '../fhir/appointment.ts'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'
import { referencedId } from '../fhir/references.ts'
import { readClaim, type SlotClaim } from '../fhir/slot-claim.ts'
import type { Directory } from './directory.ts'
import { MINUTE, overlaps, type Interval } from './interval.ts'

/** A Slot with what the rules need of it, read once. */
export interface WindowSlot extends Interval {
  readonly id: string
  readonly scheduleId: string
  readonly status: Slot['status']
  /** The gateway's claim, where it still stands as it was set. */
  readonly claim: SlotClaim | undefined
  readonly resource: Slot
}

/** A live Appointment with the actors it keeps busy. */
export interface WindowVisit extends Interval {
  readonly appointment: Appointment
  readonly actors: readonly string[]
}

/** What was read of the EHR around a time, at one moment of the EHR's clock. Every rule decides on one of these. */
export interface Window {
  readonly now: EpochMs
  readonly directory: Directory
  readonly slots: readonly WindowSlot[]
  readonly slotsById: ReadonlyMap<string, WindowSlot>
  readonly slotsBySchedule: ReadonlyMap<string, readonly WindowSlot[]>
  readonly visits: readonly WindowVisit[]
}

/** Statuses of Appointments that keep their actors busy. `proposed` and `waitlist` have no time of their own yet. */
export const LIVE_STATUSES: readonly Appointment['status'][] = ['pending', 'booked', 'arrived', 'checked-in', 'fulfilled']

/** An Appointment without end or duration blocks this long, in minutes. */
const ASSUMED_MINUTES = 30

/** Builds the window from resources. Slots and Appointments whose times are not instants cannot be placed and are left out. */
export function buildWindow(now: EpochMs, directory: Directory, slots: readonly Slot[], appointments: readonly Appointment[]): Window {
  const parsed = slots
    .map(readSlot)
    .filter((slot) => slot !== undefined)
    .sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1))
  return {
    now,
    directory,
    slots: parsed,
    slotsById: new Map(parsed.map((slot) => [slot.id, slot])),
    slotsBySchedule: Map.groupBy(parsed, (slot) => slot.scheduleId),
    visits: appointments.flatMap((appointment) => {
      const span = LIVE_STATUSES.includes(appointment.status) ? spanOf(appointment) : undefined
      return span ? [{ ...span, appointment, actors: actorsOf(appointment, directory) }] : []
    }),
  }
}

/**
 * Slots in the span whose live claim does not fit the window's Appointments: there is none, it is older than the claim, or it no longer
 * has the Slot. The queries of a batch are no snapshot: HAPI may answer one before and one after another's commit. A second reading tells
 * such a tear from a claim that is really orphaned.
 */
export function unexplainedClaims(window: Window, span: Interval): WindowSlot[] {
  const visits = new Map(window.visits.map(({ appointment }) => [appointmentIdOf(appointment), appointment]))
  const isUnexplained = (slotId: string, claim: SlotClaim): boolean =>
    !hasLapsed(claim, window.now) && !fits(slotId, claim, visits.get(claim.appointmentId))
  return window.slots.filter((slot) => slot.claim && overlaps(slot, span) && isUnexplained(slot.id, slot.claim))
}

function fits(slotId: string, claim: SlotClaim, visit: Appointment | undefined): boolean {
  return visit !== undefined && Number(visit.meta?.versionId) >= Number(claim.version) && claimedSlotIds(visit).includes(slotId)
}

/** Whether the claim of a hold has run out. */
export function hasLapsed(claim: SlotClaim, now: EpochMs): boolean {
  return claim.until !== undefined && claim.until <= now
}

/** The time an Appointment takes; `undefined` when it has no start that can be read. */
export function spanOf(appointment: Appointment): Interval | undefined {
  const start = parseInstant(appointment.start)
  if (start === undefined) return undefined
  const end = parseInstant(appointment.end)
  return { start, end: end !== undefined && end > start ? end : start + (appointment.minutesDuration ?? ASSUMED_MINUTES) * MINUTE }
}

/** Whether the Appointment is a hold of the gateway that has run out at the given moment. */
export function isExpiredHold(appointment: Appointment, now: EpochMs): boolean {
  const expires = holdExpiresOf(appointment)
  return appointment.status === 'pending' && expires !== undefined && expires <= now
}

/** Reads one Slot; `undefined` when it has no id, Schedule or times, or was entered in error. */
export function readSlot(slot: Slot): WindowSlot | undefined {
  const start = parseInstant(slot.start)
  const end = parseInstant(slot.end)
  const scheduleId = referencedId(slot.schedule, 'Schedule')
  if (slot.id === undefined || start === undefined || end === undefined || end <= start || scheduleId === undefined) return undefined
  if (slot.status === 'entered-in-error') return undefined
  const claim = readClaim(slot)
  // A Slot whose status is not the claim's was changed by the EHR afterwards; the claim no longer speaks for it.
  return {
    id: slot.id,
    scheduleId,
    start,
    end,
    status: slot.status,
    resource: slot,
    claim: claim?.status === slot.status ? claim : undefined,
  }
}

/** Stands for a Slot that no longer exists, so that it is not asked for again. */
export function goneSlot(id: string): WindowSlot {
  return {
    id,
    scheduleId: '',
    start: 0,
    end: 0,
    status: 'entered-in-error',
    claim: undefined,
    resource: { resourceType: 'Slot', id, status: 'entered-in-error', schedule: {}, start: '', end: '' },
  }
}

function actorsOf(appointment: Appointment, directory: Directory): string[] {
  const taking = appointment.participant.filter((participant) => participant.status !== 'declined')
  return [...directory.busyActors(taking.map((participant) => participant.actor))]
}

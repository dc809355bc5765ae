import type { Appointment, Schedule, Slot } from 'fhir/r4.js'
import type { ClinicMapping } from '../clinic/mapping.ts'
import { claimedSlotIds, nextVersion, visitTypeOf, withSlots } from '../fhir/appointment.ts'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'
import { referencedId } from '../fhir/references.ts'
import { withoutClaim } from '../fhir/slot-claim.ts'
import { doubtAbout, repairOf, type Finding } from './finding.ts'
import { pad } from './interval.ts'
import { overlapDoubts } from './overlaps.ts'
import { isHold, type Sighting } from './sighting.ts'
import { claimedFor, claimFindings } from './visit-claims.ts'
import { actorState, placeState, takePlace, type VisitPlace } from './visit-place.ts'
import { isExpiredHold, LIVE_STATUSES, type WindowSlot } from './window.ts'

/**
 * Everything that is wrong with these visits (by the gateway's id), and every overlap in what was read. What can be put right with
 * certainty is a repair, everything else a doubt: see docs/decisions/0011. Whoever asks has read all that `unreadOf` names.
 */
export function findingsOn(seen: Sighting, judged: Iterable<string>, mapping: ClinicMapping): Finding[] {
  const found = [...new Set(judged)].flatMap((id) => judge(seen, id, mapping)).filter(isWorthIt)
  return [...found, ...overlapDoubts(seen.window).filter((overlap) => !isExplained(overlap, found))]
}

/** A doubt about a hold is none, whoever else is part of it; of two with one id one has to be more than that. */
function isWorthIt(found: Finding): boolean {
  if (found.kind !== 'doubt') return true
  const appointments = found.restsOn.filter((resource) => resource.resourceType === 'Appointment')
  return !(found.doubt.kind === 'duplicate_identifier' ? appointments : appointments.slice(0, 1)).every(isHold)
}

/** An overlap that comes of a visit moved onto taken time is put before staff once, as that. */
function isExplained(overlap: Finding, found: readonly Finding[]): boolean {
  return found.some(
    (other) =>
      other.kind === 'doubt' &&
      overlap.kind === 'doubt' &&
      other.doubt.kind === 'moved_onto_taken' &&
      overlap.doubt.appointmentIds.every((id) => other.doubt.appointmentIds.includes(id)),
  )
}

function judge(seen: Sighting, appointmentId: string, mapping: ClinicMapping): Finding[] {
  const matches = seen.own.get(appointmentId) ?? []
  const claims = seen.claims.get(appointmentId) ?? []
  const [appointment] = matches
  if (!appointment || matches.every(({ status }) => !LIVE_STATUSES.includes(status))) return freeAll(appointmentId, appointment, claims)
  if (matches.length > 1) return [doubtAbout('duplicate_identifier', matches, [], appointmentId)]
  // Until somebody ends it, its claims count as free everywhere: that is the business of the expiry.
  if (isExpiredHold(appointment, seen.window.now)) return []
  const place = placeOf(seen, appointment, appointmentId, mapping)
  if (!place) return claims.length > 0 ? [placeChanged(appointment, claims)] : []
  const state = placeState(place, seen.window.directory)
  if (state === 'in-place') return claimFindings(seen, appointment, place, claims)
  if (state === 'unknown' || isChangedUnder(seen, appointment, place, claims)) return [placeChanged(appointment, place.named)]
  return follow(seen, appointment, place, claims)
}

/** Claims that no live visit stands behind. */
function freeAll(appointmentId: string, appointment: Appointment | undefined, claims: readonly WindowSlot[]): Finding[] {
  if (claims.length === 0) return []
  const slots = claims.map((slot) => withoutClaim(slot.resource))
  const restsOn = [...(appointment ? [appointment] : []), ...claims.map((slot) => slot.resource)]
  return [repairOf({ kind: 'freed', appointmentId, ...(appointment && { appointment }), slots }, restsOn)]
}

/** The front desk has put the visit elsewhere: its claims follow, in one transaction. */
function follow(seen: Sighting, appointment: Appointment, place: VisitPlace, claims: readonly WindowSlot[]): Finding[] {
  const restsOn = [appointment, ...place.named.map((slot) => slot.resource)]
  const taken = takePlace(seen, place)
  if (taken.kind === 'wait') return [{ kind: 'wait', restsOn }]
  if (taken.kind === 'taken') {
    const others = taken.visits.map((visit) => visit.appointment)
    const slots = taken.slots.map((slot) => slot.resource)
    const doubt = doubtAbout('moved_onto_taken', [appointment, ...others], slots, `${appointment.id ?? ''} ${appointment.start ?? ''}`)
    return [{ ...doubt, restsOn }]
  }
  const { own, blocked } = taken
  const ids = (slots: readonly WindowSlot[]) => slots.map((slot) => slot.id)
  const version = nextVersion(appointment)
  const claimed = [
    // One that the EHR keeps busy for the visit stays as the EHR has set it.
    ...own.filter((slot) => slot.status === 'free' || slot.claim).map((slot) => claimedFor(appointment, slot, 'own', version)),
    ...blocked.map((slot) => claimedFor(appointment, slot, 'blocked', version)),
  ]
  const freed = claims.filter((slot) => !own.includes(slot) && !blocked.includes(slot)).map((slot) => withoutClaim(slot.resource))
  const moved = withSlots(appointment, ids(own), ids(blocked))
  const appointmentId = place.appointmentId
  return [repairOf({ kind: 'moved', appointmentId, appointment: moved, slots: [...claimed, ...freed] }, restsOn)]
}

function placeChanged(appointment: Appointment, slots: readonly WindowSlot[]): Finding {
  const resources = slots.map((slot) => slot.resource)
  return doubtAbout('place_changed', [appointment], resources, `${appointment.id ?? ''} ${appointment.start ?? ''}`)
}

/** Whether it was not the visit that was changed, but its Slots or Schedules after it. */
function isChangedUnder(seen: Sighting, appointment: Appointment, place: VisitPlace, claims: readonly WindowSlot[]): boolean {
  const since = lastUpdated(appointment)
  const schedules = place.own.map((slot) => seen.window.directory.schedules.get(slot.scheduleId))
  return (
    isUntouched(appointment, claims) ||
    place.own.some((slot) => claims.includes(slot) && lastUpdated(slot.resource) > since) ||
    schedules.some((schedule) => schedule && lastUpdated(schedule.resource) > since && actorState(schedule, place.actors) === 'replaced')
  )
}

/** Whether nobody has changed the visit since it set one of these claims. */
export function isUntouched(appointment: Appointment, claims: readonly WindowSlot[]): boolean {
  return claims.some((slot) => slot.claim?.version === appointment.meta?.versionId)
}

function lastUpdated(resource: Appointment | Slot | Schedule): EpochMs {
  return parseInstant(resource.meta?.lastUpdated) ?? 0
}

/** `undefined` for a visit without a start. */
function placeOf(seen: Sighting, appointment: Appointment, appointmentId: string, mapping: ClinicMapping): VisitPlace | undefined {
  const visit = seen.window.visits.find((candidate) => candidate.appointment === appointment)
  if (!visit) return undefined
  const type = mapping.visitTypes.find((candidate) => candidate.code === visitTypeOf(appointment))
  const existing = (ids: readonly string[]) =>
    ids
      .map((id) => seen.window.slotsById.get(id))
      .filter((slot) => slot !== undefined)
      .sort((a, b) => a.start - b.start)
  const uses = (appointment.slot ?? []).map((reference) => referencedId(reference, 'Slot')).filter((id) => id !== undefined)
  const own = existing(uses)
  return {
    appointmentId,
    span: { start: visit.start, end: visit.end },
    padded: pad(visit, type?.bufferBeforeMinutes ?? 0, type?.bufferAfterMinutes ?? 0),
    actors: visit.actors,
    own,
    named: existing(claimedSlotIds(appointment)),
    complete: own.length === uses.length,
  }
}

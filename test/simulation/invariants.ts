import type { Appointment, Slot } from 'fhir/r4.js'
import type { ClinicMapping } from '../../src/clinic/mapping.ts'
import { appointmentIdOf, claimedSlotIds, patientOf, visitTypeOf } from '../../src/fhir/appointment.ts'
import type { EpochMs } from '../../src/fhir/instant.ts'
import { referencedId } from '../../src/fhir/references.ts'
import { readClaim } from '../../src/fhir/slot-claim.ts'
import { DAY, overlaps, pad, type Interval } from '../../src/scheduling/interval.ts'
import { isExpiredHold, LIVE_STATUSES, spanOf } from '../../src/scheduling/window.ts'
import type { MemoryStore } from './memory-store.ts'
import { busyActors } from './world.ts'

/** A visit or hold of the gateway that keeps its actors busy. */
interface LiveVisit {
  readonly id: string
  readonly appointment: Appointment
  readonly span: Interval
  /** With its buffers. */
  readonly padded: Interval
  readonly actors: readonly string[]
  readonly patient: string | undefined
}

/** What has to be true of an EHR at every moment, and every way in which it is not. */
export function brokenInvariants(store: MemoryStore, mapping: ClinicMapping, options: { buffers: boolean }): string[] {
  const now = store.now()
  const standing = store.all('Appointment').filter((visit) => LIVE_STATUSES.includes(visit.status) && appointmentIdOf(visit) !== undefined)
  // A hold that has run out may have lost Slots to somebody who needed them; it is dead although nobody wrote that down yet.
  const unexpired = standing.filter((visit) => !isExpiredHold(visit, now))
  const live = unexpired.map((visit) => liveVisit(visit, mapping))
  return [
    ...doubleBookings(live, options.buffers),
    ...unclaimedSlots(store, unexpired),
    ...orphanClaims(store, standing),
    ...patientRules(live, mapping, now),
    ...twoWithOneId(store),
  ]
}

function liveVisit(appointment: Appointment, mapping: ClinicMapping): LiveVisit {
  const span = spanOf(appointment) ?? { start: 0, end: 0 }
  const type = mapping.visitTypes.find(({ code }) => code === visitTypeOf(appointment))
  return {
    id: appointmentIdOf(appointment) ?? '',
    appointment,
    span,
    padded: pad(span, type?.bufferBeforeMinutes ?? 0, type?.bufferAfterMinutes ?? 0),
    actors: busyActors(appointment),
    patient: patientOf(appointment),
  }
}

/** P1: no two live visits of one practitioner or room at one time, nor one within the buffer of another. */
function doubleBookings(live: readonly LiveVisit[], buffers: boolean): string[] {
  return pairs(live).flatMap(([a, b]) => {
    const shared = a.actors.filter((actor) => b.actors.includes(actor))
    const meet = buffers ? overlaps(a.padded, b.span) || overlaps(a.span, b.padded) : overlaps(a.span, b.span)
    return shared.length > 0 && meet ? [`double booking of ${shared.join(', ')}: ${a.id} and ${b.id}`] : []
  })
}

/** Every visit has what it claims, in the status that it stands for. */
function unclaimedSlots(store: MemoryStore, standing: readonly Appointment[]): string[] {
  return standing.flatMap((visit) => {
    const own = (visit.slot ?? []).map((reference) => referencedId(reference, 'Slot'))
    return claimedSlotIds(visit).flatMap((id) => {
      const slot = store.get('Slot', id)
      const wanted = own.includes(id) ? (visit.status === 'pending' ? 'busy-tentative' : 'busy') : 'busy-unavailable'
      const claim = slot && readClaim(slot)
      return claim?.appointmentId === appointmentIdOf(visit) && slot?.status === wanted
        ? []
        : [`Slot/${id} is ${slot?.status ?? 'gone'} for ${claim?.appointmentId ?? 'nobody'}, not ${wanted} for ${appointmentIdOf(visit) ?? ''}`]
    })
  })
}

/** Every claim has a visit that stands, and every Slot still has what the clinic wrote on it. */
function orphanClaims(store: MemoryStore, standing: readonly Appointment[]): string[] {
  const claims = new Map(standing.map((visit) => [appointmentIdOf(visit), claimedSlotIds(visit)]))
  return store.all('Slot').flatMap((slot: Slot) => {
    const id = slot.id ?? ''
    const claim = readClaim(slot)
    const kept = slot.comment !== undefined && slot.extension?.some(({ valueString }) => valueString === 'keep me') === true
    return [
      ...(kept ? [] : [`Slot/${id} has lost what the clinic wrote on it`]),
      ...(claim && claims.get(claim.appointmentId)?.includes(id) !== true ? [`Slot/${id} carries an orphan claim of ${claim.appointmentId}`] : []),
      ...(!claim && slot.status !== 'free' && slot.status !== 'busy' ? [`Slot/${id} is ${slot.status} for nobody`] : []),
    ]
  })
}

/** The clinic's rules about one patient. */
function patientRules(live: readonly LiveVisit[], mapping: ClinicMapping, now: EpochMs): string[] {
  const found: string[] = []
  for (const [patient, visits] of Map.groupBy(live, (visit) => visit.patient)) {
    if (patient === undefined) continue
    const holds = visits.filter(({ appointment }) => appointment.status === 'pending' && !isExpiredHold(appointment, now))
    if (holds.length > mapping.holds.perPatient) found.push(`${patient} has ${holds.length} holds`)
    for (const [a, b] of pairs(visits)) {
      if (overlaps(a.span, b.span)) found.push(`${patient} has ${a.id} and ${b.id} at one time`)
      const code = visitTypeOf(a.appointment)
      const gap = (mapping.visitTypes.find((type) => type.code === code)?.minDaysBetween ?? 0) * DAY
      if (code === visitTypeOf(b.appointment) && Math.abs(a.span.start - b.span.start) < gap)
        found.push(`${patient} has ${a.id} and ${b.id} of one type too soon after each other`)
    }
  }
  return found
}

function twoWithOneId(store: MemoryStore): string[] {
  const ids = store.all('Appointment').flatMap((visit) => appointmentIdOf(visit) ?? [])
  return ids.filter((id, index) => ids.indexOf(id) < index).map((id) => `two Appointments are ${id}`)
}

function pairs<T>(list: readonly T[]): [T, T][] {
  return list.flatMap((a, index) => list.slice(index + 1).map((b): [T, T] => [a, b]))
}

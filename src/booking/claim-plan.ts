import type { Appointment, Basic, Reference } from 'fhir/r4.js'
import type { ClinicMapping, VisitType } from '../clinic/mapping.ts'
import { buildAppointment, nextVersion, type Modality } from '../fhir/appointment.ts'
import { parseCodingToken } from '../fhir/codings.ts'
import { formatInstant, type EpochMs } from '../fhir/instant.ts'
import { buildGuard } from '../fhir/patient-guard.ts'
import { referenceText } from '../fhir/references.ts'
import { claimSet, type ClaimSet } from '../scheduling/claim-set.ts'
import type { ScheduleInfo } from '../scheduling/directory.ts'
import { MINUTE, pad, type Interval } from '../scheduling/interval.ts'
import { servesType, timePolicy, typePolicy, type Policy } from '../scheduling/policies.ts'
import type { Window, WindowSlot } from '../scheduling/window.ts'
import { claimSlots, unreadSlots } from '../scheduling/write.ts'
import { BookingError } from './errors.ts'
import type { Plan } from './perform-write.ts'
import type { SlotOffer } from './slot-id.ts'

/** The time an offer claims, buffers included. */
export function offerSpan(offer: Pick<SlotOffer, 'start' | 'type'>): Interval {
  const { start, type } = offer
  return pad({ start, end: start + type.minutes * MINUTE }, type.bufferBeforeMinutes, type.bufferAfterMinutes)
}

/**
 * The claim set of an offer, or the refusal.
 * @throws BookingError `slot_taken` when it cannot be had, `policy_refused` when the clinic's rules say no
 */
export function claimOffer(window: Window, offer: Pick<SlotOffer, 'slotId' | 'start' | 'type'>, self?: string): ClaimSet {
  const set = claimSet(window, { slotId: offer.slotId, start: offer.start, ...offer.type, ...(self !== undefined && { self }) })
  if (set.kind === 'claim') return set
  throw new BookingError(
    'slot_taken',
    set.kind === 'moved' ? 'That time is no longer offered: its Slot was moved or removed in the EHR.' : 'That time has been taken.',
    set.byDeskOnly === true ? { mayStillLand: true } : {},
  )
}

/** @throws BookingError `policy_refused` when the clinic's rules on time or visit type forbid the offer */
export function assertOfferAllowed(offer: SlotOffer, set: ClaimSet, now: EpochMs): void {
  const policy = timePolicy(offer.start, now, offer.type) ?? typePolicy(offer.type)
  if (policy) throw policyRefused(policy)
  const first = set.own[0]
  if (!first || !servesType(first.resource, set.schedule, offer.type)) throw policyRefused('provider_not_for_type')
}

/** Each rule of the clinic, for the developer whose request it has refused. */
export const POLICY_DETAILS: Readonly<Record<Policy, string>> = {
  past: 'The visit has begun or lies in the past.',
  notice: 'The visit type needs more notice than that. Offer a later time.',
  horizon: 'The visit type cannot be booked that far ahead. Offer an earlier time.',
  provider_not_for_type: 'This provider or Slot does not offer the visit type. Search availability for the type.',
  booked_elsewhere: 'This visit type is booked in another place: POST /intake gives the link (portal_url) to show as a button.',
  not_bookable: 'The clinic arranges this visit type itself. Hand over to staff.',
  visit_type: 'A visit keeps its type when it is moved. Offer a time of the same visit type, or cancel and book anew.',
  too_many_holds: 'The patient has as many live holds as the clinic allows. Confirm or release one first.',
  patient_busy: 'The patient already has a visit at that time. Offer another time, or change the existing visit.',
  same_type_too_soon: 'The patient already has a visit of this type within the days the clinic sets.',
  managed_by_clinic: 'This appointment was made by the clinic itself and is changed by staff only.',
}

/** Rules that come to forbid a request by the clock alone. */
const BY_THE_CLOCK: readonly Policy[] = ['past', 'notice']

/** The refusal of a clinic's rule. */
export function policyRefused(policy: Policy): BookingError {
  return new BookingError('policy_refused', POLICY_DETAILS[policy], {
    policy,
    ...(BY_THE_CLOCK.includes(policy) && { mayStillLand: true }),
  })
}

/** What a claim writes: the Appointment as it shall stand, and every Slot that changes with it. */
export function commitPlan(
  input: {
    key: string
    set: ClaimSet
    appointment: Appointment
    appointmentId: string
    until?: EpochMs
    /** The Appointment as it stood, where it leaves Slots. */
    leaving?: Appointment
    /** The patient who gets time by it, and his guard as it was read. */
    guarded?: { readonly patient: string; readonly guard: Basic | undefined }
  },
  known: readonly WindowSlot[],
): Plan {
  const { set, appointment, until } = input
  const unread = unreadSlots([...(input.leaving ? [input.leaving] : []), ...set.expired], known)
  if (unread.length > 0) return { kind: 'read-slots', ids: unread }
  const setBy = { appointmentId: input.appointmentId, version: nextVersion(appointment) }
  const claim = { ...setBy, ...(until !== undefined && { until }) }
  const guard = input.guarded && buildGuard(input.guarded.patient, setBy, input.guarded.guard)
  return { kind: 'commit', key: input.key, appointment, slots: claimSlots(set, claim, known), ended: set.expired, ...(guard && { guard }) }
}

/** A new Appointment for a claim. */
export function newAppointment(
  input: {
    appointmentId: string
    clientId: string
    offer: SlotOffer
    set: ClaimSet
    patient?: string
    holdExpires?: EpochMs
    now: EpochMs
  },
  mapping: ClinicMapping,
): Appointment {
  const { offer, set } = input
  const { writes } = offer.type
  const concept = (codings: readonly string[]) => codings.map((text) => ({ coding: [parseCodingToken(text)] }))
  return buildAppointment({
    appointmentId: input.appointmentId,
    clientId: input.clientId,
    visitType: offer.type.code,
    title: offer.type.title,
    modality: offer.modality,
    serviceType: concept(writes.serviceType),
    specialty: concept(writes.specialty),
    ...(writes.appointmentType !== undefined && { appointmentType: { coding: [parseCodingToken(writes.appointmentType)] } }),
    ...placeOf(set, mapping),
    minutes: offer.type.minutes,
    ...(input.patient !== undefined && { patient: input.patient }),
    ...(input.holdExpires !== undefined && { holdExpires: input.holdExpires }),
    created: input.now,
  })
}

/** Time, Slots and actors of a claim in the form the Appointment takes them. */
export function placeOf(
  set: ClaimSet,
  mapping: ClinicMapping,
): {
  start: string
  end: string
  ownSlots: string[]
  blockedSlots: string[]
  actors: Reference[]
} {
  const zone = mapping.clinic.timeZone
  return {
    start: formatInstant(set.visit.start, zone),
    end: formatInstant(set.visit.end, zone),
    ownSlots: set.own.map((slot) => slot.id),
    blockedSlots: set.blocked.map((slot) => slot.id),
    actors: actorsOf(set.schedule),
  }
}

/**
 * Who and what takes part: the Schedule's actors, and its location where that is not an actor itself. Their names go along,
 * so that a process that has not read the directory anew yet can name them too.
 */
function actorsOf(schedule: ScheduleInfo): Reference[] {
  const { provider, location } = schedule
  const names = new Map([
    [`Practitioner/${provider?.id ?? ''}`, provider?.name],
    [`Location/${location?.id ?? ''}`, location?.name],
  ])
  const named = schedule.resource.actor.map((actor) => referenceText(actor)).filter((actor) => actor !== undefined)
  const person = schedule.exclusiveActors.filter((actor) => actor.startsWith('Practitioner/'))
  const place = location ? [`Location/${location.id}`] : []
  return [...new Set([...person, ...named, ...place])].map((reference) => {
    const display = names.get(reference)
    return { reference, ...(display !== undefined && { display }) }
  })
}

/** The modality to use: the asked one, or the visit type's first. */
export function modalityFor(type: VisitType, asked: Modality | undefined): Modality {
  if (asked === undefined) return type.modalities[0] ?? 'in-person'
  if (!type.modalities.includes(asked)) {
    throw new BookingError('invalid_request', `The visit type is offered as ${type.modalities.join(', ')}.`, { path: 'modality' })
  }
  return asked
}

/** The clinic's visit type with the code. @throws BookingError `invalid_request` that lists the codes */
export function visitTypeNamed(mapping: ClinicMapping, code: string): VisitType {
  const type = mapping.visitTypes.find((candidate) => candidate.code === code)
  if (type) return type
  throw new BookingError(
    'invalid_request',
    `Unknown visit type. Use one of: ${mapping.visitTypes.map((known) => known.code).join(', ')}.`,
    { path: 'type' },
  )
}

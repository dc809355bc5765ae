import type { Appointment, AppointmentParticipant, CodeableConcept, Extension, Reference } from 'fhir/r4.js'
import { formatUtc, parseInstant, type EpochMs } from './instant.ts'
import { confirmationCode } from './ids.ts'
import { referencedId, referenceText } from './references.ts'
import {
  APPOINTMENT_ID_SYSTEM,
  CLIENT_URL,
  CONFIRMATION_CODE_SYSTEM,
  HOLD_EXPIRES_URL,
  MODALITY_URL,
  VISIT_TYPE_SYSTEM,
} from './vocabulary.ts'

/** How a visit takes place. */
export type Modality = 'in-person' | 'telehealth' | 'phone'

/** What the gateway writes into a new Appointment. */
export interface NewAppointment {
  readonly appointmentId: string
  readonly clientId: string
  readonly visitType: string
  readonly title: string
  readonly modality: Modality
  readonly serviceType: readonly CodeableConcept[]
  readonly specialty: readonly CodeableConcept[]
  readonly appointmentType?: CodeableConcept
  readonly start: string
  readonly end: string
  readonly minutes: number
  /** References of the practitioner, room, place: who and what takes part besides the patient. */
  readonly actors: readonly Reference[]
  readonly patient?: string
  readonly ownSlots: readonly string[]
  /** Slots that are blocked but not used: buffers and other Schedules of the same actors. */
  readonly blockedSlots: readonly string[]
  /** Present for a hold. */
  readonly holdExpires?: EpochMs
  readonly created: EpochMs
}

/** Builds the Appointment resource: `pending` with an expiry for a hold, `booked` otherwise. */
export function buildAppointment(input: NewAppointment): Appointment {
  const status = input.holdExpires === undefined ? 'booked' : 'pending'
  const extension: Extension[] = [
    { url: CLIENT_URL, valueString: input.clientId },
    { url: MODALITY_URL, valueCode: input.modality },
  ]
  if (input.holdExpires !== undefined) extension.push({ url: HOLD_EXPIRES_URL, valueInstant: formatUtc(input.holdExpires) })
  const base: Appointment = {
    resourceType: 'Appointment',
    extension,
    identifier: [
      { system: APPOINTMENT_ID_SYSTEM, value: input.appointmentId },
      { system: CONFIRMATION_CODE_SYSTEM, value: confirmationCode(input.appointmentId) },
    ],
    status,
    serviceType: serviceTypes(input),
    ...(input.specialty.length > 0 && { specialty: [...input.specialty] }),
    ...(input.appointmentType && { appointmentType: input.appointmentType }),
    start: input.start,
    end: input.end,
    minutesDuration: input.minutes,
    created: formatUtc(input.created),
    participant: input.actors.map((actor) => ({ actor, required: 'required', status: participantStatus(status) })),
  }
  const placed = withSlots(base, input.ownSlots, input.blockedSlots)
  return input.patient === undefined ? placed : withPatient(placed, input.patient)
}

/**
 * The Appointment with these Slots instead of the ones it had: `slot` for those it uses, `supportingInformation` for those it
 * only blocks. Other supporting information stays. An empty list is left out, FHIR forbids it.
 */
export function withSlots(appointment: Appointment, own: readonly string[], blocked: readonly string[]): Appointment {
  const { slot: _slots, supportingInformation, ...rest } = appointment
  const references = (ids: readonly string[]): Reference[] => ids.map((id) => ({ reference: `Slot/${id}` }))
  const others = (supportingInformation ?? []).filter((reference) => referencedId(reference, 'Slot') === undefined)
  const supporting = [...others, ...references(blocked)]
  return {
    ...rest,
    ...(own.length > 0 && { slot: references(own) }),
    ...(supporting.length > 0 && { supportingInformation: supporting }),
  }
}

/** The Appointment with the patient taking part; an existing patient is replaced. */
export function withPatient(appointment: Appointment, patient: string): Appointment {
  const others = appointment.participant.filter((participant) => referencedId(participant.actor, 'Patient') === undefined)
  const participant: AppointmentParticipant = {
    actor: { reference: patient },
    required: 'required',
    status: participantStatus(appointment.status),
  }
  return { ...appointment, participant: [participant, ...others] }
}

/** The Appointment with another modality. */
export function withModality(appointment: Appointment, modality: Modality): Appointment {
  const others = (appointment.extension ?? []).filter((extension) => extension.url !== MODALITY_URL)
  return { ...appointment, extension: [...others, { url: MODALITY_URL, valueCode: modality }] }
}

/** The hold turned into a booking: `booked`, everybody accepted, no expiry. */
export function withBooked(appointment: Appointment): Appointment {
  const { extension, ...rest } = appointment
  const kept = (extension ?? []).filter((candidate) => candidate.url !== HOLD_EXPIRES_URL)
  return {
    ...rest,
    ...(kept.length > 0 && { extension: kept }),
    status: 'booked',
    participant: appointment.participant.map((participant) => ({ ...participant, status: 'accepted' })),
  }
}

/** The Appointment ended: `cancelled` with a coded reason. Its Slot references stay, they tell what it had. */
export function withCancelled(appointment: Appointment, reason: CodeableConcept): Appointment {
  return { ...appointment, status: 'cancelled', cancelationReason: reason }
}

/** The gateway's id (`Appointment.identifier`), or `undefined` for an Appointment somebody else made. */
export function appointmentIdOf(appointment: Appointment): string | undefined {
  return appointment.identifier?.find((identifier) => identifier.system === APPOINTMENT_ID_SYSTEM)?.value
}

/** When the hold on it runs out, or `undefined` where it is no hold of the gateway. */
export function holdExpiresOf(appointment: Appointment): EpochMs | undefined {
  return parseInstant(appointment.extension?.find((extension) => extension.url === HOLD_EXPIRES_URL)?.valueInstant)
}

/** `Patient/<id>` of the participant that is a patient. */
export function patientOf(appointment: Appointment): string | undefined {
  return appointment.participant.map((participant) => referenceText(participant.actor)).find((text) => text?.startsWith('Patient/'))
}

/** The client through which it was made. */
export function clientOf(appointment: Appointment): string | undefined {
  return appointment.extension?.find((extension) => extension.url === CLIENT_URL)?.valueString
}

/** The modality it was made with. */
export function modalityOf(appointment: Appointment): Modality | undefined {
  const code = appointment.extension?.find((extension) => extension.url === MODALITY_URL)?.valueCode
  return code === 'in-person' || code === 'telehealth' || code === 'phone' ? code : undefined
}

/** The visit type of the clinic's mapping, or `undefined` for an Appointment somebody else made. */
export function visitTypeOf(appointment: Appointment): string | undefined {
  const codings = (appointment.serviceType ?? []).flatMap((concept) => concept.coding ?? [])
  return codings.find((coding) => coding.system === VISIT_TYPE_SYSTEM)?.code
}

/** Ids of every Slot it claims: the ones it uses (`slot`) and the ones it blocks (`supportingInformation`). */
export function claimedSlotIds(appointment: Appointment): string[] {
  const references = [...(appointment.slot ?? []), ...(appointment.supportingInformation ?? [])]
  // Somebody may have named one twice; a transaction with the same resource twice is refused as a whole.
  return [...new Set(references.map((reference) => referencedId(reference, 'Slot')).filter((id) => id !== undefined))]
}

/** `meta.versionId` after the next write. HAPI counts versions up by one, so a write can name the version it makes. */
export function nextVersion(appointment: Appointment): string {
  return appointment.id === undefined ? '1' : String(Number(appointment.meta?.versionId ?? '0') + 1)
}

function participantStatus(status: Appointment['status']): AppointmentParticipant['status'] {
  return status === 'booked' ? 'accepted' : 'tentative'
}

function serviceTypes(input: NewAppointment): CodeableConcept[] {
  return [...input.serviceType, { coding: [{ system: VISIT_TYPE_SYSTEM, code: input.visitType, display: input.title }], text: input.title }]
}

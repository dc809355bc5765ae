import type { Appointment, Reference } from 'fhir/r4.js'
import { localWords } from '../calendar/words.ts'
import type { VisitType } from '../clinic/mapping.ts'
import { appointmentIdOf, holdExpiresOf, modalityOf, visitTypeOf, type Modality } from '../fhir/appointment.ts'
import { confirmationCode } from '../fhir/ids.ts'
import { formatInstant, type EpochMs } from '../fhir/instant.ts'
import { referencedId } from '../fhir/references.ts'
import type { Directory } from '../scheduling/directory.ts'
import type { Offer } from '../scheduling/offers.ts'
import { stateOf } from '../scheduling/transitions.ts'
import { spanOf } from '../scheduling/window.ts'
import type { BookingDeps } from './deps.ts'
import type { ShownAppointment, ShownOffer, ShownVisit } from './shown.ts'

/** Prefix of the ids of Appointments that the clinic made itself: shown to their patient, changed by staff only. */
export const EHR_MADE = 'ehr-'

/** Shows an offer. */
export function showOffer(offer: Offer, type: VisitType, modality: Modality, deps: Pick<BookingDeps, 'mapping' | 'slotIds'>): ShownOffer {
  const zone = deps.mapping.clinic.timeZone
  return {
    slot_id: deps.slotIds.make({ slotId: offer.slotId, scheduleId: offer.schedule.id, start: offer.start }, type, modality),
    type: type.code,
    ...showTime(offer.start, offer.end, zone),
    provider: offer.schedule.provider ?? null,
    location: offer.schedule.location ?? null,
    modality,
  }
}

/** Shows an Appointment as it stands at a moment of the EHR's clock. */
export function showAppointment(appointment: Appointment, now: EpochMs, directory: Directory, zone: string): ShownAppointment {
  const span = spanOf(appointment) ?? { start: 0, end: 0 }
  const gatewayId = appointmentIdOf(appointment)
  const expires = holdExpiresOf(appointment)
  const state = stateOf(appointment, now)
  return {
    appointment_id: gatewayId ?? `${EHR_MADE}${appointment.id ?? ''}`,
    confirmation_code: gatewayId === undefined ? null : confirmationCode(gatewayId),
    status: state === 'lapsed' ? 'cancelled' : appointment.status,
    state: state === 'lapsed' ? 'expired' : state,
    version: appointment.meta?.versionId ?? '',
    expires_at: expires === undefined ? null : formatInstant(expires, zone),
    type: visitTypeOf(appointment) ?? 'other',
    ...showTime(span.start, span.end, zone),
    ...showPlace(appointment, directory),
    modality: modalityOf(appointment) ?? 'in-person',
  }
}

function showTime(start: EpochMs, end: EpochMs, zone: string): Pick<ShownVisit, 'start' | 'end' | 'timezone' | 'local_start'> {
  return { start: formatInstant(start, zone), end: formatInstant(end, zone), timezone: zone, local_start: localWords(start, zone) }
}

function showPlace(appointment: Appointment, directory: Directory): Pick<ShownVisit, 'provider' | 'location'> {
  const actors = appointment.participant.map((participant) => participant.actor)
  const person = actors.map((actor) => ({ id: practitionerId(actor, directory), actor })).find(({ id }) => id !== undefined)
  const place = actors.map((actor) => ({ id: referencedId(actor, 'Location'), actor })).find(({ id }) => id !== undefined)
  // Who joined the clinic a moment ago may not be in this process's directory yet; the Appointment names its actors itself.
  return {
    provider:
      person?.id === undefined ? null : (directory.person(person.id) ?? { id: person.id, name: person.actor?.display ?? 'the provider' }),
    location: place?.id === undefined ? null : (directory.place(place.id) ?? { id: place.id, name: place.actor?.display ?? 'the clinic' }),
  }
}

function practitionerId(actor: Reference | undefined, directory: Directory): string | undefined {
  const canonical = directory.canonical(actor)
  return canonical?.startsWith('Practitioner/') ? canonical.slice('Practitioner/'.length) : undefined
}

import type { Appointment, FhirResource, Location, Practitioner, PractitionerRole, Schedule, Slot } from 'fhir/r4.js'
import { appointmentIdOf, buildAppointment, type NewAppointment } from '../../../src/fhir/appointment.ts'
import { formatInstant, parseInstant, type EpochMs } from '../../../src/fhir/instant.ts'
import { withClaim, type ClaimedStatus, type SlotClaim } from '../../../src/fhir/slot-claim.ts'
import { Directory } from '../../../src/scheduling/directory.ts'
import { MINUTE } from '../../../src/scheduling/interval.ts'
import { buildWindow, type Window } from '../../../src/scheduling/window.ts'

export const ZONE = 'America/Los_Angeles'

/** A wall-clock time of Monday, 1 March 2027 at the clinic. */
export function at(time: string): EpochMs {
  return Date.parse(`2027-03-01T${time}:00-08:00`)
}

/** When the tests' windows are read: the midnight before. */
export const NOW = at('00:00')

export function practitioner(id: string, name: Practitioner['name'] = [{ family: id }]): Practitioner {
  return { resourceType: 'Practitioner', id, name }
}

export function role(id: string, practitionerId: string, locations: readonly string[] = []): PractitionerRole {
  return {
    resourceType: 'PractitionerRole',
    id,
    practitioner: { reference: `Practitioner/${practitionerId}` },
    ...(locations.length > 0 && { location: locations.map((reference) => ({ reference })) }),
  }
}

/** @param physicalType R4 location-physical-type: `ro` room, `si` site, … */
export function location(id: string, physicalType?: string, partOf?: string): Location {
  return {
    resourceType: 'Location',
    id,
    name: `Place ${id}`,
    ...(physicalType !== undefined && { physicalType: { coding: [{ code: physicalType }] } }),
    ...(partOf !== undefined && { partOf: { reference: `Location/${partOf}` } }),
  }
}

export function schedule(id: string, actors: readonly string[], changes: Partial<Schedule> = {}): Schedule {
  return { resourceType: 'Schedule', id, meta: { versionId: '1' }, actor: actors.map((reference) => ({ reference })), ...changes }
}

/** A free Slot with things of the EHR's own on it, which must survive every claim. */
export function slot(id: string, scheduleId: string, start: EpochMs, minutes = 15, changes: Partial<Slot> = {}): Slot {
  return {
    resourceType: 'Slot',
    id,
    meta: { versionId: '1' },
    status: 'free',
    schedule: { reference: `Schedule/${scheduleId}` },
    start: formatInstant(start, ZONE),
    end: formatInstant(start + minutes * MINUTE, ZONE),
    comment: 'set by the EHR',
    extension: [{ url: 'https://ehr.example/note', valueString: 'keep me' }],
    ...changes,
  }
}

/** The Slot with a claim as the gateway writes it. */
export function claimed(resource: Slot, appointmentId: string, status: ClaimedStatus, until?: EpochMs): Slot {
  const claim: SlotClaim = { appointmentId, status, version: '1', ...(until !== undefined && { until }) }
  return withClaim(resource, claim)
}

/** An Appointment that the front desk entered: no identifier of the gateway, no Slot. */
export function deskVisit(actors: readonly string[], start: EpochMs, minutes: number, changes: Partial<Appointment> = {}): Appointment {
  return {
    resourceType: 'Appointment',
    id: 'desk',
    meta: { versionId: '1' },
    status: 'booked',
    start: formatInstant(start, ZONE),
    end: formatInstant(start + minutes * MINUTE, ZONE),
    participant: actors.map((reference) => ({ actor: { reference }, status: 'accepted' })),
    ...changes,
  }
}

/** A visit or (with `holdExpires`) a hold that the gateway made. */
export function gatewayVisit(
  appointmentId: string,
  changes: Partial<NewAppointment> & { startsAt?: EpochMs; lasts?: number } = {},
): Appointment {
  const { startsAt = at('09:00'), lasts = 15, ...rest } = changes
  const built = buildAppointment({
    appointmentId,
    clientId: 'chatbot',
    visitType: 'short',
    title: 'Short visit',
    modality: 'in-person',
    serviceType: [],
    specialty: [],
    start: formatInstant(startsAt, ZONE),
    end: formatInstant(startsAt + lasts * MINUTE, ZONE),
    minutes: lasts,
    actors: [{ reference: 'Practitioner/ann' }],
    ownSlots: [],
    blockedSlots: [],
    created: NOW,
    ...rest,
  })
  return { ...built, id: `fhir-${appointmentIdOf(built) ?? ''}`, meta: { versionId: '1' } }
}

export function directoryOf(...resources: readonly FhirResource[]): Directory {
  return new Directory(resources)
}

export function windowOf(directory: Directory, slots: readonly Slot[], visits: readonly Appointment[] = [], now = NOW): Window {
  return buildWindow(now, directory, slots, visits)
}

/** The window after these Slots were written. */
export function afterWriting(window: Window, written: readonly Slot[], visits: readonly Appointment[] = []): Window {
  const changed = new Map(written.map((resource) => [resource.id, resource]))
  return buildWindow(
    window.now,
    window.directory,
    window.slots.map((each) => changed.get(each.id) ?? each.resource),
    visits,
  )
}

/** Milliseconds of a Slot's start; fails where it has none. */
export function startOf(resource: Slot): EpochMs {
  const start = parseInstant(resource.start)
  if (start === undefined) throw new Error('the fixture has no start')
  return start
}

import type { Appointment, AuditEvent, Bundle, BundleEntry, FhirResource, Slot } from 'fhir/r4.js'
import type { Call, CommitOutcome } from '../../src/booking/ports.ts'
import { buildAuditEvent } from '../../src/fhir/audit-event.ts'
import { token } from '../../src/fhir/query.ts'
import { instant, unique } from '../helpers/clinic.ts'

/** An identifier system of these tests' own. */
export const SYSTEM = 'https://test.example/contract'

export function call(): Call {
  return { requestId: unique('request'), clientId: 'contract', deadline: performance.now() + 20_000, roundTrips: 0 }
}

export function transaction(...entry: BundleEntry[]): Bundle {
  return { resourceType: 'Bundle', type: 'transaction', entry }
}

/** A PUT that holds only at this version; `0`: only where nothing ever was. */
export function put(resource: FhirResource, version: string): BundleEntry {
  const url = `${resource.resourceType}/${resource.id ?? ''}`
  return { resource, request: { method: 'PUT', url, ifMatch: `W/"${version}"` } }
}

/** A create that does nothing where an Appointment with this identifier exists. */
export function create(visit: Appointment, fullUrl = `urn:uuid:${crypto.randomUUID()}`): BundleEntry {
  const identifier = encodeURIComponent(token(SYSTEM, visit.identifier?.[0]?.value ?? ''))
  return { fullUrl, resource: visit, request: { method: 'POST', url: 'Appointment', ifNoneExist: `identifier=${identifier}` } }
}

/** A visit of a practitioner at a time, with an identifier of its own. */
export function visit(actor: string, start: number, changes: Partial<Appointment> = {}, minutes = 15): Appointment {
  return {
    resourceType: 'Appointment',
    status: 'booked',
    identifier: [{ system: SYSTEM, value: unique('visit') }],
    start: instant(start),
    end: instant(start + minutes * 60_000),
    participant: [{ actor: { reference: actor }, status: 'accepted' }],
    ...changes,
  }
}

export function patientIn(visit: Appointment, patient: string): Appointment {
  return { ...visit, participant: [{ actor: { reference: patient }, status: 'accepted' }, ...visit.participant] }
}

/** A receipt as the gateway leaves it, about the Appointment of the given reference. */
export function receipt(reference: string, id = unique('rcpt')): AuditEvent {
  const appointment = { appointmentId: unique('ap'), reference, version: '1', requestDigest: 'digest' }
  return { ...buildAuditEvent({ action: 'book', recorded: Date.now(), clientId: 'contract', requestId: 'r', appointment }), id }
}

/** The Slot as it shall stand, with a status of its own. */
export function asBusy(slot: Slot, comment = 'claimed'): Slot {
  return { ...slot, status: 'busy', comment }
}

/** Id and version that a transaction gave the entry; fails where it was not committed. */
export function written(outcome: CommitOutcome, key: string): { id: string; version: string } {
  if (outcome.kind !== 'committed') throw new Error(`expected a commit, but it was ${outcome.kind}`)
  const found = outcome.versions.get(key)
  if (!found) throw new Error(`no version of ${key} came back`)
  return found
}

import type { Appointment, Slot } from 'fhir/r4.js'
import { SLOT_CLAIM_URL } from '../../src/fhir/vocabulary.ts'
import type { Desk } from './clinic.ts'
import type { Fhir } from './fhir.ts'

/** What the front desk does past the gateway: a visit without any Slot, at the time of the given one. */
export function frontDeskVisit(desk: Desk, slot: Slot, changes: Partial<Appointment> = {}): Appointment {
  return {
    resourceType: 'Appointment',
    status: 'booked',
    start: slot.start,
    end: slot.end,
    participant: [{ actor: { reference: `Practitioner/${desk.provider}` }, status: 'accepted' }],
    ...changes,
  }
}

/** The EHR's own software sets a Slot busy; what it does not know (the claim) it drops or keeps. */
export async function setBusyInEhr(fhir: Fhir, slotId: string, claim: 'dropped' | 'kept'): Promise<Slot> {
  const slot = await fhir.read('Slot', slotId)
  const extension = (slot.extension ?? []).filter((one) => claim === 'kept' || one.url !== SLOT_CLAIM_URL)
  return fhir.put({ ...slot, status: 'busy', extension })
}

/** Statuses of the desk's Slots now, in the order of the desk. */
export async function slotStatuses(fhir: Fhir, desk: Desk): Promise<(string | undefined)[]> {
  const found = await fhir.search('Slot', `schedule=Schedule/${desk.schedule}`)
  return desk.slots.map((slot) => found.find((other) => other.id === slot.id)?.status)
}

/** The Appointment with the gateway's id, as the EHR has it. */
export async function inEhr(fhir: Fhir, appointmentId: string): Promise<Appointment> {
  const [appointment] = await fhir.search('Appointment', `identifier=${appointmentId}`)
  if (!appointment) throw new Error(`no Appointment ${appointmentId} in the EHR`)
  return appointment
}

import type { Appointment } from 'fhir/r4.js'
import { vi } from 'vitest'
import { bookSlot, holdSlot, type ClaimRequest } from '../../../src/booking/hold-slot.ts'
import { visitTypeNamed } from '../../../src/booking/claim-plan.ts'
import type { BookingDeps } from '../../../src/booking/deps.ts'
import type { Ehr } from '../../../src/booking/ports.ts'
import { appointmentIdOf, patientOf } from '../../../src/fhir/appointment.ts'
import { LIVE_STATUSES } from '../../../src/scheduling/window.ts'
import { depsOf } from '../../simulation/cluster.ts'
import { MemoryDirectories } from '../../simulation/memory-directories.ts'
import { MemoryEhr } from '../../simulation/memory-ehr.ts'
import { MemoryStore } from '../../simulation/memory-store.ts'
import { BEGINNING, mappingOf, offerOf, resourcesOf, slotsOf, type WorldPlan } from '../../simulation/world.ts'
import { callWithin } from './scripted-ehr.ts'

/** Holds last this long here, in milliseconds. */
export const HOLD_MS = 20_000

/**
 * A clinic in memory, whose clock stands still until the test moves it: two practitioners with four Slots each, two patients.
 * Needs `vi.useFakeTimers({ toFake: ['Date'] })`.
 */
export class MemoryClinic {
  readonly store: MemoryStore
  readonly #plan: WorldPlan = { shape: 'two', slots: 4, patients: 2, ttlSeconds: HOLD_MS / 1000, holdsPerPatient: 2 }

  constructor() {
    vi.setSystemTime(BEGINNING)
    this.store = new MemoryStore(resourcesOf(this.#plan))
  }

  /** A gateway process of its own. */
  gateway(ehr: Ehr = new MemoryEhr(this.store)): BookingDeps {
    return depsOf(ehr, new MemoryDirectories(this.store), mappingOf(this.#plan))
  }

  /** A request for the Slot (0 to 3 with the first practitioner, 4 to 7 with the second, at the same times). */
  request(slot: number, patient: number | undefined, key?: string, type = 'short'): ClaimRequest {
    const list = slotsOf(this.#plan)
    const of = patient === undefined ? {} : { patient: `Patient/pat${patient}` }
    return { caller: this.caller(patient), offer: offerOf(list[slot]!, visitTypeNamed(mappingOf(this.#plan), type)), key, ...of }
  }

  caller(patient: number | undefined): ClaimRequest['caller'] {
    return { clientId: 'chatbot', anyPatient: false, ...(patient !== undefined && { patient: `Patient/pat${patient}` }) }
  }

  /** Through a process of its own, undisturbed. @returns the gateway's id */
  async hold(slot: number, patient?: number, key = `hold ${slot}`): Promise<string> {
    return idOf((await holdSlot(this.gateway(), this.request(slot, patient, key), callWithin())).appointment)
  }

  async book(slot: number, patient: number, key?: string): Promise<string> {
    return idOf((await bookSlot(this.gateway(), this.request(slot, patient, key), callWithin())).appointment)
  }

  /** Time passes. */
  pass(milliseconds: number): void {
    vi.setSystemTime(Date.now() + milliseconds)
  }

  visit(id: string): Appointment {
    const found = this.store.all('Appointment').find((visit) => appointmentIdOf(visit) === id)
    if (!found) throw new Error(`no visit ${id}`)
    return found
  }

  /** Starts of the patient's live visits. */
  startsOf(patient: number): (string | undefined)[] {
    const live = this.store.all('Appointment').filter((visit) => LIVE_STATUSES.includes(visit.status))
    return live.filter((visit) => patientOf(visit) === `Patient/pat${patient}`).map((visit) => visit.start)
  }
}

function idOf(visit: Appointment): string {
  return appointmentIdOf(visit) ?? ''
}

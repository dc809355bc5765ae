import type { Appointment, Slot } from 'fhir/r4.js'
import { APPOINTMENT_ID_SYSTEM } from '../../src/fhir/vocabulary.ts'
import type { GatewayApi } from './api.ts'
import { PROVIDER, type Visitor } from './cast.ts'
import type { BareEhr } from './ehr.ts'
import type { Scene } from './scene.ts'

/** Where the story plays: the gateway, the EHR behind it, and what the audience has seen of the EHR so far. */
export class Stage {
  readonly api: GatewayApi
  readonly ehr: BareEhr
  readonly #seen = new Map<string, string>()

  constructor(api: GatewayApi, ehr: BareEhr) {
    this.api = api
    this.ehr = ehr
  }

  /** Reads the practitioner's Slot at an instant, shows how its status changed, and checks it. */
  async slotIs(scene: Scene, start: string, status: Slot['status'], claim: string): Promise<void> {
    const slot = await this.ehr.slotAt(PROVIDER.schedule, start)
    const name = `Slot/${slot.id ?? ''}`
    const before = this.#seen.get(name)
    this.#seen.set(name, slot.status)
    scene.shows(`${name}: ${before === undefined || before === slot.status ? slot.status : `${before} -> ${slot.status}`}`)
    scene.checks(claim, slot.status === status, slot.status)
  }

  /** Reads the Appointment behind the id the gateway gave out, shows it, and checks that there is exactly one, in that status. */
  async visitIs(scene: Scene, appointmentId: string, status: Appointment['status'], claim: string): Promise<Appointment> {
    const found = await this.ehr.appointmentsWith(`${APPOINTMENT_ID_SYSTEM}|${appointmentId}`)
    for (const visit of found) scene.shows(`${referenceTo(visit)}: ${visit.status}, version ${visit.meta?.versionId ?? ''}`)
    const [visit] = found
    const seen = found.map((one) => one.status).join(', ') || 'none'
    scene.checks(claim, found.length === 1 && visit?.status === status, seen)
    return visit ?? { resourceType: 'Appointment', status: 'entered-in-error', participant: [] }
  }

  /** Checks that exactly these live visits of the practitioner stand at a time. */
  async visitsAt(scene: Scene, start: string, expected: readonly Visitor[], claim: string): Promise<void> {
    const live = await this.ehr.liveAround(`Practitioner/${PROVIDER.id}`, start)
    const at = live.filter((visit) => overlapsInstant(visit, Date.parse(start)))
    const patients = at.map(patientOf)
    scene.shows(`live visits of ${PROVIDER.name} at that time: ${at.length}`)
    const same = patients.length === expected.length && expected.every((visitor) => patients.includes(visitor.reference))
    scene.checks(claim, same, patients.join(', ') || 'none')
  }

  /** Checks how many live visits a patient has on the day around an instant. */
  async patientHas(scene: Scene, visitor: Visitor, around: string, count: number, claim: string): Promise<void> {
    const live = await this.ehr.liveAround(visitor.reference, around)
    scene.shows(`live visits of ${visitor.name} that day: ${live.length}`)
    scene.checks(claim, live.length === count, live.map(referenceTo).join(', ') || 'none')
  }
}

/** `Appointment/<id>`. */
export function referenceTo(visit: Appointment): string {
  return `Appointment/${visit.id ?? ''}`
}

/** Pairs of live visits that overlap in time. */
export function overlapping(visits: readonly Appointment[]): string[] {
  const sorted = [...visits].sort((a, b) => Date.parse(a.start ?? '') - Date.parse(b.start ?? ''))
  return sorted.flatMap((visit, index) => {
    const next = sorted[index + 1]
    return next && Date.parse(next.start ?? '') < Date.parse(visit.end ?? '') ? [`${referenceTo(visit)} and ${referenceTo(next)}`] : []
  })
}

function overlapsInstant(visit: Appointment, at: number): boolean {
  return Date.parse(visit.start ?? '') <= at && at < Date.parse(visit.end ?? '')
}

function patientOf(visit: Appointment): string {
  return visit.participant.map(({ actor }) => actor?.reference ?? '').find((reference) => reference.startsWith('Patient/')) ?? 'nobody'
}

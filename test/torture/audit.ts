import { parseInstant } from '../../src/fhir/instant.ts'
import { patientOf } from '../../src/fhir/appointment.ts'
import { checkEhr } from '../helpers/checker.ts'
import type { Fhir } from '../helpers/fhir.ts'
import { checkSlot } from './linearizability.ts'
import type { PatientLife } from './patient-life.ts'
import { bySlot, type VisitRequest } from './slot-history.ts'
import type { World } from './world.ts'

/** Reads the EHR past the gateway, and names everything that is not as the bots were told, or breaks a promise. */
export async function auditWorld(fhir: Fhir, world: World, lives: readonly PatientLife[]): Promise<string[]> {
  const faults: string[] = []
  const live = new Map<string, { id: string; start: number | undefined; status: string }[]>()
  for (const desk of world.desks) {
    const verdict = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
    faults.push(...verdict.violations)
    for (const visit of verdict.live) {
      const patient = patientOf(visit) ?? 'nobody'
      const seen = { id: visit.identifier?.[0]?.value ?? '', start: parseInstant(visit.start), status: visit.status }
      live.set(patient, [...(live.get(patient) ?? []), seen])
    }
  }
  for (const { patient, holding } of lives) {
    const found = live.get(patient) ?? []
    if (holding.kind === 'lost') faults.push(`${patient}: an outcome never became known`)
    if (holding.kind === 'nothing' && found.length > 0) faults.push(`${patient} has ${found.length} visits that its bot knows nothing of`)
    if (holding.kind !== 'visit') continue
    const [visit] = found
    const stands = visit?.id === holding.id && visit.status === 'booked' && visit.start === parseInstant(holding.place.start)
    if (found.length !== 1 || !stands) faults.push(`${patient}: acknowledged ${holding.id} at ${holding.place.start}, the EHR has ${JSON.stringify(found)}`)
  }
  return faults
}

/** Names every Slot whose history cannot be explained by one order of what happened. */
export function auditHistory(history: readonly VisitRequest[]): string[] {
  return [...bySlot(history)].flatMap(([slot, operations]) => {
    const verdict = checkSlot(operations)
    return verdict.linearizable ? [] : [`Slot/${slot}: ${verdict.explanation}`]
  })
}

import type { Appointment } from 'fhir/r4.js'
import { appointmentIdOf, claimedSlotIds, clientOf } from '../fhir/appointment.ts'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'
import { isUntouched } from '../scheduling/reconcile.ts'
import type { Sighting } from '../scheduling/sighting.ts'
import { LIVE_STATUSES } from '../scheduling/window.ts'
import { inParts, named } from './gathering.ts'
import type { PacedEhr } from './paced-ehr.ts'
import type { VisitEvent } from './ports.ts'
import { ofType } from './window-queries.ts'

const HISTORIES_PER_BATCH = 25

/** What earlier versions of visits tell. */
export interface VisitPast {
  /** Slots that a visit named before: its claims may still stand there. */
  readonly slotIds: readonly string[]
  /** Visits whose time has changed since the moment asked for, by whomever. */
  readonly moves: readonly VisitMove[]
}

/** A visit whose time changed. */
export interface VisitMove {
  /** The `meta.versionId` that changed it. */
  readonly by: string
  readonly event: VisitEvent
}

/** Visits that somebody else has changed since the gateway wrote them, as far as that can be seen without their history. */
export function changedByOthers(seen: Sighting, appointmentIds: readonly string[]): Appointment[] {
  return appointmentIds.flatMap((id) => {
    const [appointment] = seen.own.get(id) ?? []
    if (!appointment) return []
    // The gateway leaves the Slots on a visit that it ends.
    if (!LIVE_STATUSES.includes(appointment.status)) return claimedSlotIds(appointment).length === 0 ? [appointment] : []
    return isUntouched(appointment, seen.claims.get(id) ?? []) ? [] : [appointment]
  })
}

/** Reads the histories of visits. @param since moves before it are no news */
export async function readPast(ehr: PacedEhr, visits: readonly Appointment[], since: EpochMs): Promise<VisitPast> {
  const slotIds = new Set<string>()
  const moves: VisitMove[] = []
  for (const part of inParts(visits, HISTORIES_PER_BATCH)) {
    const queries = named('past', part, (visit) => ({ kind: 'history', type: 'Appointment', id: visit.id ?? '' }))
    const reading = await ehr.read(queries)
    for (const name of Object.keys(queries)) {
      const versions = ofType(reading.all(name), 'Appointment')
      for (const id of versions.flatMap(claimedSlotIds)) slotIds.add(id)
      moves.push(...lastMove(versions, since))
    }
  }
  return { slotIds: [...slotIds], moves }
}

/** @param versions newest first */
function lastMove(versions: readonly Appointment[], since: EpochMs): VisitMove[] {
  const [current] = versions
  const index = versions.findIndex((version, at) => {
    const before = versions[at + 1]
    return before !== undefined && parseInstant(version.start) !== parseInstant(before.start)
  })
  const changed = versions[index]
  const [appointmentId, clientId] = current ? [appointmentIdOf(current), clientOf(current)] : []
  if (!changed || current?.status !== 'booked' || appointmentId === undefined || clientId === undefined) return []
  if ((parseInstant(changed.meta?.lastUpdated) ?? 0) < since) return []
  const event = { kind: 'rescheduled' as const, appointmentId, clientId, version: current.meta?.versionId ?? '' }
  return [{ by: changed.meta?.versionId ?? '', event }]
}

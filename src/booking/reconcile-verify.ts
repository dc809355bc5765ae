import { appointmentIdOf, claimedSlotIds, visitTypeOf } from '../fhir/appointment.ts'
import type { EhrQuery } from '../fhir/query.ts'
import type { Finding } from '../scheduling/finding.ts'
import { pad, type Interval } from '../scheduling/interval.ts'
import { findingsOn } from '../scheduling/reconcile.ts'
import type { Sighting } from '../scheduling/sighting.ts'
import type { ScheduleInfo } from '../scheduling/directory.ts'
import type { DirectorySource, Queries, Reading } from './ports.ts'
import { Gathering, lookUps, versionMark } from './gathering.ts'
import { holdersOf, type Walk } from './reconcile-walk.ts'
import { claimQueries, isDirectoryStale, ofType, search } from './window-queries.ts'

/** The time around a visit, on all Schedules of those who take part. */
interface Around {
  readonly prefix: string
  readonly schedules: readonly ScheduleInfo[]
  readonly span: Interval
}

/**
 * Reads everything that a finding is about once more, with the time around its visits, and judges anew. What rests on resources that
 * both readings saw in the same version is true: in between, all of them stood so at once.
 * @returns what holds; nothing where it has changed meanwhile, so that the next pass looks again
 * @throws BookingError `ehr_unavailable`; `ehr_rejected` when there is more around a visit than can be read at once
 */
export async function verify(walk: Walk, directories: DirectorySource, finding: Finding, before: Gathering): Promise<readonly Finding[]> {
  const { ehr, directory, mapping } = walk
  const ids = visitsIn(finding)
  const seen = before.sighting()
  const arounds = ids.flatMap((id) => aroundOf(seen, id, walk))
  const queries = { ...queriesAbout(finding, ids, seen), ...Object.fromEntries(arounds.flatMap((around) => aroundQueries(around, walk))) }
  const reading = await ehr.read(queries)
  if (arounds.some(({ prefix, schedules }) => isDirectoryStale(partOf(reading, prefix), directory, schedules))) {
    await directories.refresh(ehr.newCall(), directory)
    return []
  }
  const again = new Gathering(directory)
  again.add(reading, Object.keys(queries))
  const holders = arounds.flatMap(({ prefix }) => holdersOf(ofType(reading.all(`${prefix}slots`), 'Slot')))
  const second = await again.complete([...ids, ...holders], ehr)
  const marks = before.marks()
  return findingsOn(second, ids, mapping).filter(
    // An overlap with a visit that is not judged here may be explained by what is wrong with that one: it is looked at by itself.
    (found) => visitsIn(found).every((id) => ids.includes(id)) && found.restsOn.every((resource) => marks.has(versionMark(resource))),
  )
}

/** Gateway ids of the visits that a finding is about. */
function visitsIn(finding: Finding): string[] {
  const own = finding.restsOn.filter((resource) => resource.resourceType === 'Appointment').map(appointmentIdOf)
  const ids = [...own, ...(finding.kind === 'repair' ? [finding.repair.appointmentId] : [])]
  return [...new Set(ids.filter((id) => id !== undefined))]
}

function queriesAbout(finding: Finding, ids: readonly string[], seen: Sighting): Queries {
  const others = finding.restsOn.filter((resource) => resource.resourceType === 'Appointment' && appointmentIdOf(resource) === undefined)
  const otherIds = others.map((resource) => resource.id).filter((id) => id !== undefined)
  const claimed = ids.flatMap((id) => (seen.claims.get(id) ?? []).map((slot) => slot.id))
  const named = ids.flatMap((id) => (seen.own.get(id) ?? []).flatMap(claimedSlotIds))
  const restsOn = finding.restsOn.filter((resource) => resource.resourceType === 'Slot').map((slot) => slot.id ?? '')
  return {
    ...lookUps(ids, [...new Set([...claimed, ...named, ...restsOn])]),
    ...(otherIds.length > 0 && { others: search('Appointment', ['_id', otherIds]) }),
  }
}

function aroundOf(seen: Sighting, id: string, { directory, mapping }: Walk): Around[] {
  const visit = seen.window.visits.find(({ appointment }) => appointmentIdOf(appointment) === id)
  const schedules = directory.schedulesOf(visit?.actors ?? [])
  if (!visit || schedules.length === 0) return []
  const type = mapping.visitTypes.find((candidate) => candidate.code === visitTypeOf(visit.appointment))
  return [{ prefix: `${id}.`, schedules, span: pad(visit, type?.bufferBeforeMinutes ?? 0, type?.bufferAfterMinutes ?? 0) }]
}

function aroundQueries({ prefix, schedules, span }: Around, { directory, mapping }: Walk): [string, EhrQuery][] {
  return Object.entries(claimQueries(directory, schedules, span, mapping)).map(([name, query]) => [prefix + name, query])
}

function partOf(reading: Reading, prefix: string): Reading {
  return {
    ...reading,
    now: reading.now,
    all: (name) => reading.all(prefix + name),
    isComplete: (name) => reading.isComplete(prefix + name),
  }
}

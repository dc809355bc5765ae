import type { Appointment, FhirResource, Slot } from 'fhir/r4.js'
import { parseInstant } from '../../src/fhir/instant.ts'
import { SLOT_CLAIM_URL } from '../../src/fhir/vocabulary.ts'
import type { Put } from './fhir-server.ts'
import { nameOf } from './load-order.ts'

/** `If-Match` that is met only when the resource does not exist. */
const ABSENT = 'W/"0"'

/** What to do about resources that may be in use: visits stand on them. */
export interface WritePlan {
  readonly puts: readonly Put[]
  /** Already there, as wanted. */
  readonly present: number
  /** There, but claimed or changed since: left alone. */
  readonly kept: number
}

/**
 * Decides what may be written without destroying anything that happened since the last seed. A Slot that nobody touched moves
 * with its data to another week; one that is claimed, taken or freed, and every Appointment, stays as it is. Each write carries
 * the version it was decided on.
 */
export function planWrites(wanted: readonly FhirResource[], existing: readonly FhirResource[]): WritePlan {
  const known = new Map(existing.map((resource) => [nameOf(resource), resource]))
  const puts: Put[] = []
  let present = 0
  let kept = 0
  for (const resource of wanted) {
    const now = known.get(nameOf(resource))
    if (!now) puts.push({ resource, ifMatch: ABSENT })
    else if (!isUntouched(now, resource)) kept += 1
    else if (isAtSameTime(now, resource)) present += 1
    else puts.push({ resource, ifMatch: `W/"${now.meta?.versionId ?? ''}"` })
  }
  return { puts, present, kept }
}

function isUntouched(now: FhirResource, wanted: FhirResource): boolean {
  if (now.resourceType === 'Slot' && wanted.resourceType === 'Slot') {
    const isClaimed = now.extension?.some((extension) => extension.url === SLOT_CLAIM_URL) ?? false
    return !isClaimed && now.status === wanted.status && now.schedule.reference === wanted.schedule.reference
  }
  if (now.resourceType === 'Appointment' && wanted.resourceType === 'Appointment')
    return now.status === wanted.status && isAtSameTime(now, wanted)
  return true
}

function isAtSameTime(now: FhirResource, wanted: FhirResource): boolean {
  if (!hasTime(now) || !hasTime(wanted)) return true
  return parseInstant(now.start) === parseInstant(wanted.start) && parseInstant(now.end) === parseInstant(wanted.end)
}

function hasTime(resource: FhirResource): resource is Slot | Appointment {
  return resource.resourceType === 'Slot' || resource.resourceType === 'Appointment'
}

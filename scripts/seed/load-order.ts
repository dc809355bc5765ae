import type { FhirResource, Reference } from 'fhir/r4.js'
import { parseReference } from '../../src/fhir/references.ts'

/** Who is named stands before who names it. The front desk's Appointments come before Slots, so that no visit gets in between. */
const ORDER = [
  'Organization',
  'Location',
  'Practitioner',
  'HealthcareService',
  'PractitionerRole',
  'Patient',
  'Schedule',
  'Appointment',
  'Slot',
] as const

/** Resources of one type, in the order in which they can be written. */
export interface LoadGroup {
  readonly resourceType: string
  readonly resources: readonly FhirResource[]
}

/**
 * Sorts resources into groups by dependency; inside a group, what others are part of comes first, then by id
 * (bundles that write Slots in different orders deadlock on H2).
 */
export function loadOrder(resources: readonly FhirResource[]): LoadGroup[] {
  const byName = new Map(resources.map((resource) => [nameOf(resource), resource]))
  const groups = ORDER.map((resourceType) => ({
    resourceType,
    resources: resources
      .filter((resource) => resource.resourceType === resourceType)
      .map((resource) => ({ resource, depth: depthOf(resource, byName) }))
      .sort((a, b) => a.depth - b.depth || (nameOf(a.resource) < nameOf(b.resource) ? -1 : 1))
      .map(({ resource }) => resource),
  }))
  return groups.filter((group) => group.resources.length > 0)
}

/** `Type/id`. */
export function nameOf(resource: FhirResource): string {
  return `${resource.resourceType}/${resource.id ?? ''}`
}

/** How many wholes the resource is a part of; a circle ends where it closes. */
function depthOf(resource: FhirResource, byName: ReadonlyMap<string, FhirResource>): number {
  const seen = new Set<FhirResource>()
  for (let at: FhirResource | undefined = resource; at && !seen.has(at); at = byName.get(wholeOf(at))) seen.add(at)
  return seen.size
}

function wholeOf(resource: FhirResource): string {
  const partOf: Reference | undefined =
    resource.resourceType === 'Location' || resource.resourceType === 'Organization' ? resource.partOf : undefined
  const parsed = parseReference(partOf?.reference)
  return parsed ? `${parsed.type}/${parsed.id}` : ''
}

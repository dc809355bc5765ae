import type { Bundle, FhirResource } from 'fhir/r4.js'

/** Whether an answer is a Bundle at all. */
export function isBundle(value: unknown): value is Bundle {
  return typeof value === 'object' && value !== null && (value as { resourceType?: unknown }).resourceType === 'Bundle'
}

/** The resources of a search, matches and included ones, without the server's remarks on it. */
export function resourcesIn(bundle: Bundle): FhirResource[] {
  const entries = (bundle.entry ?? []).filter((entry) => entry.search?.mode !== 'outcome')
  return entries.flatMap((entry) => (entry.resource ? [entry.resource as FhirResource] : []))
}

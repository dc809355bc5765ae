import type { Bundle, FhirResource } from 'fhir/r4.js'

/** Whether an answer is a Bundle at all; of this type, where one is named. */
export function isBundle(value: unknown, type?: Bundle['type']): value is Bundle {
  if (typeof value !== 'object' || value === null) return false
  const { resourceType, type: found } = value as { resourceType?: unknown; type?: unknown }
  return resourceType === 'Bundle' && (type === undefined || found === type)
}

/** The resources of a search, matches and included ones, without the server's remarks on it. */
export function resourcesIn(bundle: Bundle): FhirResource[] {
  const entries = (bundle.entry ?? []).filter((entry) => entry.search?.mode !== 'outcome')
  return entries.flatMap((entry) => (entry.resource ? [entry.resource as FhirResource] : []))
}

/**
 * What a search for `type` found, included resources too; `undefined` when the answer is to another question: no searchset, or
 * a match of another type. A Patient where Slots were asked for must not read as "no Slots".
 */
export function foundIn(answer: unknown, type: string): FhirResource[] | undefined {
  if (!isBundle(answer, 'searchset')) return undefined
  const strange = (answer.entry ?? []).some(({ resource, search }) => {
    const isMatch = search?.mode === undefined || search.mode === 'match'
    return isMatch && resource?.resourceType !== type
  })
  return strange ? undefined : resourcesIn(answer)
}

import type { Appointment, Bundle, FhirResource, Slot } from 'fhir/r4.js'
import { isDeepStrictEqual } from 'node:util'
import { NEW_APPOINTMENT } from '../../../src/scheduling/write.ts'

/**
 * Resources with versions, as HAPI keeps them: a transaction is all or nothing, `If-Match` must name the current version,
 * `W/"0"` means that it does not exist yet, and a write that changes nothing does not raise the version.
 */
export class VersionedStore {
  readonly #resources = new Map<string, FhirResource>()
  #created = 0

  constructor(resources: readonly FhirResource[]) {
    for (const resource of resources) this.#resources.set(keyOf(resource), resource)
  }

  slots(): Slot[] {
    return [...this.#resources.values()].filter((resource) => resource.resourceType === 'Slot')
  }

  appointments(): Appointment[] {
    return [...this.#resources.values()].filter((resource) => resource.resourceType === 'Appointment')
  }

  /** Whether the transaction was executed. */
  commit(transaction: Bundle): boolean {
    const entries = (transaction.entry ?? []).map((entry) => ({
      resource: entry.resource as FhirResource,
      ifMatch: entry.request?.ifMatch,
      isNew: entry.fullUrl === NEW_APPOINTMENT,
    }))
    const current = (resource: FhirResource) => `W/"${this.#resources.get(keyOf(resource))?.meta?.versionId ?? '0'}"`
    if (entries.some(({ resource, ifMatch, isNew }) => !isNew && ifMatch !== current(resource))) return false
    for (const { resource, isNew } of entries) this.#put(isNew ? { ...resource, id: `new-${++this.#created}` } : resource)
    return true
  }

  #put(resource: FhirResource): void {
    const before = this.#resources.get(keyOf(resource))
    const bare = (each: FhirResource) => ({ ...each, meta: undefined })
    if (before && isDeepStrictEqual(bare(before), bare(resource))) return
    this.#resources.set(keyOf(resource), { ...resource, meta: { versionId: String(Number(before?.meta?.versionId ?? '0') + 1) } })
  }
}

function keyOf(resource: FhirResource): string {
  return `${resource.resourceType}/${resource.id ?? ''}`
}

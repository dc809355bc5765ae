import type { Bundle, BundleEntry, FhirResource } from 'fhir/r4.js'
import type { EhrQuery } from '../../src/fhir/query.ts'
import { findMatches } from './memory-search.ts'
import type { MemoryStore } from './memory-store.ts'

/** One entry of a transaction that may go ahead; `found` is a conditional create whose resource exists already. */
export interface PlannedWrite {
  readonly kind: 'write' | 'found'
  /** `fullUrl` of the entry, or its `Type/id`. */
  readonly key: string
  readonly resource: FhirResource
}

/** Why a transaction is refused as a whole: a lost race (409, 412), or something no server takes (400). */
export interface RefusedTransaction {
  readonly kind: 'conflict' | 'rejected'
}

/**
 * Decides about a transaction as HAPI does: stale `If-Match` and create-only ids that were ever used are conflicts, a conditional
 * create that finds its resource is no write **and does not stop the others**, references have to lead somewhere.
 */
export function planTransaction(store: MemoryStore, transaction: Bundle, newId: () => string): PlannedWrite[] | RefusedTransaction {
  const entries = transaction.entry ?? []
  const planned: PlannedWrite[] = []
  for (const entry of entries) {
    const write = planEntry(store, entry, newId)
    if (!write) return { kind: 'conflict' }
    planned.push(write)
  }
  const urls = planned.map(({ resource }) => urlOf(resource))
  if (new Set(urls).size < urls.length) return { kind: 'conflict' }
  const written = replaceTemporaryReferences(planned)
  if (store.checkReferences && written.some((write) => !referencesLeadSomewhere(store, write, urls))) return { kind: 'rejected' }
  return written
}

function planEntry(store: MemoryStore, entry: BundleEntry, newId: () => string): PlannedWrite | undefined {
  const { request } = entry
  const resource = entry.resource as FhirResource
  const key = entry.fullUrl ?? request?.url ?? ''
  if (request?.method === 'PUT') return mayPut(store, resource, request.ifMatch) ? { kind: 'write', key, resource } : undefined
  if (request?.method !== 'POST') throw new Error(`this server does not know ${request?.method ?? 'nothing'} in a transaction`)
  const created = { kind: 'write', key, resource: { ...resource, id: newId() } as FhirResource } as const
  if (request.ifNoneExist === undefined) return created
  const query = parseQuery(resource.resourceType, request.ifNoneExist)
  const [found, ...more] = findMatches(store, query)
  if (found) return more.length > 0 ? undefined : { kind: 'found', key, resource: found }
  // HAPI refuses a resource that its own condition would not find (412).
  return findMatches(store, query, [resource]).length > 0 ? created : undefined
}

function mayPut(store: MemoryStore, resource: FhirResource, ifMatch: string | undefined): boolean {
  if (ifMatch === undefined) return true
  const version = store.history(resource.resourceType, resource.id ?? '').at(-1)?.version ?? 0
  return ifMatch === `W/"${version}"`
}

/** The text of `If-None-Exist` as a query. */
function parseQuery(type: string, text: string): EhrQuery {
  const params = text.split('&').map((part): [string, string] => {
    const [name = '', value = ''] = part.split('=')
    return [name, decodeURIComponent(value)]
  })
  return { kind: 'search', type, params }
}

/** Puts the real ids in place of `urn:uuid:` references. What comes out went through JSON, as on the wire. */
function replaceTemporaryReferences(planned: readonly PlannedWrite[]): PlannedWrite[] {
  const temporary = planned.filter(({ key }) => key.startsWith('urn:uuid:'))
  return planned.map((write) => {
    let text = JSON.stringify(write.resource)
    for (const { key, resource } of temporary) text = text.replaceAll(`"${key}"`, `"${urlOf(resource)}"`)
    return { ...write, resource: JSON.parse(text) as FhirResource }
  })
}

const REFERENCES = /"reference":"([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})"/g

function referencesLeadSomewhere(store: MemoryStore, write: PlannedWrite, written: readonly string[]): boolean {
  if (write.kind === 'found') return true
  return [...JSON.stringify(write.resource).matchAll(REFERENCES)].every(
    ([, type = '', id = '']) => written.includes(`${type}/${id}`) || store.history(type, id).at(-1)?.resource !== undefined,
  )
}

function urlOf(resource: FhirResource): string {
  return `${resource.resourceType}/${resource.id ?? ''}`
}

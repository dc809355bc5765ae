import type { BundleEntry, FhirResource } from 'fhir/r4.js'
import type { Queries, Reading } from '../booking/ports.ts'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'
import type { EhrQuery } from '../fhir/query.ts'
import { foundIn, isBundle } from './bundles.ts'
import type { Exchange } from './fhir-http.ts'

interface ReadAnswer {
  readonly resources: readonly FhirResource[]
  readonly complete: boolean
  readonly at: EpochMs | undefined
}

/** The answers to a batch; `undefined` when they are not what was asked for. Half a reading, or a strange one, must not decide anything. */
export function readBatch(queries: Queries, exchange: Extract<Exchange, { kind: 'answer' }>, maxResults: number): Reading | undefined {
  const asked = Object.entries(queries)
  const entries = isBundle(exchange.body, 'batch-response') ? (exchange.body.entry ?? []) : []
  if (entries.length !== asked.length) return undefined
  const answers = new Map<string, ReadAnswer>()
  for (const [index, [name, query]] of asked.entries()) {
    const answer = readEntry(entries[index], query, maxResults)
    if (!answer) return undefined
    answers.set(name, answer)
  }
  const times = [...answers.values()].map((answer) => answer.at).filter((at) => at !== undefined)
  const now = times.length > 0 ? Math.min(...times) : Date.parse(exchange.date ?? '')
  if (Number.isNaN(now)) return undefined
  return {
    now,
    readUntil: Math.max(now, ...times),
    all: (name) => answers.get(name)?.resources ?? [],
    isComplete: (name) => answers.get(name)?.complete ?? true,
  }
}

function readEntry(entry: BundleEntry | undefined, query: EhrQuery, maxResults: number): ReadAnswer | undefined {
  const status = entry?.response?.status.slice(0, 3)
  if (query.kind !== 'search' && (status === '404' || status === '410')) return { resources: [], complete: true, at: undefined }
  if (status !== '200' || !entry?.resource) return undefined
  if (query.kind === 'read') {
    const resource = entry.resource as FhirResource
    const isAsked = resource.resourceType === query.type && resource.id === query.id
    return isAsked ? { resources: [resource], complete: true, at: undefined } : undefined
  }
  const resources = query.kind === 'history' ? versionsIn(entry.resource, query) : foundIn(entry.resource, query.type)
  if (!resources) return undefined
  const at = isBundle(entry.resource) ? parseInstant(entry.resource.meta?.lastUpdated) : undefined
  return { resources, complete: resources.length < maxResults, at }
}

/** The versions in a history; `undefined` when it is none, or another resource's. A version that is a deletion has no resource. */
function versionsIn(body: unknown, { type, id }: { type: string; id: string }): FhirResource[] | undefined {
  if (!isBundle(body, 'history')) return undefined
  const versions = (body.entry ?? []).flatMap((entry) => (entry.resource ? [entry.resource as FhirResource] : []))
  return versions.every((version) => version.resourceType === type && version.id === id) ? versions : undefined
}

import type { Appointment, Bundle, FhirResource, Slot } from 'fhir/r4.js'
import { isDeepStrictEqual } from 'node:util'
import type { CommitOutcome, CommittedVersion, Ehr, Queries, Reading } from '../../../src/booking/ports.ts'
import { formatUtc, parseInstant, type EpochMs } from '../../../src/fhir/instant.ts'
import type { EhrQuery } from '../../../src/fhir/query.ts'
import { NEW_APPOINTMENT } from '../../../src/scheduling/write.ts'

/**
 * An EHR in memory, with as much of FHIR search as reconciliation asks for; what it does not know fails the test. Like HAPI it answers
 * the queries of a batch one by one, on no common snapshot, and a search first finds what matches and then loads what that is by now:
 * `between` runs before each query and in the midst of it. Pages of a walk are short, so that a small clinic fills several.
 */
export class MemoryEhr implements Ehr {
  /** Runs whenever somebody else may write. */
  between: () => void = () => undefined
  readonly #versions = new Map<string, FhirResource[]>()
  #clock: EpochMs
  #made = 0

  constructor(resources: readonly FhirResource[], now: EpochMs) {
    this.#clock = now
    for (const resource of resources)
      this.#versions.set(keyOf(resource), [{ ...resource, meta: { ...resource.meta, lastUpdated: formatUtc(now - 60_000) } }])
  }

  get now(): EpochMs {
    return this.#clock
  }

  /** The current versions. */
  all<T extends FhirResource['resourceType']>(type: T): Extract<FhirResource, { resourceType: T }>[] {
    const current = [...this.#versions.values()].map((versions) => versions[0]!)
    return current.filter((resource): resource is Extract<FhirResource, { resourceType: T }> => resource.resourceType === type)
  }

  /** What somebody writes past the gateway, whatever stood there. */
  put(resource: FhirResource): void {
    const versions = this.#versions.get(keyOf(resource)) ?? []
    const versionId = String(Number(versions[0]?.meta?.versionId ?? '0') + 1)
    this.#versions.set(keyOf(resource), [{ ...resource, meta: { versionId, lastUpdated: formatUtc(this.#clock) } }, ...versions])
    this.#clock++
  }

  remove(resource: FhirResource): void {
    this.#versions.delete(keyOf(resource))
  }

  batch(queries: Queries, _call?: unknown, maxResults = 500): Promise<Reading> {
    const now = this.#clock
    const answers = new Map<string, { found: FhirResource[]; limit: number }>()
    for (const [name, query] of Object.entries(queries)) {
      this.between()
      const limit = ['slots', 'visits', 'changed'].includes(name) ? Math.min(maxResults, 25) : maxResults
      const found = this.#answer(query).slice(0, limit)
      this.between()
      answers.set(name, {
        found: query.kind === 'search' ? found.flatMap((each) => this.#versions.get(keyOf(each))?.[0] ?? []) : found,
        limit,
      })
    }
    this.#clock++
    return Promise.resolve({
      now,
      readUntil: now,
      all: (name) => answers.get(name)?.found ?? [],
      isComplete: (name) => (answers.get(name)?.found.length ?? 0) < (answers.get(name)?.limit ?? 1),
    })
  }

  commit(transaction: Bundle): Promise<CommitOutcome> {
    this.between()
    return Promise.resolve(this.execute(transaction))
  }

  /** Executes a transaction as a whole or not at all; a write that changes nothing does not raise the version. */
  execute(transaction: Bundle): CommitOutcome {
    this.#clock++
    const entries = (transaction.entry ?? []).map((entry) => {
      const isNew = entry.fullUrl === NEW_APPOINTMENT
      const resource = entry.resource as FhirResource
      return {
        ifMatch: entry.request?.ifMatch,
        isNew,
        resource: isNew ? { ...resource, id: `new-${++this.#made}` } : resource,
        url: isNew ? NEW_APPOINTMENT : keyOf(resource),
      }
    })
    const version = (resource: FhirResource) => this.#versions.get(keyOf(resource))?.[0]?.meta?.versionId ?? '0'
    if (entries.some(({ resource, ifMatch, isNew }) => !isNew && ifMatch !== `W/"${version(resource)}"`)) return { kind: 'conflict' }
    const versions = new Map<string, CommittedVersion>()
    for (const { resource, url } of entries) {
      if (!isDeepStrictEqual(bare(this.#versions.get(keyOf(resource))?.[0]), bare(resource))) this.put(resource)
      versions.set(url, { id: resource.id!, version: version(resource) })
    }
    return { kind: 'committed', versions }
  }

  #answer(query: EhrQuery): FhirResource[] {
    if (query.kind !== 'search') return (this.#versions.get(`${query.type}/${query.id}`) ?? []).slice(0, query.kind === 'read' ? 1 : 20)
    const filters = query.params.filter(([name]) => name !== '_sort')
    const found = this.all(query.type as 'Slot' | 'Appointment').filter((resource) =>
      filters.every(([name, value]) => matches(resource, name, [value].flat())),
    )
    const sort = query.params.find(([name]) => name === '_sort')?.[1]
    if (typeof sort !== 'string') return found
    const sign = sort.startsWith('-') ? -1 : 1
    const by = (resource: Slot | Appointment) =>
      parseInstant(sort.endsWith('_lastUpdated') ? resource.meta?.lastUpdated : resource.start) ?? 0
    return found.sort((a, b) => sign * (by(a) - by(b)))
  }
}

function matches(resource: FhirResource, name: string, values: readonly string[]): boolean {
  const one = (value: string | undefined): boolean => value !== undefined && values.includes(value)
  switch (name) {
    case '_id':
      return one(resource.id)
    case '_lastUpdated':
      return isWithin(resource.meta?.lastUpdated, values)
    case 'start':
    case 'date':
      return 'start' in resource && typeof resource.start === 'string' && isWithin(resource.start, values)
    case 'status':
      return 'status' in resource && one(resource.status as string)
    case 'schedule':
      return resource.resourceType === 'Slot' && one(resource.schedule.reference)
    case 'actor':
      return actorsOf(resource).some(one)
    case 'actor:PractitionerRole.practitioner':
      return actorsOf(resource).some((actor) => one(actor.replace(/^PractitionerRole\/(.*)-role$/, 'Practitioner/$1')))
    case 'slot':
      return resource.resourceType === 'Appointment' && (resource.slot ?? []).some(({ reference }) => one(reference))
    case 'supporting-info':
      return resource.resourceType === 'Appointment' && (resource.supportingInformation ?? []).some(({ reference }) => one(reference))
    case 'identifier':
      return (
        resource.resourceType === 'Appointment' &&
        (resource.identifier ?? []).some(({ system, value }) => one(`${system!}|${value!}`) || one(`${system!}|`))
      )
    case 'subtype':
      return resource.resourceType === 'AuditEvent' && (resource.subtype ?? []).some(({ system, code }) => one(`${system!}|${code!}`))
    case 'entity':
      return resource.resourceType === 'AuditEvent' && (resource.entity ?? []).some(({ what }) => one(what?.reference))
    default:
      throw new Error(`the EHR in memory does not know the search parameter ${name}`)
  }
}

function isWithin(instant: string | undefined, bounds: readonly string[]): boolean {
  const at = parseInstant(instant)
  if (at === undefined) return false
  return bounds.every((bound) => {
    const limit = parseInstant(bound.slice(2)) ?? Number.NaN
    if (bound.startsWith('ge')) return at >= limit
    if (bound.startsWith('lt')) return at < limit
    throw new Error(`the EHR in memory does not know the prefix of ${bound}`)
  })
}

function actorsOf(resource: FhirResource): string[] {
  if (resource.resourceType === 'Schedule') return resource.actor.flatMap(({ reference }) => reference ?? [])
  return resource.resourceType === 'Appointment' ? resource.participant.flatMap(({ actor }) => actor?.reference ?? []) : []
}

function bare(resource: FhirResource | undefined): unknown {
  return resource && { ...resource, meta: undefined }
}

function keyOf(resource: FhirResource): string {
  return `${resource.resourceType}/${resource.id ?? ''}`
}

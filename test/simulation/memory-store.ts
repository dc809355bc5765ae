import { isDeepStrictEqual } from 'node:util'
import type { Bundle, FhirResource } from 'fhir/r4.js'
import type { CommittedVersion } from '../../src/booking/ports.ts'
import { formatUtc, type EpochMs } from '../../src/fhir/instant.ts'
import { planTransaction, type PlannedWrite } from './memory-transaction.ts'

/** One version of a resource, and the number of the commit that made it; without a resource where it was deleted. */
export interface StoredVersion {
  readonly resource: FhirResource | undefined
  readonly version: number
  readonly commit: number
}

/** What became of a transaction. */
export type Executed =
  { readonly kind: 'committed'; readonly versions: ReadonlyMap<string, CommittedVersion> } | { readonly kind: 'conflict' | 'rejected' }

/** How a store is set up. */
export interface StoreOptions {
  /** The server's clock. */
  readonly now?: () => EpochMs
  /** A world that holds only some of its resources cannot keep referential integrity. */
  readonly checkReferences?: boolean
}

/**
 * Resources with all their versions, as a HAPI server keeps them: a transaction is all or nothing, and a write that changes nothing
 * makes no version. Each commit has a number, so that a checker can look at any moment of the past.
 */
export class MemoryStore {
  readonly now: () => EpochMs
  readonly checkReferences: boolean
  /** Told after every commit: its number, and the resources as it left them. */
  onCommit: ((commit: number, changed: readonly FhirResource[]) => void) | undefined
  readonly #types = new Map<string, Map<string, StoredVersion[]>>()
  #commits = 1
  #created = 1000
  #changed: FhirResource[] = []

  constructor(resources: readonly FhirResource[], options: StoreOptions = {}) {
    this.now = options.now ?? Date.now
    this.checkReferences = options.checkReferences ?? true
    for (const resource of resources) this.#write(resource, this.now())
  }

  /** How many commits there were; 1 is the world as it was set up. */
  get commits(): number {
    return this.#commits
  }

  /** The resource as it stands. */
  get<T extends FhirResource['resourceType']>(type: T, id: string): Extract<FhirResource, { resourceType: T }> | undefined {
    return this.history(type, id).at(-1)?.resource as Extract<FhirResource, { resourceType: T }> | undefined
  }

  /** All resources of a type, as they stand. */
  all<T extends FhirResource['resourceType']>(type: T): Extract<FhirResource, { resourceType: T }>[] {
    const versions = [...(this.#types.get(type)?.values() ?? [])].map((history) => history.at(-1)?.resource)
    return versions.filter((resource) => resource !== undefined) as Extract<FhirResource, { resourceType: T }>[]
  }

  /** All versions of a resource, the oldest first; deletions too. */
  history(type: string, id: string): readonly StoredVersion[] {
    return this.#types.get(type)?.get(id) ?? []
  }

  /** What the clinic's own software writes, past the gateway: without If-Match. */
  put(...resources: readonly FhirResource[]): void {
    this.#commit(() => {
      for (const resource of resources) this.#write(resource, this.now())
    })
  }

  delete(type: string, id: string): void {
    const version = this.history(type, id).at(-1)?.version ?? 0
    this.#commit(() => this.#types.get(type)?.get(id)?.push({ resource: undefined, version: version + 1, commit: this.#commits }))
  }

  /** Executes a transaction, all or nothing. @param begun what `meta.lastUpdated` says: a server stamps before it commits */
  transact(transaction: Bundle, begun = this.now()): Executed {
    const plan = planTransaction(this, transaction, () => String(++this.#created))
    if (!Array.isArray(plan)) return plan
    const versions = new Map<string, CommittedVersion>()
    this.#commit(() => {
      for (const entry of plan) versions.set(entry.key, this.#execute(entry, begun))
    })
    return { kind: 'committed', versions }
  }

  /** The store as it was after the given commit, to look at or to go on with; with its own clock. */
  at(commit: number, now: () => EpochMs): MemoryStore {
    const past = new MemoryStore([], { now, checkReferences: this.checkReferences })
    past.#commits = commit
    past.#created = this.#created
    for (const [type, ids] of this.#types)
      for (const [id, history] of ids) {
        const then = history.filter((version) => version.commit <= commit)
        if (then.length > 0) past.#historiesOf(type).set(id, then)
      }
    return past
  }

  #commit(write: () => void): void {
    this.#commits++
    this.#changed = []
    write()
    this.onCommit?.(this.#commits, this.#changed)
  }

  #execute(entry: PlannedWrite, begun: EpochMs): CommittedVersion {
    const version = entry.kind === 'found' ? entry.resource.meta?.versionId : this.#write(entry.resource, begun)
    return { id: entry.resource.id ?? '', version: version ?? '' }
  }

  /** Writes one resource. @returns its version: a new one only where the content is new */
  #write(resource: FhirResource, at: EpochMs): string {
    const id = resource.id ?? ''
    const histories = this.#historiesOf(resource.resourceType)
    const history = histories.get(id) ?? []
    histories.set(id, history)
    const last = history.at(-1)
    if (last?.resource && isDeepStrictEqual(contentOf(last.resource), contentOf(resource))) return String(last.version)
    // What is put there in the beginning may have a past.
    const version = last ? last.version + 1 : Number(resource.meta?.versionId ?? 1)
    const meta = { ...resource.meta, versionId: String(version), lastUpdated: formatUtc(at) }
    const stored = { ...resource, meta }
    history.push({ resource: stored, version, commit: this.#commits })
    this.#changed.push(stored)
    return String(version)
  }

  #historiesOf(type: string): Map<string, StoredVersion[]> {
    const found = this.#types.get(type) ?? new Map<string, StoredVersion[]>()
    this.#types.set(type, found)
    return found
  }
}

function contentOf(resource: FhirResource): object {
  return { ...resource, meta: undefined }
}

import type { Bundle, FhirResource } from 'fhir/r4.js'
import type { Call, CommitOutcome, Ehr, Queries, Reading } from '../../src/booking/ports.ts'
import type { EpochMs } from '../../src/fhir/instant.ts'
import type { EhrQuery } from '../../src/fhir/query.ts'
import { findIncluded, findMatches } from './memory-search.ts'
import type { MemoryStore } from './memory-store.ts'

/** Waits until it is the turn of the next piece of work inside the server; whoever reorders work decides when that is. */
export type Turn = (step: 'reading' | 'writing', call: Call) => Promise<void>

interface Answer {
  readonly resources: readonly FhirResource[]
  readonly complete: boolean
  readonly at: EpochMs | undefined
}

/** The largest page, as the real adapter asks for it. */
const LARGEST_PAGE = 500

/**
 * The port `Ehr` on a store in memory. The queries of a batch are answered one by one, each at its own turn, so that a commit can come in
 * between: a batch is no snapshot. Kept honest by `test/contract/ehr-contract.ts`, which runs on HAPI too.
 */
export class MemoryEhr implements Ehr {
  readonly #store: MemoryStore
  readonly #turn: Turn

  constructor(store: MemoryStore, turn: Turn = () => Promise.resolve()) {
    this.#store = store
    this.#turn = turn
  }

  async batch(queries: Queries, call: Call, maxResults = LARGEST_PAGE): Promise<Reading> {
    call.roundTrips++
    const named = Object.entries(queries).map(async ([name, query]) => [name, await this.#answer(query, call, maxResults)] as const)
    const answers = new Map(await Promise.all(named))
    const times = [...answers.values()].flatMap(({ at }) => at ?? [])
    // Reads alone tell no time; then it is the Date header's, in whole seconds.
    const now = times.length > 0 ? Math.min(...times) : Math.floor(this.#store.now() / 1000) * 1000
    return {
      now,
      readUntil: Math.max(now, ...times),
      all: (name) => answers.get(name)?.resources ?? [],
      isComplete: (name) => answers.get(name)?.complete ?? true,
    }
  }

  async commit(transaction: Bundle, call: Call): Promise<CommitOutcome> {
    call.roundTrips++
    await this.#turn('writing', call)
    const begun = this.#store.now()
    await this.#turn('writing', call)
    return this.#store.transact(transaction, begun)
  }

  async #answer(query: EhrQuery, call: Call, maxResults: number): Promise<Answer> {
    await this.#turn('reading', call)
    if (query.kind !== 'search') {
      const versions = this.#store.history(query.type, query.id)
      const wanted = query.kind === 'history' ? [...versions].reverse() : versions.slice(-1)
      return { resources: wanted.flatMap(({ resource }) => resource ?? []), complete: true, at: undefined }
    }
    const matches = findMatches(this.#store, query).slice(0, maxResults)
    // Included resources are looked up afterwards, and count against the page: they get lost first.
    if (query.params.some(([name]) => name === '_include')) await this.#turn('reading', call)
    const resources = [...matches, ...findIncluded(this.#store, query, matches)].slice(0, maxResults)
    return { resources, complete: resources.length < maxResults, at: this.#store.now() }
  }
}

import type { Bundle } from 'fhir/r4.js'
import type { Call, CommitOutcome, Ehr, Queries, Reading } from '../../../src/booking/ports.ts'
import { BookingError } from '../../../src/booking/errors.ts'
import { MemoryEhr } from '../../simulation/memory-ehr.ts'
import type { MemoryStore } from '../../simulation/memory-store.ts'

/** What happens while a request is under way. */
type Meanwhile = () => unknown

/** An EHR in whose first readings something happens after these queries were answered and before the others are. */
export class TornEhr extends MemoryEhr {
  readonly #torn: { early: readonly string[]; meanwhile: Meanwhile }[]

  constructor(store: MemoryStore, ...torn: { early: readonly string[]; meanwhile: Meanwhile }[]) {
    super(store)
    this.#torn = torn
  }

  override async batch(queries: Queries, call: Call, maxResults?: number): Promise<Reading> {
    const tear = this.#torn.shift()
    if (!tear) return super.batch(queries, call, maxResults)
    const named = Object.entries(queries)
    const early = await super.batch(Object.fromEntries(named.filter(([name]) => tear.early.includes(name))), call)
    await tear.meanwhile()
    const late = await super.batch(Object.fromEntries(named.filter(([name]) => !tear.early.includes(name))), call)
    const of = (name: string) => (tear.early.includes(name) ? early : late)
    return {
      now: Math.min(early.now, late.now),
      readUntil: Math.max(early.readUntil, late.readUntil),
      all: (name) => of(name).all(name),
      isComplete: (name) => of(name).isComplete(name),
    }
  }
}

/** An EHR in which something happens between the first reading and the transaction that follows from it. */
export class InterruptedEhr extends MemoryEhr {
  #meanwhile: Meanwhile | undefined

  constructor(store: MemoryStore, meanwhile: Meanwhile) {
    super(store)
    this.#meanwhile = meanwhile
  }

  override async commit(transaction: Bundle, call: Call): Promise<CommitOutcome> {
    const meanwhile = this.#meanwhile
    this.#meanwhile = undefined
    await meanwhile?.()
    return super.commit(transaction, call)
  }
}

/** The way to an EHR that swallows the first transaction, and is down from then on; what it swallowed arrives later. */
export class SwallowingEhr implements Ehr {
  readonly #ehr: MemoryEhr
  #swallowed: Bundle | undefined

  constructor(store: MemoryStore) {
    this.#ehr = new MemoryEhr(store)
  }

  batch(queries: Queries, call: Call, maxResults?: number): Promise<Reading> {
    if (this.#swallowed) return Promise.reject(new BookingError('ehr_unavailable', 'down'))
    return this.#ehr.batch(queries, call, maxResults)
  }

  commit(transaction: Bundle): Promise<CommitOutcome> {
    this.#swallowed = transaction
    return Promise.resolve({ kind: 'unknown' })
  }

  /** The transaction arrives after all. */
  arrive(call: Call): Promise<CommitOutcome> {
    if (!this.#swallowed) throw new Error('nothing was sent')
    return this.#ehr.commit(this.#swallowed, call)
  }
}

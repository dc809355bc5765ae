import type { Bundle, FhirResource } from 'fhir/r4.js'
import { expect } from 'vitest'
import type { BookingDeps } from '../../../src/booking/deps.ts'
import { BookingError } from '../../../src/booking/errors.ts'
import type { Call, CommitOutcome, Ehr, Queries, Reading } from '../../../src/booking/ports.ts'
import { SlotIds } from '../../../src/booking/slot-id.ts'
import { Turnstile } from '../../../src/booking/turnstile.ts'
import { Directory } from '../../../src/scheduling/directory.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { NOW } from './day.ts'

/** One round trip that the EHR expects, and how it answers. */
type Step =
  | { readonly kind: 'batch'; readonly found: Readonly<Record<string, readonly FhirResource[]>> | BookingError }
  | { readonly kind: 'commit'; readonly outcome: CommitOutcome }

/** The EHR answers a batch with these resources, by the names of the queries. */
export const answers = (found: Readonly<Record<string, readonly FhirResource[]>> = {}): Step => ({ kind: 'batch', found })
/** The EHR does not answer a batch. */
export const isDown = (): Step => ({ kind: 'batch', found: new BookingError('ehr_unavailable', 'down') })
/** What becomes of a transaction. */
export const commits = (outcome: CommitOutcome): Step => ({ kind: 'commit', outcome })

/** An Ehr that plays a script: anything it was not told to expect fails the test. */
export class ScriptedEhr implements Ehr {
  readonly batches: Queries[] = []
  readonly sent: Bundle[] = []
  readonly #steps: Step[]

  constructor(...steps: readonly Step[]) {
    this.#steps = [...steps]
  }

  get roundTrips(): number {
    return this.batches.length + this.sent.length
  }

  /** Every step of the script must have been played. */
  expectPlayed(): void {
    expect(this.#steps).toEqual([])
  }

  batch(queries: Queries): Promise<Reading> {
    this.batches.push(queries)
    const { found } = this.#next('batch')
    if (found instanceof BookingError) return Promise.reject(found)
    return Promise.resolve({ now: NOW, readUntil: NOW, all: (name) => found[name] ?? [], isComplete: () => true })
  }

  commit(transaction: Bundle): Promise<CommitOutcome> {
    this.sent.push(transaction)
    return Promise.resolve(this.#next('commit').outcome)
  }

  #next<K extends Step['kind']>(kind: K): Extract<Step, { kind: K }> {
    const step = this.#steps.shift()
    if (step?.kind !== kind) throw new Error(`the script expected ${step?.kind ?? 'nothing more'}, but came ${kind}`)
    return step as Extract<Step, { kind: K }>
  }
}

/** The dependencies of the actions, with this EHR and an empty directory. Counts how often the directory is read anew. */
export function depsWith(ehr: Ehr, changes: Partial<BookingDeps> = {}): BookingDeps & { refreshes(): number } {
  const mapping = testMapping()
  const snapshot = { directory: new Directory([]), asOf: NOW }
  let refreshes = 0
  return {
    ehr,
    directories: {
      current: () => Promise.resolve(snapshot),
      refresh: () => {
        refreshes++
        return Promise.resolve(snapshot)
      },
    },
    writes: { assertOpen: () => undefined },
    mapping,
    slotIds: new SlotIds(['a secret of the tests, long enough'], mapping),
    turnstile: new Turnstile(),
    wakeUps: { holdMade: () => undefined, outcomeUnknown: () => undefined, visitChanged: () => undefined },
    ...changes,
    refreshes: () => refreshes,
  }
}

/** A call that may take so long, in milliseconds. */
export function callWithin(milliseconds = 5_000): Call {
  return { requestId: 'request-1', clientId: 'chatbot', deadline: performance.now() + milliseconds, roundTrips: 0 }
}

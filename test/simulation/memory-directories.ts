import type { FhirResource } from 'fhir/r4.js'
import type { Call, DirectorySnapshot, DirectorySource } from '../../src/booking/ports.ts'
import { BookingError } from '../../src/booking/errors.ts'
import { Directory } from '../../src/scheduling/directory.ts'
import type { Turn } from './memory-ehr.ts'
import type { MemoryStore } from './memory-store.ts'

/** A directory older than this is read anew in the background, in milliseconds. */
const MAX_AGE_MS = 60_000
/** A change may be committed this long after the time stamp it carries, in milliseconds. */
const OVERLAP_MS = 10_000
const TYPES: readonly FhirResource['resourceType'][] = ['Schedule', 'PractitionerRole', 'Practitioner', 'Location']

/** The Schedules and their actors of a store, as one gateway process keeps them: a minute old where nobody asks for them anew. */
export class MemoryDirectories implements DirectorySource {
  readonly #store: MemoryStore
  readonly #turn: Turn
  #snapshot: DirectorySnapshot | undefined
  #readAt = 0

  constructor(store: MemoryStore, turn: Turn = () => Promise.resolve()) {
    this.#store = store
    this.#turn = turn
  }

  async current(call: Call): Promise<DirectorySnapshot> {
    if (!this.#snapshot) return this.refresh(call)
    if (performance.now() - this.#readAt > MAX_AGE_MS) void this.#read(call)
    return this.#snapshot
  }

  async refresh(call: Call): Promise<DirectorySnapshot> {
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(late.resolve, call.deadline - performance.now(), undefined)
    const snapshot = await Promise.race([this.#read(call), late.promise])
    clearTimeout(timer)
    if (snapshot) return snapshot
    throw new BookingError('ehr_unavailable', 'no answer', { retryAfterSeconds: 5 })
  }

  async #read(call: Call): Promise<DirectorySnapshot> {
    const asOf = this.#store.now() - OVERLAP_MS
    const lists = TYPES.map(async (type) => {
      await this.#turn('reading', call)
      return this.#store.all(type)
    })
    this.#snapshot = { directory: new Directory((await Promise.all(lists)).flat()), asOf }
    this.#readAt = performance.now()
    return this.#snapshot
  }
}

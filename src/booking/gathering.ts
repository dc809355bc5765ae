import type { Appointment, FhirResource, Slot } from 'fhir/r4.js'
import { token, type EhrQuery } from '../fhir/query.ts'
import { APPOINTMENT_ID_SYSTEM } from '../fhir/vocabulary.ts'
import type { EpochMs } from '../fhir/instant.ts'
import type { Directory } from '../scheduling/directory.ts'
import { sightingOf, unreadOf, type Sighting } from '../scheduling/sighting.ts'
import { BookingError } from './errors.ts'
import type { PacedEhr } from './paced-ehr.ts'
import type { Queries, Reading } from './ports.ts'
import { ofType, search } from './window-queries.ts'

/** Ids looked up by one query: as many Slots as fit on a page with room to spare, fewer identifiers because each is long. */
const SLOTS_PER_QUERY = 250
const IDENTIFIERS_PER_QUERY = 100

/** Collects Slots and Appointments from several readings, and looks up what is missing to judge visits. */
export class Gathering {
  readonly #directory: Directory
  readonly #slots = new Map<string, Slot>()
  readonly #appointments = new Map<string, Appointment>()
  readonly #asked = new Set<string>()
  #now: EpochMs | undefined

  constructor(directory: Directory) {
    this.#directory = directory
  }

  /** Takes over everything that the named queries have found, whole answers only. @throws BookingError `ehr_rejected` for a part of one */
  add(reading: Reading, names: readonly string[]): void {
    const cut = names.find((name) => !reading.isComplete(name))
    if (cut !== undefined)
      throw new BookingError('ehr_rejected', `More ${cut} than can be read at once; nothing is decided on a part of them.`)
    this.take(reading.now, ...names.map((name) => reading.all(name)))
  }

  /** Takes over resources. What is read again replaces what was read before. */
  take(now: EpochMs, ...found: readonly (readonly FhirResource[])[]): void {
    this.#now = Math.min(this.#now ?? now, now)
    for (const slot of found.flatMap((list) => ofType(list, 'Slot'))) this.#slots.set(slot.id ?? '', slot)
    for (const appointment of found.flatMap((list) => ofType(list, 'Appointment')))
      this.#appointments.set(appointment.id ?? '', appointment)
  }

  /** What was gathered so far. */
  sighting(): Sighting {
    return sightingOf(this.#now ?? 0, this.#directory, [...this.#slots.values()], [...this.#appointments.values()])
  }

  /** Every resource and version that was gathered, as `versionMark` writes it. */
  marks(): ReadonlySet<string> {
    return new Set([...this.#slots.values(), ...this.#appointments.values()].map(versionMark))
  }

  /** Reads what is still missing to judge these visits. An id that is not found once is not asked for again. */
  async complete(judged: Iterable<string>, ehr: PacedEhr): Promise<Sighting> {
    const ids = [...judged]
    for (;;) {
      const seen = this.sighting()
      const { appointmentIds, slotIds } = unreadOf(seen, ids)
      const queries = lookUps(this.#firstTime(appointmentIds), this.#firstTime(slotIds))
      const names = Object.keys(queries)
      if (names.length === 0) return seen
      this.add(await ehr.read(queries), names)
    }
  }

  /** Reads every Appointment with one of these ids, also where one is known already. */
  async lookUp(ids: readonly string[], ehr: PacedEhr): Promise<void> {
    const queries = lookUps(this.#firstTime(ids), [])
    const names = Object.keys(queries)
    if (names.length > 0) this.add(await ehr.read(queries), names)
  }

  /** Reads these Slots, where they are not known yet. */
  async lookUpSlots(ids: readonly string[], ehr: PacedEhr): Promise<void> {
    const queries = lookUps([], this.#firstTime(ids.filter((id) => !this.#slots.has(id))))
    const names = Object.keys(queries)
    if (names.length > 0) this.add(await ehr.read(queries), names)
  }

  #firstTime(ids: readonly string[]): string[] {
    const fresh = ids.filter((id) => !this.#asked.has(id))
    for (const id of fresh) this.#asked.add(id)
    return fresh
  }
}

/** A resource in one version, as text to compare. */
export function versionMark(resource: Slot | Appointment): string {
  return `${resource.resourceType}/${resource.id ?? ''}/${resource.meta?.versionId ?? ''}`
}

/** Queries for Appointments by the gateway's id and Slots by their FHIR id, in as many parts as needed. */
export function lookUps(appointmentIds: readonly string[], slotIds: readonly string[]): Queries {
  return {
    ...named('owners', inParts(appointmentIds, IDENTIFIERS_PER_QUERY), (ids) =>
      search('Appointment', ['identifier', ids.map((id) => token(APPOINTMENT_ID_SYSTEM, id))]),
    ),
    ...named('named', inParts(slotIds, SLOTS_PER_QUERY), (ids) => search('Slot', ['_id', ids])),
  }
}

/** The list in parts of at most that size. */
export function inParts<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size))
}

/** One query for each part, named after it. */
export function named<T>(name: string, parts: readonly T[], query: (part: T) => EhrQuery): Queries {
  return Object.fromEntries(parts.map((part, index) => [`${name}${index}`, query(part)]))
}

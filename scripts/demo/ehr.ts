import type { Appointment, AuditEvent, Bundle, FhirResource, Patient, Slot } from 'fhir/r4.js'
import { StackError } from '../stack/console.ts'

const TIMEOUT_MS = 10_000
const LIVE = 'pending,booked,arrived,checked-in,fulfilled'
const DAY_MS = 24 * 60 * 60_000

/** The EHR past the gateway: plain FHIR reads, so that no claim of the demo rests on the gateway's own word. */
export class BareEhr {
  readonly #baseUrl: string

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl
  }

  /** The Slot of a Schedule that begins at an instant. */
  async slotAt(schedule: string, start: string): Promise<Slot> {
    const slots = await this.#search<Slot>('Slot', { schedule, start })
    const [slot] = slots
    if (!slot || slots.length > 1) throw new StackError(`The EHR has ${slots.length} Slots of ${schedule} at ${start}, not one.`)
    return slot
  }

  async hasSlot(id: string): Promise<boolean> {
    return (await this.#search<Slot>('Slot', { _id: id })).length > 0
  }

  /** The Appointments that carry the id which the gateway gave out, whatever their state. */
  appointmentsWith(identifier: string): Promise<Appointment[]> {
    return this.#search('Appointment', { identifier })
  }

  /** The live Appointments of an actor on the day around an instant. */
  liveAround(actor: string, start: string): Promise<Appointment[]> {
    const at = (offset: number): string => new Date(Date.parse(start) + offset).toISOString()
    return this.#search('Appointment', { actor, status: LIVE, date: [`ge${at(-DAY_MS / 2)}`, `lt${at(DAY_MS / 2)}`] })
  }

  patientsWith(identifier: string): Promise<Patient[]> {
    return this.#search('Patient', { identifier })
  }

  /** What was written down about a resource. */
  auditOf(reference: string): Promise<AuditEvent[]> {
    return this.#search('AuditEvent', { entity: reference })
  }

  /** Every version of a resource, newest first. */
  async historyOf<T extends FhirResource>(reference: string): Promise<T[]> {
    return this.#resources<T>(`${reference}/_history?_since=1970-01-01T00:00:00Z`)
  }

  async #search<T extends FhirResource>(type: T['resourceType'], params: Record<string, string | string[]>): Promise<T[]> {
    const pairs = Object.entries(params).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one]))
    return this.#resources<T>(`${type}?${new URLSearchParams([...pairs, ['_count', '200']]).toString()}`)
  }

  async #resources<T extends FhirResource>(url: string): Promise<T[]> {
    try {
      const headers = { accept: 'application/fhir+json', 'cache-control': 'no-cache' }
      const answer = await fetch(`${this.#baseUrl}/${url}`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
      if (!answer.ok) throw new Error(`status ${answer.status}`)
      const bundle = (await answer.json()) as Bundle<T>
      return (bundle.entry ?? []).flatMap((entry) => entry.resource ?? [])
    } catch (error) {
      throw new StackError(`The EHR gave no answer to GET ${url} (${error instanceof Error ? error.message : 'unknown reason'}).`)
    }
  }
}

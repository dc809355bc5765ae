import type { FhirResource, Patient, Practitioner, Schedule, Slot } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'

/**
 * A clinic of its own for each side: `r` is booked once to record the requests, `g` through the gateway, `b` bare.
 * They differ in this letter of their ids and in nothing else. `w` is booked to warm the gateway up.
 */
export type WorldName = 'r' | 'g' | 'b' | 'w'

const PRACTITIONERS = 12
const SLOTS_A_DAY = 32
const MINUTES = 15
const DAY_BEGINS = Temporal.PlainTime.from('08:00')
/** The first day, from today: far enough for every visit type's notice. */
const FIRST_DAY = 7
/** Slots each patient needs: for the booking in one step, for the hold, and to move to. */
const SLOTS_PER_PATIENT = 3
const SERVICE = { system: 'http://terminology.hl7.org/CodeSystem/service-type', code: '124' }

/** One Slot of the clinic, found by its place in the order of use. */
export interface Place {
  readonly slotId: string
  readonly scheduleId: string
  readonly start: number
  readonly end: number
}

/** The times each patient wants, the same in every world. Neighbours in the order of use have other practitioners, and other days. */
export class World {
  readonly name: WorldName
  readonly #patients: number
  readonly #zone: string
  readonly #today: Temporal.PlainDate
  readonly #times: number
  readonly #stride: number

  constructor(name: WorldName, patients: number, zone: string) {
    this.name = name
    this.#patients = patients
    this.#zone = zone
    this.#today = Temporal.Now.plainDateISO(zone)
    const days = Math.ceil((patients * SLOTS_PER_PATIENT) / (PRACTITIONERS * SLOTS_A_DAY))
    this.#times = days * SLOTS_A_DAY
    this.#stride = strideFor(this.#times)
  }

  /** What the ids of this world's people, Schedules and Slots begin with. */
  get prefix(): string {
    return `bench-${this.name}-`
  }

  get scheduleIds(): string[] {
    return Array.from({ length: PRACTITIONERS }, (_, index) => this.#scheduleId(index))
  }

  patientId(number: number): string {
    return `${this.prefix}patient-${number}`
  }

  practitionerId(number: number): string {
    return `${this.prefix}practitioner-${number % PRACTITIONERS}`
  }

  /** Midnight of the first day with Slots. */
  get firstDay(): string {
    return this.#today.add({ days: FIRST_DAY }).toZonedDateTime(this.#zone).toString({ timeZoneName: 'never' })
  }

  /** Where a patient books in one step, holds, and moves to. */
  placeFor(patient: number, use: 'book' | 'hold' | 'move'): Place {
    return this.#place(['book', 'hold', 'move'].indexOf(use) * this.#patients + patient)
  }

  /** Everything that has to be in the EHR. */
  resources(): FhirResource[] {
    const people = Array.from({ length: PRACTITIONERS }, (_, index) => index)
    return [
      ...people.map(
        (index): Practitioner => ({ resourceType: 'Practitioner', id: this.practitionerId(index), name: [{ family: `Bench${index}` }] }),
      ),
      ...people.map((index) => this.#schedule(index)),
      ...Array.from(
        { length: this.#patients },
        (_, index): Patient => ({ resourceType: 'Patient', id: this.patientId(index), active: true }),
      ),
      ...Array.from({ length: this.#times * PRACTITIONERS }, (_, index) => this.#slot(this.#place(index))),
    ]
  }

  #schedule(index: number): Schedule {
    return {
      resourceType: 'Schedule',
      id: this.#scheduleId(index),
      active: true,
      serviceType: [{ coding: [SERVICE] }],
      actor: [{ reference: `Practitioner/${this.practitionerId(index)}` }],
    }
  }

  #scheduleId(index: number): string {
    return `${this.prefix}schedule-${index}`
  }

  #slot({ slotId, scheduleId, start, end }: Place): Slot {
    return {
      resourceType: 'Slot',
      id: slotId,
      serviceType: [{ coding: [SERVICE] }],
      schedule: { reference: `Schedule/${scheduleId}` },
      status: 'free',
      start: this.#instant(start),
      end: this.#instant(end),
    }
  }

  #place(index: number): Place {
    const time = (Math.floor(index / PRACTITIONERS) * this.#stride) % this.#times
    const practitioner = index % PRACTITIONERS
    const day = this.#today.add({ days: FIRST_DAY + Math.floor(time / SLOTS_A_DAY) })
    const opening = day.toZonedDateTime({ timeZone: this.#zone, plainTime: DAY_BEGINS }).epochMilliseconds
    const start = opening + (time % SLOTS_A_DAY) * MINUTES * 60_000
    return {
      slotId: `${this.prefix}slot-${practitioner}-${time}`,
      scheduleId: this.#scheduleId(practitioner),
      start,
      end: start + MINUTES * 60_000,
    }
  }

  #instant(at: number): string {
    return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(this.#zone).toString({ timeZoneName: 'never' })
  }
}

/** A step of about two and a half days that visits every time once. */
function strideFor(times: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))
  let stride = 77
  while (divisor(stride, times) !== 1) stride += 2
  return stride
}

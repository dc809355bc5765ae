import type { FhirResource, Location, Patient, Practitioner, Schedule, Slot } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import type { ClinicMapping } from '../../src/clinic/mapping.ts'
import { parseMapping } from '../../src/clinic/load-mapping.ts'
import type { Fhir } from './fhir.ts'

export const ZONE = 'America/Los_Angeles'
const SERVICE = 'https://test.example/service|general'
export const MRN_SYSTEM = 'https://test.example/mrn'

const match = { serviceType: [SERVICE] }
const inPerson = ['in-person']

/** The mapping of the tests' clinic: one visit type for each rule that matters. */
export const MAPPING = {
  clinic: { name: 'Test Clinic', timeZone: ZONE, phone: '555-0100' },
  holds: { ttlSeconds: 300, perPatient: 3 },
  longestSlotMinutes: 240,
  visitTypes: [
    { code: 'short', title: 'Short visit', minutes: 15, modalities: ['in-person', 'telehealth'], horizonDays: 400, match },
    { code: 'long', title: 'Long visit', minutes: 60, modalities: inPerson, horizonDays: 400, match },
    {
      code: 'buffered',
      title: 'Buffered visit',
      minutes: 30,
      bufferBeforeMinutes: 15,
      bufferAfterMinutes: 15,
      modalities: inPerson,
      horizonDays: 400,
      match,
    },
    { code: 'yearly', title: 'Yearly visit', minutes: 15, modalities: inPerson, horizonDays: 400, minDaysBetween: 30, match },
    { code: 'planned', title: 'Planned visit', minutes: 15, modalities: inPerson, noticeMinutes: 60 * 24 * 3, horizonDays: 10, match },
    { code: 'staff-only', title: 'Arranged by staff', minutes: 15, modalities: inPerson, bookable: false, horizonDays: 400, match },
    {
      code: 'chosen',
      title: 'Chosen providers',
      minutes: 15,
      modalities: inPerson,
      horizonDays: 400,
      match,
      providers: ['Practitioner/nobody-at-all'],
    },
  ],
  cancelReasons: [
    { code: 'patient', title: 'Patient cannot come', coding: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason|pat' },
    { code: 'transport', title: 'No transport', coding: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason|pat-lt' },
  ],
  identity: {
    mrnSystem: MRN_SYSTEM,
    sufficient: [
      ['mrn', 'birth_date'],
      ['family_name', 'given_name', 'birth_date', 'phone'],
    ],
  },
}

/** The checked mapping, with changes where a test needs other rules. */
export function testMapping(changes: Record<string, unknown> = {}): ClinicMapping {
  return parseMapping({ ...MAPPING, ...changes }, 'test mapping')
}

let counter = 0
const RUN = Date.now().toString(36)

/** A name nothing else in the EHR has. */
export function unique(prefix: string): string {
  counter++
  return `t${RUN}-${process.pid.toString(36)}-${prefix}${counter}`
}

/** A moment `days` after today (default: 20) at a wall-clock time in the clinic's zone. */
export function clinicTime(time: string, days = 20): number {
  const date = Temporal.Now.plainDateISO(ZONE).add({ days })
  return date.toZonedDateTime({ timeZone: ZONE, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds
}

/** An instant with the clinic's offset. */
export function instant(at: number): string {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(ZONE).toString({ timeZoneName: 'never' })
}

export function practitioner(id = unique('pract')): Practitioner {
  return { resourceType: 'Practitioner', id, name: [{ family: 'Tester', given: [id] }] }
}

export function room(id = unique('room')): Location {
  return {
    resourceType: 'Location',
    id,
    name: `Room ${id}`,
    physicalType: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'ro' }] },
  }
}

export function schedule(actors: readonly string[], id = unique('sched')): Schedule {
  return {
    resourceType: 'Schedule',
    id,
    active: true,
    actor: actors.map((reference) => ({ reference })),
    serviceType: [{ coding: [{ system: 'https://test.example/service', code: 'general' }] }],
  }
}

/** Adjacent Slots of one Schedule, with an extension of the EHR's own that must survive. */
export function slots(scheduleId: string, start: number, count: number, minutes = 15, status: Slot['status'] = 'free'): Slot[] {
  return Array.from({ length: count }, (_, index) => ({
    resourceType: 'Slot',
    id: unique('slot'),
    status,
    schedule: { reference: `Schedule/${scheduleId}` },
    start: instant(start + index * minutes * 60_000),
    end: instant(start + (index + 1) * minutes * 60_000),
    comment: 'set by the EHR',
    extension: [{ url: 'https://test.example/ehr-note', valueString: 'keep me' }],
  }))
}

export function patients(count: number): Patient[] {
  return Array.from({ length: count }, () => {
    const id = unique('pat')
    return {
      resourceType: 'Patient',
      id,
      active: true,
      name: [{ family: 'Muster', given: [id] }],
      birthDate: '1980-01-02',
      identifier: [{ system: MRN_SYSTEM, value: `mrn-${id}` }],
      telecom: [{ system: 'phone', value: '555-0123' }],
    }
  })
}

/** One practitioner with one Schedule of 15-minute Slots, and some patients. */
export interface Desk {
  readonly provider: string
  readonly schedule: string
  readonly slots: readonly Slot[]
  readonly patients: readonly string[]
}

/** Puts a desk into the EHR. */
export async function openDesk(
  fhir: Fhir,
  options: { slots?: number; patients?: number; start?: number; minutes?: number; plan?: Partial<Schedule> } = {},
): Promise<Desk> {
  const doctor = practitioner()
  const plan = { ...schedule([`Practitioner/${doctor.id ?? ''}`]), ...options.plan }
  const list = slots(plan.id ?? '', options.start ?? clinicTime('09:00'), options.slots ?? 8, options.minutes)
  const people = patients(options.patients ?? 2)
  await fhir.putAll([doctor, plan, ...list, ...people] satisfies FhirResource[])
  return {
    provider: doctor.id ?? '',
    schedule: plan.id ?? '',
    slots: list,
    patients: people.map((patient) => `Patient/${patient.id ?? ''}`),
  }
}

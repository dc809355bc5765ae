import type { Appointment, FhirResource, Schedule, Slot } from 'fhir/r4.js'
import { parseMapping } from '../../src/clinic/load-mapping.ts'
import type { ClinicMapping, VisitType } from '../../src/clinic/mapping.ts'
import type { SlotOffer } from '../../src/booking/slot-id.ts'
import { fingerprint } from '../../src/fhir/ids.ts'
import { formatUtc, parseInstant, type EpochMs } from '../../src/fhir/instant.ts'
import { referencedId } from '../../src/fhir/references.ts'
import { MINUTE } from '../../src/scheduling/interval.ts'
import { MAPPING } from '../helpers/clinic.ts'
import { location, practitioner, role, schedule } from '../unit/helpers/day.ts'

/** What the EHR's clock shows when a world begins, and when its first Slot does. */
export const BEGINNING: EpochMs = Date.parse('2027-03-01T08:00:00Z')
const OPENS = BEGINNING + 60 * MINUTE

/** Who has which time: one desk; one person with two Schedules, on one grid or on two; two persons with one room; two persons. */
export type Shape = 'desk' | 'siblings' | 'grids' | 'room' | 'two'
export type TypeCode = 'short' | 'long' | 'buffered' | 'yearly'

/** A small clinic. */
export interface WorldPlan {
  readonly shape: Shape
  /** Slots of 15 minutes per Schedule. */
  readonly slots: number
  readonly patients: number
  readonly ttlSeconds: number
  readonly holdsPerPatient: number
  /** A visit that the front desk entered without a Slot, at the time of this one. */
  readonly deskVisitAt?: number
  /** A Slot that the EHR itself has set busy. */
  readonly busyAt?: number
}

/** The resources a world begins with. */
export function resourcesOf(plan: WorldPlan): FhirResource[] {
  const patients = Array.from({ length: plan.patients }, (_, index): FhirResource => ({ resourceType: 'Patient', id: `pat${index}` }))
  const slots = slotsOf(plan).map((slot, index) => (index === plan.busyAt ? { ...slot, status: 'busy' as const } : slot))
  const desk = plan.deskVisitAt === undefined ? undefined : slots[plan.deskVisitAt]
  return [
    practitioner('p0'),
    practitioner('p1'),
    role('p0-role', 'p0'),
    location('room', 'ro'),
    ...schedulesOf(plan.shape),
    ...patients,
    ...slots,
    ...(desk ? [deskVisit('desk-0', desk, plan.shape)] : []),
  ]
}

/** The Slots of a world, in one order: plans name them by their place in it. */
export function slotsOf({ shape, slots }: Pick<WorldPlan, 'shape' | 'slots'>): Slot[] {
  const first = row('s0', OPENS, slots, 15)
  if (shape === 'desk') return first
  return [...first, ...(shape === 'grids' ? row('s1', OPENS, Math.ceil((slots * 15) / 20), 20) : row('s1', OPENS, slots, 15))]
}

/** A Schedule that the clinic opens later, for the same practitioner, at times that are on offer already. */
export function lateSchedule(id: string): FhirResource[] {
  return [schedule(id, ['Practitioner/p0'], SERVES), ...row(id, OPENS + 5 * MINUTE, 2, 15)]
}

/** What the front desk enters past the Slots: a visit to whoever the Slot belongs to. */
export function deskVisit(id: string, slot: Slot, shape: Shape): Appointment {
  const actor = slot.id?.startsWith('s1') === true && (shape === 'room' || shape === 'two') ? 'Practitioner/p1' : 'Practitioner/p0'
  return {
    resourceType: 'Appointment',
    id,
    status: 'booked',
    start: slot.start,
    end: slot.end,
    participant: [{ actor: { reference: actor }, status: 'accepted' }],
  }
}

/** The room that both practitioners share from now on. */
export function sharedRoom(schedules: readonly Schedule[]): Schedule[] {
  return schedules.map((each) => ({ ...each, actor: [...each.actor.slice(0, 1), { reference: 'Location/room' }] }))
}

/** Whom a visit or a Schedule keeps busy, worked out for this world alone: what the gateway makes of actors is not believed here. */
export function busyActors(resource: Appointment | Schedule): string[] {
  const actors = resource.resourceType === 'Schedule' ? resource.actor : resource.participant.map(({ actor }) => actor)
  return actors.flatMap((actor) => {
    const reference = actor?.reference ?? ''
    if (reference === 'PractitionerRole/p0-role') return 'Practitioner/p0'
    return reference.startsWith('Practitioner/') || reference === 'Location/room' ? reference : []
  })
}

/** An offer of a visit type that starts with the Slot. */
export function offerOf(slot: Slot, type: VisitType): SlotOffer {
  const scheduleId = referencedId(slot.schedule, 'Schedule') ?? ''
  const start = parseInstant(slot.start) ?? 0
  return { slotId: slot.id ?? '', type, modality: 'in-person', start, scheduleFingerprint: fingerprint(scheduleId) }
}

const mappings = new Map<string, ClinicMapping>()

/** The rules of a world's clinic. */
export function mappingOf(plan: WorldPlan): ClinicMapping {
  const holds = { ttlSeconds: plan.ttlSeconds, perPatient: plan.holdsPerPatient }
  const key = JSON.stringify(holds)
  const made = mappings.get(key) ?? parseMapping({ ...MAPPING, ...RULES, holds }, 'simulated clinic')
  mappings.set(key, made)
  return made
}

const base = { modalities: ['in-person'], horizonDays: 400, match: { serviceType: ['https://test.example/service|general'] } }
const RULES = {
  clinic: { ...MAPPING.clinic, timeZone: 'Etc/UTC' },
  longestSlotMinutes: 60,
  visitTypes: [
    { ...base, code: 'short', title: 'Short visit', minutes: 15 },
    { ...base, code: 'long', title: 'Long visit', minutes: 30 },
    { ...base, code: 'buffered', title: 'Buffered visit', minutes: 15, bufferBeforeMinutes: 15, bufferAfterMinutes: 15 },
    { ...base, code: 'yearly', title: 'Yearly visit', minutes: 15, minDaysBetween: 30 },
  ],
}

const SERVES: Partial<Schedule> = {
  active: true,
  serviceType: [{ coding: [{ system: 'https://test.example/service', code: 'general' }] }],
}

function schedulesOf(shape: Shape): Schedule[] {
  const of = (id: string, ...actors: string[]): Schedule => schedule(id, actors, SERVES)
  switch (shape) {
    case 'desk':
      return [of('s0', 'Practitioner/p0')]
    case 'siblings':
    case 'grids':
      return [of('s0', 'Practitioner/p0'), of('s1', 'PractitionerRole/p0-role')]
    case 'room':
      return [of('s0', 'Practitioner/p0', 'Location/room'), of('s1', 'Practitioner/p1', 'Location/room')]
    case 'two':
      return [of('s0', 'Practitioner/p0'), of('s1', 'Practitioner/p1')]
  }
}

function row(scheduleId: string, start: EpochMs, count: number, minutes: number): Slot[] {
  return Array.from({ length: count }, (_, index) => ({
    resourceType: 'Slot',
    id: `${scheduleId}-${index}`,
    status: 'free',
    schedule: { reference: `Schedule/${scheduleId}` },
    start: formatUtc(start + index * minutes * MINUTE),
    end: formatUtc(start + (index + 1) * minutes * MINUTE),
    comment: 'set by the EHR',
    extension: [{ url: 'https://test.example/ehr-note', valueString: 'keep me' }],
  }))
}

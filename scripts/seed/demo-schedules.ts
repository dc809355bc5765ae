import type { CodeableConcept, Schedule, Slot } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { PROCEDURE_ROOM, SPECIALTY } from './demo-people.ts'

/** Weeks of Slots a seed makes, beginning today. */
export const DEMO_WEEKS = 4

/** One Schedule of the demo and the Slots it gets each day. */
export interface SchedulePlan {
  readonly id: string
  /** Stands for the Schedule in the ids of its Slots. */
  readonly short: string
  readonly comment: string
  readonly actors: readonly string[]
  /** ISO weekdays, Monday is 1. */
  readonly days: readonly number[]
  /** Clinic time, `HH:MM`. Lunch, 12:00 to 13:00, is left out by itself. */
  readonly from: string
  readonly to: string
  readonly minutes: number
  /** Every Slot that begins in these hours is free, so that the demo story finds one. */
  readonly keptFree?: readonly [from: string, to: string]
  /** What the Schedule and its Slots are for. */
  readonly serves: Pick<Slot, 'serviceType' | 'specialty' | 'appointmentType'>
}

const WEEKDAYS = [1, 2, 3, 4, 5]
const ALL_WEEK = [...WEEKDAYS, 6, 7]
const CLINIC_HOURS = { days: WEEKDAYS, from: '08:00', to: '17:00' } as const

const generalPractice = { serviceType: [serviceType('124', 'General Practice')] }
const procedures = { serviceType: [serviceType('221', 'Surgery - General')] }
const walkIn = {
  appointmentType: {
    coding: [
      { system: 'http://terminology.hl7.org/CodeSystem/v2-0276', code: 'WALKIN', display: 'A previously unscheduled walk-in visit' },
    ],
  },
}
const morningsFree = { keptFree: ['09:00', '12:00'] } as const
/** A procedure takes an hour of two people's shared room: without kept hours there would be days without one. */
const afternoonsFree = { keptFree: ['13:00', '16:00'] } as const

/** The regular Schedules, hard cases included. `demo-dst` is made apart. */
export const SCHEDULES: readonly SchedulePlan[] = [
  {
    id: 'demo-ada-marsh-clinic',
    short: 'am',
    comment: 'General practice, seven days a week',
    actors: ['Practitioner/demo-ada-marsh'],
    ...CLINIC_HOURS,
    days: ALL_WEEK,
    minutes: 15,
    ...morningsFree,
    serves: generalPractice,
  },
  {
    id: 'demo-ada-marsh-telehealth',
    short: 'amt',
    comment: 'Telehealth; overlaps the clinic Schedule of the same person',
    actors: ['Practitioner/demo-ada-marsh'],
    ...CLINIC_HOURS,
    minutes: 20,
    ...morningsFree,
    serves: {},
  },
  {
    id: 'demo-ben-okafor-clinic',
    short: 'bo',
    comment: 'General practice',
    actors: ['Practitioner/demo-ben-okafor'],
    ...CLINIC_HOURS,
    minutes: 15,
    serves: generalPractice,
  },
  {
    id: 'demo-cleo-lindqvist-clinic',
    short: 'cl',
    comment: 'General practice; the actor is a PractitionerRole',
    actors: ['PractitionerRole/demo-cleo-lindqvist-role'],
    ...CLINIC_HOURS,
    minutes: 15,
    serves: generalPractice,
  },
  {
    id: 'demo-cleo-lindqvist-late',
    short: 'cll',
    comment: 'Late clinic; the same person, named as Practitioner',
    actors: ['Practitioner/demo-cleo-lindqvist'],
    days: [2, 4],
    from: '16:00',
    to: '19:00',
    minutes: 30,
    serves: generalPractice,
  },
  {
    id: 'demo-dev-patel-clinic',
    short: 'dp',
    comment: 'General practice',
    actors: ['Practitioner/demo-dev-patel'],
    ...CLINIC_HOURS,
    minutes: 15,
    serves: generalPractice,
  },
  {
    id: 'demo-esme-varga-skin',
    short: 'ev',
    comment: 'Dermatology',
    actors: ['Practitioner/demo-esme-varga'],
    ...CLINIC_HOURS,
    minutes: 30,
    serves: { specialty: [SPECIALTY.dermatology] },
  },
  {
    id: 'demo-finn-abara-procedures',
    short: 'fa',
    comment: 'Procedures, in the room shared with Gia Romano',
    actors: ['Practitioner/demo-finn-abara', `Location/${PROCEDURE_ROOM}`],
    ...CLINIC_HOURS,
    days: [1, 3, 5],
    minutes: 15,
    ...afternoonsFree,
    serves: procedures,
  },
  {
    id: 'demo-gia-romano-procedures',
    short: 'gr',
    comment: 'Procedures, in the room shared with Finn Abara',
    actors: ['Practitioner/demo-gia-romano', `Location/${PROCEDURE_ROOM}`],
    ...CLINIC_HOURS,
    minutes: 30,
    ...afternoonsFree,
    serves: procedures,
  },
  {
    id: 'demo-hana-ito-vaccination',
    short: 'hi',
    comment: 'Vaccinations, walk-in',
    actors: ['Practitioner/demo-hana-ito'],
    ...CLINIC_HOURS,
    minutes: 10,
    serves: walkIn,
  },
]

/** The Schedule resource of a plan. */
export function scheduleOf(plan: SchedulePlan, today: Temporal.PlainDate): Schedule {
  const { serviceType, specialty } = plan.serves
  return {
    resourceType: 'Schedule',
    id: plan.id,
    active: true,
    ...(serviceType && { serviceType }),
    ...(specialty && { specialty }),
    actor: plan.actors.map((reference) => ({ reference })),
    planningHorizon: { start: today.toString(), end: today.add({ days: DEMO_WEEKS * 7 - 1 }).toString() },
    comment: plan.comment,
  }
}

function serviceType(code: string, display: string): CodeableConcept {
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/service-type', code, display }] }
}

import type { FhirResource } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { demoDst } from './demo-dst.ts'
import { demoFrontDesk } from './demo-front-desk.ts'
import { demoPatients } from './demo-patients.ts'
import { demoPeople } from './demo-people.ts'
import { SCHEDULES, scheduleOf } from './demo-schedules.ts'
import { slotsOf } from './demo-slots.ts'

/** `Patient.identifier.system` of the demo clinic's record numbers, as in mappings/demo-clinic.json. */
export const DEMO_MRN_SYSTEM = 'https://harbor-lights.example/mrn'

/**
 * The whole demo clinic: people, places, patients, four weeks of Slots from today on, and what the front desk entered.
 * Pure: the same day and zone give the same resources, and two days agree about every Slot they share.
 */
export function demoClinic(today: Temporal.PlainDate, zone: string, mrnSystem = DEMO_MRN_SYSTEM): FhirResource[] {
  return [
    ...demoPeople(zone),
    ...demoPatients(mrnSystem),
    ...SCHEDULES.flatMap((plan) => [scheduleOf(plan, today), ...slotsOf(plan, today, zone)]),
    ...demoDst(today, zone),
    ...demoFrontDesk(today, zone),
  ]
}

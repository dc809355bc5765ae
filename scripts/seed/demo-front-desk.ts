import type { Appointment } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { patientId } from './demo-patients.ts'
import { DEMO_WEEKS } from './demo-schedules.ts'
import { clinicTime, minutesOf } from './demo-slots.ts'

/** Whom the front desk books, in turn. Ada Marsh's mornings stay free for the demo story. */
const ACTORS = [
  'Practitioner/demo-ben-okafor',
  'PractitionerRole/demo-cleo-lindqvist-role',
  'Practitioner/demo-dev-patel',
  'Practitioner/demo-esme-varga',
  'Practitioner/demo-gia-romano',
  'Practitioner/demo-ada-marsh',
]
/** Off the grid of the Slots, as people write them down. */
const TIMES = [
  ['13:40', 20],
  ['14:10', 25],
  ['15:50', 30],
] as const
/** Patients from this number on, so that the first hundred have no visits yet. */
const FIRST_PATIENT = 101

/**
 * What the front desk entered past the Slots: booked Appointments of a practitioner and a patient, without `slot`,
 * three on each weekday from tomorrow on. They depend on their date alone.
 */
export function demoFrontDesk(today: Temporal.PlainDate, zone: string): Appointment[] {
  const days = Array.from({ length: DEMO_WEEKS * 7 - 1 }, (_, index) => today.add({ days: index + 1 }))
  return days.filter((day) => day.dayOfWeek <= 5).flatMap((day) => entriesOf(day, zone))
}

function entriesOf(day: Temporal.PlainDate, zone: string): Appointment[] {
  const dayNumber = Temporal.PlainDate.from('2020-01-01').until(day).days
  return TIMES.map(([time, minutes], index) => {
    const number = dayNumber * TIMES.length + index
    const start = clinicTime(day, minutesOf(time), zone)
    return {
      resourceType: 'Appointment',
      id: `demo-desk-${day.toString().replaceAll('-', '')}-${index + 1}`,
      status: 'booked',
      description: 'Entered at the front desk',
      start: start.toString({ timeZoneName: 'never' }),
      end: start.add({ minutes }).toString({ timeZoneName: 'never' }),
      minutesDuration: minutes,
      participant: [
        { actor: { reference: ACTORS[number % ACTORS.length] ?? '' }, required: 'required', status: 'accepted' },
        { actor: { reference: `Patient/${patientId(FIRST_PATIENT + (number % 100))}` }, required: 'required', status: 'accepted' },
      ],
    }
  })
}

import type { FhirResource, Slot } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { SCHEDULES, scheduleOf, type SchedulePlan } from './demo-schedules.ts'
import { clinicTime, slotBetween } from './demo-slots.ts'

const NIGHT_HOURS = 4
const SLOT_MINUTES = 30

/**
 * `Schedule/demo-dst`: Ben Okafor's Slots around the next two changes of the clock. On the day itself every half hour of the
 * night, so also just before and after the hour that is missing or comes twice; on that day and its two neighbours 07:00 to 08:00.
 * The ids hold the time in UTC, which never repeats. Nothing in a zone without changes.
 */
export function demoDst(today: Temporal.PlainDate, zone: string): FhirResource[] {
  const changes = changesAfter(today, zone)
  const last = changes.at(-1)
  if (!last) return []
  const schedule = { ...scheduleOf(PLAN, today), planningHorizon: { start: today.toString(), end: last.add({ days: 1 }).toString() } }
  return [schedule, ...changes.flatMap((day) => slotsAround(day, zone))]
}

const PLAN: SchedulePlan = {
  id: 'demo-dst',
  short: 'dst',
  comment: 'Night line around changes of the clock',
  actors: ['Practitioner/demo-ben-okafor'],
  days: [],
  from: '00:00',
  to: '00:00',
  minutes: SLOT_MINUTES,
  serves: SCHEDULES.find((plan) => plan.id === 'demo-ben-okafor-clinic')?.serves ?? {},
}

/** The days of the next two changes, today's included. */
function changesAfter(today: Temporal.PlainDate, zone: string): Temporal.PlainDate[] {
  const first = today.toZonedDateTime(zone).getTimeZoneTransition('next')
  const second = first?.getTimeZoneTransition('next')
  return [first, second].flatMap((change) => (change ? [change.toPlainDate()] : []))
}

function slotsAround(day: Temporal.PlainDate, zone: string): Slot[] {
  const mornings = [day.subtract({ days: 1 }), day, day.add({ days: 1 })].map((date) => clinicTime(date, 7 * 60, zone))
  return [
    ...slotsBetween(day.toZonedDateTime(zone), clinicTime(day, NIGHT_HOURS * 60, zone)),
    ...mornings.flatMap((start) => slotsBetween(start, start.add({ hours: 1 }))),
  ]
}

function slotsBetween(from: Temporal.ZonedDateTime, to: Temporal.ZonedDateTime): Slot[] {
  const slots: Slot[] = []
  for (let start = from; Temporal.ZonedDateTime.compare(start, to) < 0; ) {
    const end = start.add({ minutes: SLOT_MINUTES })
    slots.push(slotBetween(PLAN, `d-dst-${utcText(start)}`, 'free', start, end))
    start = end
  }
  return slots
}

/** `20271107-0830z`. */
function utcText(at: Temporal.ZonedDateTime): string {
  return at
    .toInstant()
    .toString()
    .replace(/[-:]/g, '')
    .replace(/T(\d{4}).*$/, '-$1z')
}

import type { Slot } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { DEMO_WEEKS, type SchedulePlan } from './demo-schedules.ts'
import { fixedChance } from './fixed-chance.ts'

const LUNCH = { start: 12 * 60, end: 13 * 60 }
/** Wednesdays from 08:00: nobody is available. */
const STAFF_MEETING = { weekday: 3, start: 8 * 60, end: 8 * 60 + 30 }
/** So many of the Slots are taken by the EHR itself. */
const TAKEN = 0.15

/** Minutes since midnight, clinic time. */
interface Block {
  readonly start: number
  readonly end: number
}

/**
 * The Slots of a Schedule for the four weeks from today on. Times are the clinic's wall-clock times, so a change to or from
 * daylight saving time moves no appointment. What a Slot is depends on its Schedule and date alone, not on the day of the seed.
 */
export function slotsOf(plan: SchedulePlan, today: Temporal.PlainDate, zone: string): Slot[] {
  const days = Array.from({ length: DEMO_WEEKS * 7 }, (_, index) => today.add({ days: index }))
  return days
    .filter((day) => plan.days.includes(day.dayOfWeek))
    .flatMap((day) => blocksOf(plan).map((block) => slotOf(plan, day, block, zone)))
}

/** A Slot of the plan between two moments. */
export function slotBetween(
  plan: SchedulePlan,
  id: string,
  status: Slot['status'],
  start: Temporal.ZonedDateTime,
  end: Temporal.ZonedDateTime,
): Slot {
  return {
    resourceType: 'Slot',
    id,
    ...plan.serves,
    schedule: { reference: `Schedule/${plan.id}` },
    status,
    start: start.toString({ timeZoneName: 'never' }),
    end: end.toString({ timeZoneName: 'never' }),
  }
}

/** The moment of a wall-clock time of the clinic. */
export function clinicTime(day: Temporal.PlainDate, minutes: number, zone: string): Temporal.ZonedDateTime {
  return day.toZonedDateTime({ timeZone: zone, plainTime: { hour: Math.floor(minutes / 60), minute: minutes % 60 } })
}

/** Reads `HH:MM` as minutes since midnight. */
export function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
}

function blocksOf(plan: SchedulePlan): Block[] {
  const blocks: Block[] = []
  const end = minutesOf(plan.to)
  for (let start = minutesOf(plan.from); start < end; ) {
    const block = start === LUNCH.start ? LUNCH : { start, end: start + plan.minutes }
    blocks.push(block)
    start = block.end
  }
  return blocks
}

function slotOf(plan: SchedulePlan, day: Temporal.PlainDate, block: Block, zone: string): Slot {
  const id = `d-${plan.short}-${digits(day.toString())}-${digits(timeText(block.start))}`
  return slotBetween(plan, id, statusOf(plan, day, block, id), clinicTime(day, block.start, zone), clinicTime(day, block.end, zone))
}

function statusOf(plan: SchedulePlan, day: Temporal.PlainDate, block: Block, id: string): Slot['status'] {
  if (block === LUNCH) return 'busy-unavailable'
  if (plan.keptFree && block.start >= minutesOf(plan.keptFree[0]) && block.start < minutesOf(plan.keptFree[1])) return 'free'
  if (day.dayOfWeek === STAFF_MEETING.weekday && block.start >= STAFF_MEETING.start && block.start < STAFF_MEETING.end)
    return 'busy-unavailable'
  return fixedChance(id) < TAKEN ? 'busy' : 'free'
}

function timeText(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

function digits(text: string): string {
  return text.replace(/\D/g, '')
}

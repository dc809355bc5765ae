import { Temporal } from 'temporal-polyfill'
import type { Tool } from '../tools/tool.ts'
import { pick } from './arguments.ts'
import { objectOf, objectsOf, textOf, type JsonObject } from './json.ts'

/**
 * `reason` means something else to each of these tools, and what a platform remembers outlives a call: words about a complaint must
 * not become the reason of a cancellation.
 */
const REASON_OF: Readonly<Partial<Record<Tool['name'], string>>> = {
  start_intake: 'visit_reason',
  cancel: 'cancel_reason',
  ask_for_staff: 'staff_reason',
}

/** Identifiers of a patient, which platforms without nested values keep one by one. */
const PATIENT_FIELDS = ['mrn', 'family_name', 'given_name', 'birth_date', 'phone', 'email'] as const
/** Codes and names are texts, also where a platform made a number of them. */
const NUMBERS: ReadonlySet<string> = new Set(['limit'])

/**
 * The arguments of a tool from what a platform remembers (session parameters of Dialogflow CX, slots of Rasa): those that the tool knows.
 * @param timeZone of the clinic: dates and times that the platform understood are wall-clock times there
 */
export function argumentsFrom(remembered: JsonObject, tool: Tool, timeZone: string): JsonObject {
  const args: Record<string, unknown> = {}
  for (const name of Object.keys(tool.input.shape)) {
    const value = name === 'reason' ? remembered[REASON_OF[tool.name] ?? name] : remembered[name]
    args[name] = readable(value, name, timeZone)
  }
  if (tool.name === 'start_intake') {
    args['patient'] = patientOf(remembered, timeZone)
    args['window'] = windowOf(remembered, timeZone)
  }
  if (tool.name === 'find_times' && !isSaid(args['start'])) Object.assign(args, chosenWindow(remembered))
  if ('slot_id' in tool.input.shape) args['slot_id'] ??= textOf(chosenOf(remembered, 'offers')?.['slot_id'])
  // The hold is what a patient gives back who says no before anything is booked.
  if (tool.name === 'cancel') args['appointment_id'] ??= textOf(remembered['hold_id'])
  return args
}

function patientOf(remembered: JsonObject, timeZone: string): JsonObject {
  const nested = objectOf(remembered['patient']) ?? {}
  const of = (name: string): unknown => readable(nested[name] ?? remembered[name], name, timeZone)
  return Object.fromEntries(PATIENT_FIELDS.map((name) => [name, of(name)]))
}

function windowOf(remembered: JsonObject, timeZone: string): JsonObject | undefined {
  const nested = objectOf(remembered['window']) ?? {}
  const [start, end] = ['start', 'end'].map((name) => readable(nested[name] ?? remembered[name], name, timeZone))
  return isSaid(start) && isSaid(end) ? { start, end } : undefined
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** `choice` 2 is the second of what was read out: of the offers, or of the days that a word may mean. */
function chosenOf(remembered: JsonObject, list: 'offers' | 'candidates'): JsonObject | undefined {
  const choice = Number(remembered['choice'] ?? Number.NaN)
  return Number.isInteger(choice) && choice >= 1 ? objectsOf(remembered[list])[choice - 1] : undefined
}

function chosenWindow(remembered: JsonObject): JsonObject {
  const window = chosenOf(remembered, 'candidates')
  return window ? pick(window, ['start', 'end']) : {}
}

/** A value as tools take it. */
function readable(value: unknown, name: string, timeZone: string): unknown {
  if (typeof value === 'number') return NUMBERS.has(name) ? value : String(value)
  const object = objectOf(value)
  if (!object) return value
  if (typeof object['year'] === 'number') return timeOf(object, name, timeZone)
  // @sys.person and the like: what was understood, and what was said.
  return textOf(object['name']) ?? textOf(object['original']) ?? value
}

/**
 * Dialogflow's `{year, month, day}` or `{year, month, day, hours, minutes, seconds}` (numbers, as JSON has no others):
 * a date for a birth date, an instant for anything else. A day as an end ends with that day. What is no date is left to the tool to refuse.
 */
function timeOf(parts: JsonObject, name: string, timeZone: string): unknown {
  const number = (part: string): number => (typeof parts[part] === 'number' ? parts[part] : 0)
  try {
    const date = Temporal.PlainDate.from({ year: number('year'), month: number('month'), day: number('day') }, { overflow: 'reject' })
    if (name === 'birth_date') return date.toString()
    const isDay = typeof parts['hours'] !== 'number'
    const day = isDay && name === 'end' ? date.add({ days: 1 }) : date
    const clock = { hour: number('hours'), minute: number('minutes'), second: number('seconds') }
    const plainTime = Temporal.PlainTime.from(clock, { overflow: 'reject' })
    return day.toZonedDateTime({ timeZone, plainTime }).toString({ timeZoneName: 'never', smallestUnit: 'second' })
  } catch {
    return parts
  }
}

import { casual, type ParsedResult } from 'chrono-node/en'
import { Temporal } from 'temporal-polyfill'
import { mondayOf, oneDay, weekdayOptions, type DayOptions, type Modifier } from './days.ts'
import { isFiller } from './wording.ts'

type Components = ParsedResult['start']

/** A day without a year that was so few days ago is taken for a slip, not for next year's. */
const RECENT_PAST_DAYS = 60

/** The dates in a phrase by chrono-node, where it names one date or one range and nothing else that means something. */
export function dateOptions(text: string, today: Temporal.PlainDate): DayOptions {
  // Who writes dots puts the day first; chrono-node does not.
  if (/\d\.\d/.test(text)) return []
  const results = parse(text, today)
  const [result] = results
  if (!result || results.length > 1) return []
  if (!isFiller(text.slice(0, result.index)) || !isFiller(text.slice(result.index + result.text.length))) return []
  const starts = dayOf(result.start, modifierIn(result.text), today)
  const { end } = result
  return end ? starts.flatMap(({ first }) => rangeTo(end, first)) : starts
}

/** chrono-node reckons by the process's own clock, so it is told noon of the clinic's day in that: no clock changes at noon. */
function parse(text: string, today: Temporal.PlainDate): ParsedResult[] {
  return casual.parse(text, new Date(today.year, today.month - 1, today.day, 12))
}

function modifierIn(text: string): Modifier {
  if (/\b(?:last|past)\b/.test(text)) return 'last'
  if (/\bnext\b/.test(text)) return 'next'
  return /\bthis\b/.test(text) ? 'this' : undefined
}

/** One date of a result: from what was said (certain), never from what chrono-node made up for the rest (implied). */
function dayOf(start: Components, modifier: Modifier, today: Temporal.PlainDate): DayOptions {
  const said = saidIn(start)
  if (said.hour !== undefined || said.timezoneOffset !== undefined) return []
  if (said.day !== undefined && said.month !== undefined) {
    const date = datedDay(said.year, said.month, said.day, today)
    if (!date) return []
    return said.weekday === undefined ? [oneDay(date)] : checkedDay(date, isoWeekday(said.weekday), today)
  }
  if (said.weekday !== undefined && said.month === undefined) return weekdayOptions(isoWeekday(said.weekday), modifier, today)
  // "In two months": chrono-node is certain of the month only, but counts from today.
  const date = start.tags().has('result/relativeDate') && said.month !== undefined ? dateOf(start) : undefined
  return date ? [oneDay(date)] : []
}

type Said = Partial<Record<'year' | 'month' | 'day' | 'weekday' | 'hour' | 'timezoneOffset', number>>

function saidIn(components: Components): Said {
  const said: Said = {}
  for (const name of ['year', 'month', 'day', 'weekday', 'hour', 'timezoneOffset'] as const) {
    const value = components.isCertain(name) ? components.get(name) : null
    if (value !== null) said[name] = value
  }
  return said
}

/** A day without a year is the coming one, or a recent one that is over. */
function datedDay(year: number | undefined, month: number, day: number, today: Temporal.PlainDate): Temporal.PlainDate | undefined {
  const date = plainDate(year ?? today.year, month, day)
  if (!date || year !== undefined) return date
  const ago = date.until(today).days
  if (ago > RECENT_PAST_DAYS) return plainDate(today.year + 1, month, day)
  // In January, late December is over.
  const lastYears = plainDate(today.year - 1, month, day)
  return ago < 0 && lastYears && lastYears.until(today).days <= RECENT_PAST_DAYS ? lastYears : date
}

/** "Tuesday, December 3rd" when that is a Thursday: which of the two was meant, only the patient knows. */
function checkedDay(date: Temporal.PlainDate, weekday: number, today: Temporal.PlainDate): DayOptions {
  if (date.dayOfWeek === weekday) return [oneDay(date)]
  const ofThatWeek = mondayOf(date).add({ days: weekday - 1 })
  const other = ofThatWeek.until(today).days > 0 ? ofThatWeek.add({ days: 7 }) : ofThatWeek
  return [date, other].sort((a, b) => Temporal.PlainDate.compare(a, b)).map(oneDay)
}

function rangeTo(end: Components, first: Temporal.PlainDate): DayOptions {
  const said = saidIn(end)
  if (said.hour !== undefined) return []
  if (said.day === undefined || said.month === undefined) {
    if (said.weekday === undefined) return []
    return [{ first, after: first.add({ days: ((isoWeekday(said.weekday) - first.dayOfWeek + 7) % 7) + 1 }) }]
  }
  const sameYear = plainDate(said.year ?? first.year, said.month, said.day)
  const last = sameYear && said.year === undefined && sameYear.until(first).days > 0 ? sameYear.add({ years: 1 }) : sameYear
  return last && last.until(first).days <= 0 ? [{ first, after: last.add({ days: 1 }) }] : []
}

/** chrono-node counts weekdays from Sunday, 0. */
function isoWeekday(weekday: number): number {
  return weekday === 0 ? 7 : weekday
}

function dateOf(components: Components): Temporal.PlainDate | undefined {
  return plainDate(components.get('year') ?? 0, components.get('month') ?? 0, components.get('day') ?? 0)
}

function plainDate(year: number, month: number, day: number): Temporal.PlainDate | undefined {
  try {
    return Temporal.PlainDate.from({ year, month, day }, { overflow: 'reject' })
  } catch {
    return undefined
  }
}

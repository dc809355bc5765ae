import type { Temporal } from 'temporal-polyfill'

/** Local days, `[first, after)`. */
export interface Days {
  readonly first: Temporal.PlainDate
  readonly after: Temporal.PlainDate
}

/** What a phrase may mean, the soonest first; more than one where people mean different days by it. Empty: it is not understood. */
export type DayOptions = readonly Days[]

/** "From Monday on" has an end: so many days, as far as a search for free times looks by default. */
export const OPEN_END_DAYS = 7

/** One local day. */
export function oneDay(date: Temporal.PlainDate): Days {
  return { first: date, after: date.add({ days: 1 }) }
}

/** So many days from one on. */
export function daysFrom(first: Temporal.PlainDate, days: number): Days {
  return { first, after: first.add({ days }) }
}

/** Monday of the week in which a day lies. */
export function mondayOf(date: Temporal.PlainDate): Temporal.PlainDate {
  return date.subtract({ days: date.dayOfWeek - 1 })
}

/** Every option moved by some days. */
export function shifted(options: DayOptions, days: number): DayOptions {
  return options.map(({ first, after }) => ({ first: first.add({ days }), after: after.add({ days }) }))
}

/** How a weekday was pointed at. */
export type Modifier = 'this' | 'next' | 'last' | undefined

/**
 * The days a weekday may mean (ISO: Monday is 1). "Tuesday" is the coming one. "Next Tuesday" is the one after that to some people, and the
 * coming one to others, as long as that lies in the running week; on a Sunday they do not even agree on which week is running.
 */
export function weekdayOptions(weekday: number, modifier: Modifier, today: Temporal.PlainDate): DayOptions {
  const ahead = (weekday - today.dayOfWeek + 7) % 7
  const coming = today.add({ days: ahead })
  const week = (date: Temporal.PlainDate): Days => oneDay(date.add({ days: 7 }))
  if (modifier === 'last') return [oneDay(today.subtract({ days: (today.dayOfWeek - weekday + 7) % 7 || 7 }))]
  if (ahead === 0) {
    if (modifier === 'this') return [oneDay(today)]
    return modifier === 'next' ? [week(today)] : [oneDay(today), week(today)]
  }
  const isOpen = modifier === 'next' && (today.dayOfWeek === 7 || mondayOf(coming).equals(mondayOf(today)))
  return isOpen ? [oneDay(coming), week(coming)] : [oneDay(coming)]
}

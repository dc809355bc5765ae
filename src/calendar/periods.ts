import { Temporal } from 'temporal-polyfill'
import { mondayOf, shifted, type DayOptions, type Days } from './days.ts'
import { PATTERNS } from './wording.ts'

/** Parts of a week as days from Monday, `[first, after)`: "end of the week" is Thursday and Friday. */
const WEEK_PARTS: Readonly<Record<Part, readonly [number, number]>> = {
  whole: [0, 7],
  early: [0, 2],
  middle: [1, 4],
  late: [3, 5],
  rest: [0, 7],
}
/** Parts of a month as days of it, `[first, after)`; `late` and the whole end with the month. */
const MONTH_PARTS: Readonly<Record<Part, readonly [number, number]>> = {
  whole: [1, 0],
  early: [1, 11],
  middle: [11, 21],
  late: [21, 0],
  rest: [1, 0],
}

type Part = 'whole' | 'early' | 'middle' | 'late' | 'rest'

const PART_WORDS: readonly (readonly [RegExp, Part])[] = [
  [/^(?:early|beginning|start|first part)$/, 'early'],
  [/^(?:mid|middle)$/, 'middle'],
  [/^(?:late|end)$/, 'late'],
  [/^rest$/, 'rest'],
]

const PERIOD = new RegExp(
  `^(?:in |during )?(?:the )?(?:(early|beginning|start|first part|mid|middle|late|end|rest|later)(?: |-)(?:of |in )?)?` +
    `(?:the )?(?:(this|next|following|coming) (week|month)|(week|month)( after next)?|(${PATTERNS.month})(?: (\\d{4}))?)$`,
)
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Weeks, months and their parts: "end of next week", "early December". `undefined`: the phrase is not about one. */
export function weekOrMonth(text: string, today: Temporal.PlainDate): DayOptions | undefined {
  const match = PERIOD.exec(text)
  if (!match) return undefined
  const [, partWord, modifier, unit, bareUnit, afterNext, month, year] = match
  const part = partOf(partWord)
  if (month !== undefined) return [monthPart(namedMonth(month, year, today), part)]
  const steps = afterNext !== undefined ? 2 : modifier === undefined || modifier === 'this' ? 0 : 1
  // "The week" alone says nothing; its end does.
  if (modifier === undefined && afterNext === undefined && part === 'whole') return []
  if ((unit ?? bareUnit) === 'month') return [monthPart(today.toPlainYearMonth().add({ months: steps }), part)]
  const [from, to] = WEEK_PARTS[part]
  const monday = mondayOf(today).add({ days: 7 * steps })
  const days: Days = { first: monday.add({ days: from }), after: monday.add({ days: to }) }
  // On a Sunday some people's new week has begun.
  return today.dayOfWeek === 7 && part !== 'rest' ? [days, ...shifted([days], 7)] : [days]
}

function partOf(word: string | undefined): Part {
  if (word === undefined) return 'whole'
  if (word === 'later') return 'rest'
  return PART_WORDS.find(([pattern]) => pattern.test(word))?.[1] ?? 'whole'
}

/** The coming month of that name, the running one included. */
function namedMonth(name: string, year: string | undefined, today: Temporal.PlainDate): Temporal.PlainYearMonth {
  const month = MONTHS.indexOf(name.slice(0, 3)) + 1
  const ahead = month < today.month ? 1 : 0
  return Temporal.PlainYearMonth.from({ year: year === undefined ? today.year + ahead : Number(year), month })
}

function monthPart(month: Temporal.PlainYearMonth, part: Part): Days {
  const [from, to] = MONTH_PARTS[part]
  const next = month.add({ months: 1 }).toPlainDate({ day: 1 })
  return { first: month.toPlainDate({ day: from }), after: to === 0 ? next : month.toPlainDate({ day: to }) }
}

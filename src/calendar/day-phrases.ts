import type { Temporal } from 'temporal-polyfill'
import { dateOptions } from './chrono-dates.ts'
import { daysFrom, mondayOf, OPEN_END_DAYS, oneDay, shifted, type DayOptions, type Days } from './days.ts'
import { weekOrMonth } from './periods.ts'
import { PATTERNS } from './wording.ts'

const WEEKDAY = PATTERNS.weekday
const SHORT_DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** A phrase shape, and what it means; `undefined` leaves it to the next one. */
type Rule = readonly [RegExp, (match: RegExpExecArray, today: Temporal.PlainDate) => DayOptions | undefined]

/** From now on, as far as a search for free times looks by default. */
const SOON = new RegExp(
  '^(?:the )?(?:asap|soonest|earliest|(?:first|next) available|as (?:soon|early) as possible|right away|immediately|whenever|now|any)' +
    ' ?(?:time|day|appointment|slot|opening)?$',
)

const RULES: readonly Rule[] = [
  [/^(?:the )?day after tomorrow$/, (_match, today) => [oneDay(today.add({ days: 2 }))]],
  [new RegExp(`^(${WEEKDAY}) (?:of )?(this|next|following) week$`), ([, day, week], today) => dayOfWeek(day, week, today)],
  [new RegExp(`^(this|next|following) week (?:on )?(${WEEKDAY})$`), ([, week, day], today) => dayOfWeek(day, week, today)],
  [/^(?:(this|next|following) )?weekend$/, ([, modifier], today) => weekend(modifier, today)],
  [/^(?:(?:(?:within|over|in) )?(?:the )?(?:next|coming)|within) (?:the )?(\d+|a|few|couple of|couple) (days?|weeks?|months?)$/, within],
  [/^(\d+|a|couple of) weeks? (?:from|after) (.+)$/, weeksAfter],
  [
    /^(before|by|until|till|up to|no later than|after|from|starting|beginning|as of|on or after|past) (?:on )?(.+?)(?: on| onwards?)?$/,
    bounded,
  ],
  [
    new RegExp(
      `^(?:(${WEEKDAY}) )?the (\\d{1,2})(?:st|nd|rd|th)(?: of)?(?: (?:the |this )?month)?$|^(?:(${WEEKDAY}) )?(\\d{1,2})(?:st|nd|rd|th)$`,
    ),
    dayOfMonth,
  ],
]

/** The days that a phrase without times of day may mean. Empty: it is not understood. */
export function dayOptions(phrase: string, today: Temporal.PlainDate): DayOptions {
  if (SOON.test(phrase)) return [daysFrom(today, OPEN_END_DAYS)]
  const text = phrase.replace(/^(?:(?:some ?time|any ?time|on|for|at|coming|later)(?: |$))+/, '').replace(/^(?:the )?(?:this )?coming /, '')
  for (const [pattern, meaning] of RULES) {
    const match = pattern.exec(text)
    const options = match ? meaning(match, today) : undefined
    if (options) return options
  }
  return weekOrMonth(text, today) ?? dateOptions(text, today)
}

function dayOfWeek(day: string | undefined, week: string | undefined, today: Temporal.PlainDate): DayOptions {
  const monday = mondayOf(today).add({ days: week === 'this' ? 0 : 7 })
  const option = oneDay(monday.add({ days: SHORT_DAYS.indexOf((day ?? '').slice(0, 3)) }))
  return today.dayOfWeek === 7 ? [option, ...shifted([option], 7)] : [option]
}

/** Saturday and Sunday. On one of them, "this weekend" has begun. */
function weekend(modifier: string | undefined, today: Temporal.PlainDate): DayOptions {
  const coming = daysFrom(mondayOf(today).add({ days: 5 }), 2)
  const following = shifted([coming], 7)
  if (modifier === undefined || modifier === 'this') return [coming]
  return today.dayOfWeek > 5 ? following : [coming, ...following]
}

function within([, count = '', unit = '']: RegExpExecArray, today: Temporal.PlainDate): DayOptions {
  return dateOptions(`in ${count} ${unit}`, today).map(({ after }) => ({ first: today, after }))
}

function weeksAfter([, count = '', anchor = '']: RegExpExecArray, today: Temporal.PlainDate): DayOptions | undefined {
  if (anchor === 'now') return undefined
  const weeks = count === 'a' ? 1 : count === 'couple of' ? 2 : Number(count)
  return weeks > 520 ? [] : shifted(dayOptions(anchor, today), weeks * 7)
}

/** "Before Friday", "from Monday on", "from Monday to Friday". */
function bounded([, word = '', anchor = '']: RegExpExecArray, today: Temporal.PlainDate): DayOptions {
  if (word === 'from' && / (?:to|through|thru|until|till|-) /.test(anchor)) return dateOptions(anchor, today)
  if (/^(?:before|by|until|till|up to|after|from|past) /.test(anchor)) return []
  return dayOptions(anchor, today).map(({ first, after }): Days => {
    if (word === 'before') return { first: today, after: first }
    if (/^(?:by|until|till|up to|no )/.test(word)) return { first: today, after }
    return daysFrom(word === 'after' || word === 'past' ? after : first, OPEN_END_DAYS)
  })
}

/** "The 5th" is the coming 5th, in the first month that has such a day. */
function dayOfMonth(match: RegExpExecArray, today: Temporal.PlainDate): DayOptions {
  const weekday = match[1] ?? match[3] ?? ''
  const day = Number(match[2] ?? match[4])
  if (day < 1 || day > 31) return []
  let month = today.with({ day: 1 })
  while (month.daysInMonth < day || month.with({ day }).until(today).days > 0) month = month.add({ months: 1 })
  return dateOptions(`${weekday} ${month.with({ day }).toString()}`.trim(), today)
}

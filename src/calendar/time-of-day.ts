import { PATTERNS as WORDS } from './wording.ts'

/** A span of a day in minutes since midnight by the wall clock, `[from, to)`. */
export interface TimeSpan {
  readonly from: number
  readonly to: number
  /** A moment was named ("at 4"): it is over once it has begun. */
  readonly point: boolean
}

const HOUR = 60
const END_OF_DAY = 24 * HOUR
/** A clock time stands for visits that begin in the hour from there, in minutes. */
const POINT_MINUTES = 60
/** "Around 10" begins so much earlier, in minutes. */
const AROUND_MINUTES = 30
/** An hour without am or pm lies from 7 AM on: 7 to 11 are in the morning, 12 is noon, 1 to 6 in the afternoon. */
const FIRST_HOUR = 7

/** What parts of the day mean, in hours by the wall clock. */
export const DAY_PARTS: Readonly<Record<string, readonly [from: number, to: number]>> = {
  'first thing': [6, 9],
  'before work': [6, 9],
  'before lunch': [6, 12],
  'after lunch': [13, 17],
  'after school': [15, 18],
  'after work': [17, 21],
  'early morning': [6, 9],
  'mid morning': [9, 11],
  'late morning': [10, 12],
  morning: [6, 12],
  'early afternoon': [12, 14],
  'mid afternoon': [14, 16],
  'late afternoon': [15, 17],
  afternoon: [12, 17],
  'early evening': [17, 19],
  'late evening': [19, 21],
  evening: [17, 21],
  lunchtime: [12, 14],
  night: [17, 24],
}

const PART = new RegExp(`\\b(this )?(?:in the |at |during the )?(${Object.keys(DAY_PARTS).join('|').replaceAll(' ', '[ -]')})s?\\b`)
const NOT_A_TIME =
  '(?![\\w:/.])(?!-\\d)(?! ?(?:days?|weeks?|months?|years?|hours?|hrs?|minutes?|mins?|of|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))'
const NUMERIC = '\\d{1,2}(?::[0-5]\\d)?(?: ?[ap]m)?'
const CLOCK = `(${NUMERIC}|noon|midday|midnight)`
const CERTAIN = '(\\d{1,2}:[0-5]\\d(?: ?[ap]m)?|\\d{1,2} ?[ap]m|noon|midday)'

/** Tried in this order; each says what one or two clock times mean. */
const PATTERNS: readonly (readonly [RegExp, (a: number[], b: number[]) => TimeSpan | undefined])[] = [
  [new RegExp(`\\bfrom ${CLOCK} ?(?:to|until|till|-) ?${CLOCK}${NOT_A_TIME}`), between],
  [new RegExp(`\\b(?:at )?${CERTAIN} ?(?:to|until|till|-) ?${CLOCK}${NOT_A_TIME}`), between],
  [new RegExp(`(?<![\\d:/-])\\b${CLOCK} ?(?:to|until|till|-) ?${CERTAIN}${NOT_A_TIME}`), between],
  [
    new RegExp(
      `\\b(?:any ?time )?(?:after|from|past|later than|not before|(?:no|not) earlier than) ${CLOCK}${NOT_A_TIME}(?: on(?:wards?)?$)?`,
    ),
    ([from]) => span(from, END_OF_DAY),
  ],
  [
    new RegExp(`\\b(?:any ?time )?(?:before|by|until|till|earlier than|no later than|not after|not later than) ${CLOCK}${NOT_A_TIME}`),
    ([to]) => span(0, to),
  ],
  [
    new RegExp(`\\b(?:at )?(?:around|about|roughly|approximately) ${CLOCK}${NOT_A_TIME}`),
    ([at]) => (at === undefined ? undefined : span(Math.max(0, at - AROUND_MINUTES), Math.min(END_OF_DAY, at + POINT_MINUTES))),
  ],
  [new RegExp(`\\b(?:at|@) ?${CLOCK}${NOT_A_TIME}`), pointAt],
  [new RegExp(`(?<![\\d:/.-])\\b${CERTAIN}${NOT_A_TIME}`), pointAt],
]

/** Bare numbers are hours only beside a day: "Friday 9 to 11". With a hyphen they could be a date. */
const BESIDE_A_DAY = new RegExp(`\\b(?:today|tomorrow|${WORDS.weekday})\\b`)
const BARE_RANGE = new RegExp(`(?<![\\d:/.-])\\b(\\d{1,2}) (?:to|until|till) (\\d{1,2})${NOT_A_TIME}`)
const MONTH = new RegExp(`\\b(?:the|${WORDS.month})\\b`)

/** What a phrase says about the time of day, and what is left of it. `undefined`: it contradicts itself. */
export function takeTime(phrase: string): { readonly time: TimeSpan | undefined; readonly rest: string } | undefined {
  let rest = phrase.replace(/\btonight\b/, 'this night')
  const part = PART.exec(rest)
  if (part) rest = rest.replace(part[0], part[1] === undefined ? ' ' : ' today ')
  const [fromHour, toHour] = DAY_PARTS[(part?.[2] ?? '').replace('-', ' ')] ?? []
  const ofPart = fromHour === undefined || toHour === undefined ? undefined : { from: fromHour * HOUR, to: toHour * HOUR, point: false }
  const bare: typeof PATTERNS = BESIDE_A_DAY.test(rest) && !MONTH.test(rest) ? [[BARE_RANGE, between]] : []
  for (const [pattern, meaning] of [...PATTERNS, ...bare]) {
    const found = pattern.exec(rest)
    if (!found) continue
    const time = meaning(readings(found[1], ofPart), readings(found[2], ofPart))
    rest = rest.replace(found[0], ' ')
    const both = time && ofPart ? overlap(time, ofPart) : time
    return both && both.from < Math.min(both.to, ofPart?.to ?? END_OF_DAY) ? { time: both, rest: tidy(rest) } : undefined
  }
  return { time: ofPart, rest: tidy(rest) }
}

/** The times of day a clock time may mean, in minutes, the likelier first. Empty: there is no such time. */
function readings(text: string | undefined, part: TimeSpan | undefined): number[] {
  if (text === undefined) return []
  if (text === 'noon' || text === 'midday') return [12 * HOUR]
  if (text === 'midnight') return [END_OF_DAY]
  const [, digits = '', minutes = '0', half] = /^(\d{1,2})(?::(\d\d))? ?([ap]m)?$/.exec(text) ?? []
  const hour = Number(digits)
  const at = (hours: number): number => hours * HOUR + Number(minutes)
  if (half !== undefined) return hour < 1 || hour > 12 ? [] : [at((hour % 12) + (half === 'pm' ? 12 : 0))]
  if (hour > 23) return []
  if (hour === 0 || hour > 12 || digits.startsWith('0')) return [at(hour)]
  const usual = hour === 12 ? 12 : hour < FIRST_HOUR ? hour + 12 : hour
  const both = [at(usual), at((usual + 12) % 24)]
  return part ? both.filter((time) => part.from <= time && time <= part.to) : both
}

/** The likeliest pair in order: of "3 to 5 pm" both are in the afternoon, of "9 to 5" only the second. */
function between(starts: number[], ends: number[]): TimeSpan | undefined {
  const certain = starts.length === 1 || ends.length === 1
  const pairs = starts.flatMap((from) => ends.filter((to) => from < to).map((to) => ({ from, to, point: false })))
  if (certain) pairs.sort((a, b) => a.to - a.from - (b.to - b.from))
  return pairs[0]
}

function pointAt([at]: number[]): TimeSpan | undefined {
  return at === undefined || at >= END_OF_DAY ? undefined : { from: at, to: Math.min(END_OF_DAY, at + POINT_MINUTES), point: true }
}

function span(from: number | undefined, to: number | undefined): TimeSpan | undefined {
  return from === undefined || to === undefined ? undefined : { from, to, point: false }
}

function overlap(a: TimeSpan, b: TimeSpan): TimeSpan {
  return { from: Math.max(a.from, b.from), to: a.point ? a.to : Math.min(a.to, b.to), point: a.point }
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

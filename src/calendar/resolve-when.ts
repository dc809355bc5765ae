import { Temporal } from 'temporal-polyfill'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'
import { DAY, MINUTE, type Interval } from '../scheduling/interval.ts'
import { dayOptions } from './day-phrases.ts'
import { oneDay, type DayOptions, type Days } from './days.ts'
import { localTimeOf, momentOf, startOfDay } from './local-time.ts'
import { takeTime, type TimeSpan } from './time-of-day.ts'
import { alternativesOf, clean, isFiller, LONGEST_PHRASE } from './wording.ts'
import { windowInWords, zoneNames } from './words.ts'

/** A window in which a patient wants to come, `[start, end)`, and the same in words. */
export interface NamedWindow extends Interval {
  readonly words: string
}

/** What a patient's words for a time mean. */
export type Resolved =
  | ({ readonly kind: 'resolved' } & NamedWindow)
  /** Two or three windows, the soonest first: ask which. */
  | { readonly kind: 'ambiguous'; readonly candidates: readonly NamedWindow[] }
  /** All of it is over. */
  | { readonly kind: 'past' }
  /** Not understood, or not wholly. */
  | { readonly kind: 'unknown' }

const MOST_CANDIDATES = 3
/** A clock time, or "in two hours", stands for visits that begin in the hour from there. */
const POINT = 60 * MINUTE
/** Farther ahead is no wish but a slip, in days. */
const FARTHEST_DAYS = 100 * 366

const UNKNOWN: Resolved = { kind: 'unknown' }

/**
 * Resolves words for a time, English or simple Spanish, in the clinic's zone. Windows begin now or later.
 * A word that is not understood makes all of it unknown, except those that say nothing about the time ("please", "an appointment").
 */
export function resolveWhen(text: string, now: EpochMs, timeZone: string): Resolved {
  if (text.length > LONGEST_PHRASE) return UNKNOWN
  const phrase = withoutOwnZone(clean(text), now, timeZone)
  // Some characters stand for a whole word.
  if (phrase.length > 2 * LONGEST_PHRASE) return UNKNOWN
  try {
    const windows = momentWindows(text, now) ?? phraseWindows(phrase, now, timeZone)
    return windows === undefined ? UNKNOWN : verdict(windows, now, timeZone)
  } catch (error) {
    // Years that no calendar reaches.
    if (error instanceof RangeError) return UNKNOWN
    throw error
  }
}

interface Wanted {
  readonly window: Interval
  readonly isPoint: boolean
}

/** An instant with an offset, or a span from now: nothing in it depends on the zone. */
function momentWindows(text: string, now: EpochMs): Wanted[] | undefined {
  const written = parseInstant(text.trim().replace(/(T\d\d:\d\d)(?=Z|[+-])/, '$1:00'))
  if (written !== undefined) return [{ window: { start: written, end: written + POINT }, isPoint: true }]
  const match = /^(in|within|within the next|in the next) (?:about )?(\d{1,4}|an?|half an) (minutes?|mins?|hours?|hrs?)$/.exec(clean(text))
  if (!match) return undefined
  const [, word, count = '', unit = ''] = match
  const length = (count === 'half an' ? 0.5 : Number(count.replace(/^an?$/, '1'))) * (unit.startsWith('m') ? MINUTE : 60 * MINUTE)
  const start = word === 'in' ? now + length : now
  return [{ window: { start, end: word === 'in' ? start + POINT : now + length }, isPoint: false }]
}

/** A time copied from an answer names the clinic's zone, which says nothing new. Another zone stays, and is not understood. */
function withoutOwnZone(phrase: string, now: EpochMs, timeZone: string): string {
  return zoneNames(now, timeZone).reduce((text, name) => ` ${text} `.replace(` ${name} `, ' ').trim(), phrase)
}

interface Part {
  readonly time: TimeSpan | undefined
  readonly days: DayOptions | undefined
}

function phraseWindows(phrase: string, now: EpochMs, timeZone: string): Wanted[] | undefined {
  const today = localTimeOf(now, timeZone).toPlainDate()
  const parts: Part[] = []
  for (const alternative of alternativesOf(phrase)) {
    const taken = takeTime(alternative)
    if (!taken) return undefined
    const isSilent = taken.time !== undefined && isFiller(taken.rest)
    const days = isSilent ? undefined : dayOptions(taken.rest, today)
    if (days?.length === 0) return undefined
    parts.push({ time: taken.time, days })
  }
  return parts.flatMap((part, index) => {
    const { time, days } = completed(part, index, parts)
    const options = days ?? [whenNext(time, now, today, timeZone)]
    return options.flatMap((option) => windowsOn(option, time, now, timeZone))
  })
}

/** "Monday or Tuesday morning" is two mornings, "Tuesday morning or afternoon" one day. */
function completed(part: Part, index: number, parts: readonly Part[]): Part {
  const timed = parts.filter(({ time }) => time !== undefined)
  const last = parts.at(-1)
  const time = part.time ?? (timed.length === 1 ? last?.time : undefined)
  const before = parts.slice(0, index).findLast(({ days }) => days !== undefined)
  const days = part.days ?? before?.days ?? parts.slice(index).find((other) => other.days !== undefined)?.days
  return { time, days }
}

/** A time without a day is today's, or tomorrow's where that is over. */
function whenNext(time: TimeSpan | undefined, now: EpochMs, today: Temporal.PlainDate, timeZone: string): Days {
  const isAhead = windowsOn(oneDay(today), time, now, timeZone).some((wanted) => !isOver(wanted, now))
  return oneDay(isAhead ? today : today.add({ days: 1 }))
}

function windowsOn(days: Days, time: TimeSpan | undefined, now: EpochMs, timeZone: string): Wanted[] {
  if (!time) return [{ window: { start: startOfDay(days.first, timeZone), end: startOfDay(days.after, timeZone) }, isPoint: false }]
  const windows: Wanted[] = []
  let ahead = 0
  // A window is without gaps: of several mornings each is one, and three are enough to ask about.
  for (let date = days.first; ahead < MOST_CANDIDATES && Temporal.PlainDate.compare(date, days.after) < 0; date = date.add({ days: 1 })) {
    const wanted = { window: windowOn(date, time, timeZone), isPoint: time.point }
    if (isOver(wanted, now) && windows.length > 0) continue
    windows.push(wanted)
    if (!isOver(wanted, now)) ahead++
  }
  return windows
}

function windowOn(date: Temporal.PlainDate, time: TimeSpan, timeZone: string): Interval {
  const start = momentOf(date, clockTime(time.from), timeZone)
  const end = time.point ? start + POINT : momentOf(date, clockTime(time.to), timeZone)
  // Where the clock is put forward, both ends may move past each other.
  return end > start ? { start, end } : { start, end: start + (time.to - time.from) * MINUTE }
}

function clockTime(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

function isOver({ window, isPoint }: Wanted, now: EpochMs): boolean {
  return isPoint ? window.start < now : window.end <= nextMinute(now)
}

function nextMinute(now: EpochMs): EpochMs {
  return Math.ceil(now / MINUTE) * MINUTE
}

function verdict(wanted: readonly Wanted[], now: EpochMs, timeZone: string): Resolved {
  const ahead = wanted.filter((one) => one.window.start < one.window.end && !isOver(one, now))
  const windows = ahead
    .map(({ window }) => ({ start: Math.max(window.start, nextMinute(now)), end: window.end }))
    .filter(({ start }) => start < now + FARTHEST_DAYS * DAY)
    .sort((a, b) => a.start - b.start || a.end - b.end)
    .filter(({ start, end }, index, all) => start !== all[index - 1]?.start || end !== all[index - 1]?.end)
    .slice(0, MOST_CANDIDATES)
    .map((window) => ({ ...window, words: windowInWords(window, now, timeZone) }))
  const [first] = windows
  if (!first) return ahead.length > 0 ? UNKNOWN : { kind: 'past' }
  return windows.length === 1 ? { kind: 'resolved', ...first } : { kind: 'ambiguous', candidates: windows }
}

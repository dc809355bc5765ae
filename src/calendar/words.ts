import type { EpochMs } from '../fhir/instant.ts'
import { DAY, type Interval } from '../scheduling/interval.ts'
import { localTimeOf } from './local-time.ts'

const formats = new Map<string, Intl.DateTimeFormat>()

const DATE = { weekday: 'long', month: 'long', day: 'numeric' } as const
const TIME = { hour: 'numeric', minute: '2-digit' } as const
const ZONE = { timeZoneName: 'short' } as const

/** A moment in words for speech, in the given IANA zone: "Tuesday, December 1 at 10:00 AM PST". */
export function localWords(at: EpochMs, zone: string): string {
  return inWords(at, zone, { ...DATE, ...TIME, ...ZONE })
}

/** The time of day in words for speech, in the given IANA zone: "10:00 AM". */
export function localTime(at: EpochMs, zone: string): string {
  return inWords(at, zone, TIME)
}

/** The same with the zone: "5:00 PM PST". */
export function timeInWords(at: EpochMs, zone: string): string {
  return inWords(at, zone, { ...TIME, ...ZONE })
}

/** A weekday: "Tuesday". */
export function weekdayInWords(at: EpochMs, zone: string): string {
  return inWords(at, zone, { weekday: 'long' })
}

/**
 * A window in words: "Tuesday, December 1", "Monday, December 7 to Friday, December 11", "Friday, December 4, 9:00 AM to 11:00 AM PST",
 * "Friday, December 4, after 4:00 PM PST". The year is said where it is not the running one.
 */
export function windowInWords({ start, end }: Interval, now: EpochMs, zone: string): string {
  const date = (at: EpochMs): string =>
    inWords(at, zone, { ...DATE, ...(localTimeOf(at, zone).year !== localTimeOf(now, zone).year && { year: 'numeric' }) })
  const [wholeStart, wholeEnd] = [isStartOfDay(start, zone), isStartOfDay(end, zone)]
  const [first, last] = [date(start), date(wholeEnd ? end - 1 : end)]
  if (first === last) {
    if (wholeStart) return wholeEnd ? first : `${first}, before ${timeInWords(end, zone)}`
    return wholeEnd ? `${first}, after ${timeInWords(start, zone)}` : `${first}, ${localTime(start, zone)} to ${timeInWords(end, zone)}`
  }
  const from = wholeStart ? first : `${first}, ${inWords(start, zone, { ...TIME, ...(wholeEnd && ZONE) })}`
  return wholeEnd ? `${from} to ${last}` : `${from} to ${last}, ${timeInWords(end, zone)}`
}

/** Four days of a year: one of them lies in summer, one in winter, also where one season is seven months long. In days from now. */
const QUARTERS = [0, 91, 182, 273]

/** How the zone is called in winter and in summer, in lower case: "pst", "pdt", "pt". */
export function zoneNames(now: EpochMs, zone: string): string[] {
  const names = ['short', 'shortGeneric', 'long', 'longGeneric'] as const
  const all = names.flatMap((timeZoneName) => QUARTERS.map((days) => nameOf(now + days * DAY, zone, timeZoneName)))
  return [...new Set(all)].filter((name) => name !== '').sort((a, b) => b.length - a.length)
}

function nameOf(at: EpochMs, zone: string, timeZoneName: 'short' | 'shortGeneric' | 'long' | 'longGeneric'): string {
  const parts = format(zone, { timeZoneName }).formatToParts(at)
  return (parts.find(({ type }) => type === 'timeZoneName')?.value ?? '').toLowerCase()
}

function isStartOfDay(at: EpochMs, zone: string): boolean {
  const local = localTimeOf(at, zone)
  return local.startOfDay().epochMilliseconds === at
}

function inWords(at: EpochMs, zone: string, options: Intl.DateTimeFormatOptions): string {
  // Newer ICU data puts a narrow no-break space before AM and PM; speech and terminals want a plain one.
  return format(zone, options)
    .format(at)
    .replace(/\u202f/g, ' ')
}

/** Making a format takes a millisecond, so each is kept; there are a dozen per zone. */
function format(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${timeZone} ${JSON.stringify(options)}`
  const made = formats.get(key) ?? new Intl.DateTimeFormat('en-US', { timeZone, ...options })
  formats.set(key, made)
  return made
}

import type { EpochMs } from '../fhir/instant.ts'

const MOMENT: Intl.DateTimeFormatOptions = {
  weekday: 'long',
  month: 'long',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  timeZoneName: 'short',
}
const TIME: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' }

const formats = new Map<string, Intl.DateTimeFormat>()

/** A moment in words for speech, in the given IANA zone: "Tuesday, December 1 at 10:00 AM PST". */
export function localWords(at: EpochMs, zone: string): string {
  return words(at, zone, 'moment', MOMENT)
}

/** The time of day in words for speech, in the given IANA zone: "10:00 AM". */
export function localTime(at: EpochMs, zone: string): string {
  return words(at, zone, 'time', TIME)
}

function words(at: EpochMs, timeZone: string, kind: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${kind} ${timeZone}`
  const format = formats.get(key) ?? new Intl.DateTimeFormat('en-US', { ...options, timeZone })
  formats.set(key, format)
  // Newer ICU data puts a narrow no-break space before AM and PM; speech and terminals want a plain one.
  return format.format(at).replace(/\u202f/g, ' ')
}

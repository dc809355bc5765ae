import type { EpochMs } from '../fhir/instant.ts'

const formats = new Map<string, Intl.DateTimeFormat>()

/** A moment in words for speech, in the given IANA zone: "Tuesday, December 1 at 10:00 AM PST". */
export function localWords(at: EpochMs, zone: string): string {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'long',
      month: 'long',
      day: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      timeZoneName: 'short',
    })
    formats.set(zone, format)
  }
  // Newer ICU data puts a narrow no-break space before AM and PM; speech and terminals want a plain one.
  return format.format(at).replace(/\u202f/g, ' ')
}

import { Temporal } from 'temporal-polyfill'
import type { EpochMs } from '../fhir/instant.ts'

/** The local date and time of a moment. */
export function localTimeOf(at: EpochMs, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone)
}

/**
 * The moment of a local time `HH:MM`, or `24:00` for the end of the day.
 * A time that the clock leaves out is that much later, one that comes twice is the first of the two.
 */
export function momentOf(date: Temporal.PlainDate, time: string, timeZone: string): EpochMs {
  if (time === '24:00') return startOfDay(date.add({ days: 1 }), timeZone)
  return date.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds
}

/** The first moment of a local day: not always midnight, some zones skip that hour. */
export function startOfDay(date: Temporal.PlainDate, timeZone: string): EpochMs {
  return date.toZonedDateTime(timeZone).epochMilliseconds
}

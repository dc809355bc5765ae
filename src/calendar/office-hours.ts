import type { Temporal } from 'temporal-polyfill'
import type { ClinicMapping } from '../clinic/mapping.ts'
import { WEEKDAYS } from '../clinic/office-hours.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { DAY, type Interval } from '../scheduling/interval.ts'
import { localTimeOf, momentOf } from './local-time.ts'

/** When staff work: what a mapping says about it. */
export type OfficeCalendar = Pick<ClinicMapping, 'officeHours' | 'holidays'> & { readonly clinic: { readonly timeZone: string } }

/** A clinic that is open for a few minutes a week is looked through this far, in days. */
export const MOST_DAYS = 366
const OPEN_ALL_THE_TIME = 7 * DAY

/** The office hours of one day as the mapping writes them, soonest first; none on a holiday. */
export function officeTimes(date: Temporal.PlainDate, { officeHours, holidays }: OfficeCalendar): { from: string; to: string }[] {
  const weekday = WEEKDAYS[date.dayOfWeek - 1]
  if (weekday === undefined || holidays.includes(date.toString())) return []
  return officeHours
    .filter((span) => span.days.includes(weekday))
    .map(({ from, to }) => ({ from, to }))
    .sort((a, b) => (a.from < b.from ? -1 : 1))
}

/** The same as moments in the clinic's zone. On the day on which the clock is put forward they may overlap. */
export function officeSpans(date: Temporal.PlainDate, calendar: OfficeCalendar): Interval[] {
  const { timeZone } = calendar.clinic
  return officeTimes(date, calendar)
    .map(({ from, to }) => ({ start: momentOf(date, from, timeZone), end: momentOf(date, to, timeZone) }))
    .sort((a, b) => a.start - b.start)
}

/**
 * The time that the office is open now, or opens next, from the start of an entry without a gap to the end: over the seam of two entries,
 * and over midnight.
 * `undefined` when it does not open within a year.
 */
export function currentOrNextOpening(now: EpochMs, calendar: OfficeCalendar): Interval | undefined {
  // Yesterday too: a clinic that is open all night has opened then.
  const yesterday = localTimeOf(now, calendar.clinic.timeZone).toPlainDate().subtract({ days: 1 })
  let found: Interval | undefined
  for (let day = 0; day < MOST_DAYS; day++) {
    for (const span of officeSpans(yesterday.add({ days: day }), calendar)) {
      if (span.end <= now || span.end <= span.start) continue
      if (found && span.start > found.end) return found
      found = { start: found?.start ?? span.start, end: Math.max(found?.end ?? 0, span.end) }
    }
    // A week without a gap: nobody asks when that ends.
    if (found && found.end > now + OPEN_ALL_THE_TIME) return found
  }
  return found
}

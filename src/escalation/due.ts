import { Temporal } from 'temporal-polyfill'
import { WEEKDAYS } from '../clinic/escalation.ts'
import type { ClinicMapping } from '../clinic/mapping.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { MINUTE, type Interval } from '../scheduling/interval.ts'

/** When staff work: what of a mapping decides about due times. */
export type OfficeCalendar = Pick<ClinicMapping, 'officeHours' | 'holidays'> & { readonly clinic: { readonly timeZone: string } }

/** How long staff have: minutes of office hours, or by the clock. */
export interface DueRule {
  readonly dueOfficeMinutes?: number | undefined
  readonly dueMinutes?: number | undefined
}

/** A clinic that is open for a few minutes a week has no due time beyond this, in days. */
const MOST_DAYS = 366

/**
 * When an answer is due, on a whole minute. Office minutes are counted inside the office hours of the clinic's own zone,
 * over nights, weekends, holidays and changes of the clock.
 */
export function dueTime(from: EpochMs, rule: DueRule, calendar: OfficeCalendar): EpochMs {
  if (rule.dueOfficeMinutes === undefined) return wholeMinute(from + (rule.dueMinutes ?? 0) * MINUTE)
  return wholeMinute(afterOfficeTime(from, rule.dueOfficeMinutes * MINUTE, calendar))
}

function afterOfficeTime(from: EpochMs, milliseconds: number, calendar: OfficeCalendar): EpochMs {
  const zone = calendar.clinic.timeZone
  const today = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).toPlainDate()
  let left = milliseconds
  let reached = from
  for (let day = 0; day < MOST_DAYS; day++) {
    for (const span of spansOf(today.add({ days: day }), calendar)) {
      const start = Math.max(span.start, reached)
      if (span.end <= start) continue
      if (left <= span.end - start) return start + left
      left -= span.end - start
      reached = span.end
    }
  }
  return reached
}

/** The office hours of one day, soonest first; none on a holiday. */
function spansOf(date: Temporal.PlainDate, { officeHours, holidays, clinic }: OfficeCalendar): Interval[] {
  const weekday = WEEKDAYS[date.dayOfWeek - 1]
  if (weekday === undefined || holidays.includes(date.toString())) return []
  return officeHours
    .filter((span) => span.days.includes(weekday))
    .map((span) => ({ start: momentOf(date, span.from, clinic.timeZone), end: momentOf(date, span.to, clinic.timeZone) }))
    .sort((a, b) => a.start - b.start)
}

/** A time that the clock leaves out is that much later, one that comes twice is the first of the two. */
function momentOf(date: Temporal.PlainDate, time: string, timeZone: string): EpochMs {
  if (time === '24:00') return date.add({ days: 1 }).toZonedDateTime(timeZone).epochMilliseconds
  return date.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds
}

function wholeMinute(at: EpochMs): EpochMs {
  return Math.ceil(at / MINUTE) * MINUTE
}

import { localTimeOf } from '../calendar/local-time.ts'
import { MOST_DAYS, officeSpans, type OfficeCalendar } from '../calendar/office-hours.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { MINUTE } from '../scheduling/interval.ts'

/** How long staff have: minutes of office hours, or by the clock. */
export interface DueRule {
  readonly dueOfficeMinutes?: number | undefined
  readonly dueMinutes?: number | undefined
}

/**
 * When an answer is due, on a whole minute. Office minutes are counted inside the office hours of the clinic's own zone,
 * over nights, weekends, holidays and changes of the clock.
 */
export function dueTime(from: EpochMs, rule: DueRule, calendar: OfficeCalendar): EpochMs {
  if (rule.dueOfficeMinutes === undefined) return wholeMinute(from + (rule.dueMinutes ?? 0) * MINUTE)
  return wholeMinute(afterOfficeTime(from, rule.dueOfficeMinutes * MINUTE, calendar))
}

function afterOfficeTime(from: EpochMs, milliseconds: number, calendar: OfficeCalendar): EpochMs {
  const today = localTimeOf(from, calendar.clinic.timeZone).toPlainDate()
  let left = milliseconds
  let reached = from
  for (let day = 0; day < MOST_DAYS; day++) {
    for (const span of officeSpans(today.add({ days: day }), calendar)) {
      const start = Math.max(span.start, reached)
      if (span.end <= start) continue
      if (left <= span.end - start) return start + left
      left -= span.end - start
      reached = span.end
    }
  }
  return reached
}

function wholeMinute(at: EpochMs): EpochMs {
  return Math.ceil(at / MINUTE) * MINUTE
}

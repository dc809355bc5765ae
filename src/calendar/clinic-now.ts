import type { Temporal } from 'temporal-polyfill'
import type { EpochMs } from '../fhir/instant.ts'
import { localTimeOf } from './local-time.ts'
import { currentOrNextOpening, officeTimes, type OfficeCalendar } from './office-hours.ts'
import { weekdayInWords } from './words.ts'

/** Office hours of one day in local times; `hours` is empty when the office is closed. */
export interface OfficeDay {
  /** `YYYY-MM-DD` */
  readonly date: string
  readonly weekday: string
  /** `HH:MM-HH:MM`, soonest first. */
  readonly hours: readonly string[]
}

/** The clinic's clock and what its office does. */
export interface ClinicNow {
  readonly now: EpochMs
  readonly timeZone: string
  /** `YYYY-MM-DD` */
  readonly today: string
  readonly weekday: string
  readonly isOpen: boolean
  /** When it closes, while it is open. */
  readonly closesAt: EpochMs | undefined
  /** When it opens next, while it is closed; `undefined` when that is not within a year. */
  readonly opensAt: EpochMs | undefined
  /** Today and the six days after it. */
  readonly week: readonly OfficeDay[]
}

const DAYS_SHOWN = 7

/** What the clinic's clock and calendar say at a moment. */
export function clinicNow(calendar: OfficeCalendar, now: EpochMs): ClinicNow {
  const { timeZone } = calendar.clinic
  const today = localTimeOf(now, timeZone).toPlainDate()
  const opening = currentOrNextOpening(now, calendar)
  const isOpen = opening !== undefined && opening.start <= now
  return {
    now,
    timeZone,
    today: today.toString(),
    weekday: weekdayInWords(now, timeZone),
    isOpen,
    closesAt: isOpen ? opening.end : undefined,
    opensAt: isOpen ? undefined : opening?.start,
    week: Array.from({ length: DAYS_SHOWN }, (_, day) => officeDay(today.add({ days: day }), calendar)),
  }
}

function officeDay(date: Temporal.PlainDate, calendar: OfficeCalendar): OfficeDay {
  return {
    date: date.toString(),
    weekday: date.toLocaleString('en-US', { weekday: 'long' }),
    hours: officeTimes(date, calendar).map(({ from, to }) => `${from}-${to}`),
  }
}

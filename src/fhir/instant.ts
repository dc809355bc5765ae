import { Temporal } from 'temporal-polyfill'

/** A point in time in milliseconds since the Unix epoch. Inside the gateway every time is one of these. */
export type EpochMs = number

const INSTANT = /^(\d{4})-(0[1-9]|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/**
 * Reads a FHIR `instant` (ISO 8601 with seconds and an offset).
 * A server may hold anything there, so what is not an instant gives `undefined`; so does a day that does not exist, which
 * `Date.parse` would take for a day of the next month.
 */
export function parseInstant(text: string | undefined): EpochMs | undefined {
  const [, year, month, day] = INSTANT.exec(text ?? '') ?? []
  if (text === undefined || day === undefined || Number(day) > daysIn(Number(year), Number(month))) return undefined
  const value = Date.parse(text)
  return Number.isNaN(value) ? undefined : value
}

/** @param month 1 to 12 */
function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Writes a FHIR `instant` in the given IANA zone, e.g. `2027-03-01T10:00:00-08:00`; milliseconds only when there are any. */
export function formatInstant(at: EpochMs, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(at).toString({ timeZone })
}

/** Writes a FHIR `instant` in UTC, to the millisecond. */
export function formatUtc(at: EpochMs): string {
  return new Date(at).toISOString()
}

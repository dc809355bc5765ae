import { Temporal } from 'temporal-polyfill'

/** A point in time in milliseconds since the Unix epoch. Inside the gateway every time is one of these. */
export type EpochMs = number

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/**
 * Reads a FHIR `instant` (ISO 8601 with seconds and an offset).
 * A server may hold anything there, so what is not an instant gives `undefined`.
 */
export function parseInstant(text: string | undefined): EpochMs | undefined {
  if (text === undefined || !INSTANT.test(text)) return undefined
  const value = Date.parse(text)
  return Number.isNaN(value) ? undefined : value
}

/** Writes a FHIR `instant` in the given IANA zone, e.g. `2027-03-01T10:00:00-08:00`; milliseconds only when there are any. */
export function formatInstant(at: EpochMs, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(at).toString({ timeZone })
}

/** Writes a FHIR `instant` in UTC, to the millisecond. */
export function formatUtc(at: EpochMs): string {
  return new Date(at).toISOString()
}

import type { EpochMs } from '../fhir/instant.ts'

/** Milliseconds in a minute. */
export const MINUTE = 60_000
/** Milliseconds in 24 hours (not a calendar day: those differ at DST changes). */
export const DAY = 24 * 60 * MINUTE

/** Half-open time span `[start, end)`, so that visits back to back do not overlap. */
export interface Interval {
  readonly start: EpochMs
  readonly end: EpochMs
}

/** Whether two spans share any time. Spans that only touch do not; an empty span overlaps nothing. */
export function overlaps(a: Interval, b: Interval): boolean {
  return a.start < b.end && b.start < a.end && a.start < a.end && b.start < b.end
}

/** The span widened by the given minutes on both sides. */
export function pad(span: Interval, beforeMinutes: number, afterMinutes: number): Interval {
  return { start: span.start - beforeMinutes * MINUTE, end: span.end + afterMinutes * MINUTE }
}

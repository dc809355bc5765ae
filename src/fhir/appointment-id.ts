import type { EpochMs } from './instant.ts'
import { digestOf, fingerprint, fromBase32, toBase32, type RequestIdentity } from './ids.ts'

/**
 * The id callers see: `ap-` + 80 bits derived from the request + where the first claim lay (start minute, Schedule fingerprint).
 * Carrying the place lets a confirmation read hold and surrounding window in one round trip; a later reschedule
 * does not change the id, so the place is a hint for holds only and never believed without reading.
 */
const FORM = /^ap-([0-9a-hjkmnp-tv-z]{16})([0-9a-hjkmnp-tv-z]{12})$/

/** Where the time was first claimed. */
export interface ClaimHint {
  readonly start: EpochMs
  readonly scheduleFingerprint: Buffer
}

/** Derives the id of the Appointment that a request creates. */
export function appointmentIdFor(request: RequestIdentity, start: EpochMs, scheduleId: string): string {
  const identity = digestOf('appointment', request.clientId, request.operation, request.key).subarray(0, 10)
  const place = Buffer.alloc(7)
  place.writeUInt32BE(Math.floor(start / 60_000))
  fingerprint(scheduleId).copy(place, 4)
  return `ap-${toBase32(identity)}${toBase32(place)}`
}

/** Reads the hint out of an id; `undefined` when the text has not the form of an appointment id. */
export function readClaimHint(appointmentId: string): ClaimHint | undefined {
  const place = FORM.exec(appointmentId)?.[2]
  const bytes = place === undefined ? undefined : fromBase32(place)
  if (!bytes) return undefined
  const buffer = Buffer.from(bytes)
  return { start: buffer.readUInt32BE(0) * 60_000, scheduleFingerprint: buffer.subarray(4, 7) }
}

import { createHmac } from 'node:crypto'
import { Temporal } from 'temporal-polyfill'
import { digestOf } from '../fhir/ids.ts'
import type { EpochMs } from '../fhir/instant.ts'

/** One text of several parts, for `EscalationRequest.key`: a digest, so that nothing of the parts is kept anywhere. */
export function escalationKey(...parts: readonly string[]): string {
  return digestOf('escalation-key', ...parts).toString('hex')
}

/** The key of what is escalated about a write whose outcome stayed open, or that was accepted and then refused: one Task for each. */
export function operationKey(receiptId: string): string {
  return escalationKey('operation', receiptId)
}

/** The day at the clinic, `YYYY-MM-DD`: what happens twice on one day is one matter for staff. */
export function clinicDay(at: EpochMs, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate().toString()
}

/**
 * What somebody said about himself as an opaque text: the same again gives the same, and without the secret no guess can be
 * tested. Case, spaces and signs do not matter, so that a second try in other letters is the same try.
 */
export function claimsDigest(secret: string, claims: Readonly<Record<string, string | undefined>>): string {
  const hmac = createHmac('sha256', secret).update('identity-claims')
  for (const name of Object.keys(claims).sort()) {
    const value = (claims[name] ?? '')
      .normalize('NFKD')
      .replace(/[^\p{L}\p{N}@.]/gu, '')
      .toLowerCase()
    if (value !== '') hmac.update(digestOf(name, value))
  }
  return hmac.digest('hex')
}

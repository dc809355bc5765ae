import { createHash } from 'node:crypto'

/** Crockford's base 32, lower case: no i, l, o, u, so a code read aloud or copied by a model survives. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** Encodes bytes as base 32; 5 bytes give 8 characters. */
export function toBase32(bytes: Uint8Array): string {
  let bits = 0
  let value = 0
  let text = ''
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET.charAt((value >> bits) & 31)
    }
  }
  return bits > 0 ? text + ALPHABET.charAt((value << (5 - bits)) & 31) : text
}

/** Decodes base 32; `undefined` for a character outside the alphabet. Bits left over at the end are dropped. */
export function fromBase32(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const char of text) {
    const digit = ALPHABET.indexOf(char)
    if (digit < 0) return undefined
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((value >> bits) & 255)
    }
  }
  return Uint8Array.from(bytes)
}

/** SHA-256 over the parts, each with its length before it, so that no two lists of parts share a digest. */
export function digestOf(...parts: readonly string[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest()
}

/** Who asks for what, once: the identity of a request (client + operation + idempotency key). */
export interface RequestIdentity {
  readonly clientId: string
  readonly operation: string
  readonly key: string
}

/**
 * `AuditEvent.id` of the receipt of a write. Derived, so that the same request always meets the same receipt,
 * and created with `If-Match: W/"0"`, so that it can exist only once.
 */
export function receiptId(request: RequestIdentity): string {
  return `rcpt-${toBase32(digestOf('receipt', request.clientId, request.operation, request.key).subarray(0, 20))}`
}

/**
 * The id of an escalation, derived from what triggered it, so that it is known before the EHR answers and the same trigger
 * always means the same Task. The key carries the client where the client named it; here it is one text.
 */
export function escalationId(key: string): string {
  return `esc-${toBase32(digestOf('escalation', key).subarray(0, 15))}`
}

/** The code a patient reads out: 8 characters, derived from the appointment id. */
export function confirmationCode(appointmentId: string): string {
  return toBase32(digestOf('confirmation', appointmentId).subarray(0, 5)).toUpperCase()
}

/** A short fingerprint of an id, to find it again among the few a clinic has (3 bytes). */
export function fingerprint(id: string): Buffer {
  return digestOf('fingerprint', id).subarray(0, 3)
}

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** How old, or how far ahead, the time in a signature may be, in milliseconds. */
export const REPLAY_WINDOW_MS = 5 * 60_000

/** What a request proves itself by. */
export interface Evidence {
  readonly headers: IncomingHttpHeaders
  /** The body as it came, byte for byte: signatures are made over it. */
  readonly rawBody: string
  /** Now, in milliseconds since the epoch. */
  readonly now: number
}

/** Whether the request comes from somebody who has one of the secrets. */
export type Proof = (evidence: Evidence, secrets: readonly string[]) => boolean

/** `Authorization: Bearer <secret>`, `Authorization: Basic …` with the secret as password, or `X-Channel-Secret: <secret>`. */
export const sharedSecret: Proof = ({ headers }, secrets) =>
  isOneOf(secrets, bearerOf(headers)) || isOneOf(secrets, passwordOf(headers)) || isOneOf(secrets, headerOf(headers, 'x-channel-secret'))

/** The token of `Authorization: Bearer`. */
export function bearerOf({ authorization }: IncomingHttpHeaders): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1]
}

function passwordOf({ authorization }: IncomingHttpHeaders): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1]
  return encoded === undefined ? undefined : /^[^:]*:(.+)$/.exec(Buffer.from(encoded, 'base64').toString('utf8'))?.[1]
}

/** A header that came once. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Compares with every secret, each in constant time: the time taken tells nothing about them, their length neither. */
export function isOneOf(secrets: readonly string[], given: string | undefined): boolean {
  if (given === undefined) return false
  const digest = createHash('sha256').update(given).digest()
  return secrets.reduce((found, secret) => timingSafeEqual(createHash('sha256').update(secret).digest(), digest) || found, false)
}

/** Whether the text was signed with one of the secrets: HMAC-SHA256 (RFC 2104) in hex. */
export function isSigned(secrets: readonly string[], text: string, hexDigest: string): boolean {
  if (!/^[0-9a-f]{64}$/i.test(hexDigest)) return false
  const given = Buffer.from(hexDigest, 'hex')
  return secrets.reduce((found, secret) => timingSafeEqual(createHmac('sha256', secret).update(text).digest(), given) || found, false)
}

/** Whether a signature of that time (milliseconds) may still be used. */
export function isRecent(at: number, now: number): boolean {
  return Number.isFinite(at) && Math.abs(now - at) <= REPLAY_WINDOW_MS
}

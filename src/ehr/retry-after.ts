/** Longer than this nobody is told to wait, in seconds. */
const MOST_SECONDS = 60

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date.
 * @param now this machine's clock, milliseconds since 1970
 * @returns 1 to 60 seconds, or `undefined` where the header is missing or cannot be read
 */
export function readRetryAfter(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  if (text === '') return undefined
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 1), MOST_SECONDS)
}

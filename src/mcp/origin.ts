import { isIP } from 'node:net'
import type { OriginRules } from '../desk/gateway.ts'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether a web page of this origin may call. A page that got its own name to point at this machine (DNS rebinding) says
 * that name in `Origin`, so a name is never taken for the gateway's own, only an address.
 * @param origin of the header; programs send none, and are not meant
 * @param host the `Host` header
 */
export function isWelcomeOrigin(origin: string | undefined, host: string | undefined, rules: OriginRules): boolean {
  if (origin === undefined || rules.allowed.includes(origin)) return true
  const url = URL.parse(origin)
  if (!rules.local || url?.origin !== origin) return false
  const isOwnAddress = url.host === host && isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0
  return LOOPBACK.has(url.hostname) || isOwnAddress
}

/** Headers by which a browser lets a page of that origin call, and read what it needs (Fetch standard, CORS). */
export function corsHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers':
      'authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, last-event-id, x-request-id, x-conversation-id',
    'access-control-expose-headers': 'www-authenticate, retry-after, x-request-id, mcp-protocol-version',
    'access-control-max-age': '600',
    vary: 'Origin',
  }
}

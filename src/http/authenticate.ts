import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { BookingError } from '../booking/errors.ts'
import type { Client, Scope } from '../config.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope a route needs; `public` needs no key at all. */
    scope?: Scope | 'public'
  }
}

/**
 * Finds the client of a bearer key and checks the route's scope. A route without a scope of its own is closed to everybody.
 * @throws BookingError `unauthenticated`, `forbidden`
 */
export function authenticate(request: FastifyRequest, clients: readonly Client[]): Client | undefined {
  const { scope } = request.routeOptions.config
  if (scope === 'public') return undefined
  const client = clientWithKey(request.headers.authorization, clients)
  if (!client)
    throw new BookingError('unauthenticated', 'Send Authorization: Bearer <client key> with a key this gateway knows.', { denied: true })
  request.client = client
  if (scope === undefined || !client.scopes.includes(scope)) {
    throw new BookingError('forbidden', `The client key needs scope ${scope ?? '(none grants this)'}.`, { denied: true })
  }
  return client
}

function clientWithKey(authorization: string | undefined, clients: readonly Client[]): Client | undefined {
  const key = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1]
  if (key === undefined) return undefined
  const digest = createHash('sha256').update(key).digest()
  // Every client is compared, in constant time each: the time taken tells nothing about the keys.
  return clients.reduce<Client | undefined>(
    (found, client) => (timingSafeEqual(Buffer.from(client.key_sha256, 'hex'), digest) ? client : found),
    undefined,
  )
}

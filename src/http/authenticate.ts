import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { BookingError } from '../booking/errors.ts'
import type { Client, Scope } from '../config.ts'
import type { Gateway } from '../desk/gateway.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope a route needs; `public` needs no key at all, `any` a known client (the door checks each tool's own scope). */
    scope?: Scope | 'public' | 'any'
  }
}

/** What tells who somebody is. */
type Credentials = Pick<Gateway, 'clients' | 'accessTokens'>

/**
 * Finds the client of a bearer key or access token and checks the route's scope. A route without a scope of its own is closed to everybody.
 * @throws BookingError `unauthenticated`, `forbidden`; `ehr_unavailable` (503) where a token cannot be checked
 */
export async function authenticate(request: FastifyRequest, credentials: Credentials): Promise<void> {
  const { scope } = request.routeOptions.config
  if (scope === 'public') return
  const bearer = /^Bearer +([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const client =
    bearer === undefined ? undefined : (clientWithKey(bearer, credentials.clients) ?? (await clientWithToken(bearer, credentials)))
  if (!client)
    throw new BookingError('unauthenticated', 'Send Authorization: Bearer <client key> with a key this gateway knows.', { denied: true })
  request.client = client
  if (scope === undefined || (scope !== 'any' && !client.scopes.includes(scope))) {
    throw new BookingError('forbidden', `The client key needs scope ${scope ?? '(none grants this)'}.`, { denied: true })
  }
}

/** The client of a key. */
export function clientWithKey(key: string, clients: readonly Client[]): Client | undefined {
  const digest = createHash('sha256').update(key).digest()
  // Every client is compared, in constant time each: the time taken tells nothing about the keys.
  return clients.reduce<Client | undefined>(
    (found, client) => (client.key_sha256 !== undefined && timingSafeEqual(Buffer.from(client.key_sha256, 'hex'), digest) ? client : found),
    undefined,
  )
}

/** Three parts of base64url: a signed JWT. Anything else is not worth asking the issuer's keys for. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** The client to whom the issuer gave the token, with the scopes that both the token and CLIENTS_FILE name. */
async function clientWithToken(token: string, { clients, accessTokens }: Credentials): Promise<Client | undefined> {
  const grant = JWT.test(token) ? await accessTokens?.verify(token) : undefined
  const client = grant && clients.find((one) => one.oauth_client_id === grant.clientId)
  return client && { ...client, scopes: client.scopes.filter((scope) => grant.scopes.includes(scope)) }
}

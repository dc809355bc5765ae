import type { FastifyRequest } from 'fastify'
import type { Gateway } from '../desk/gateway.ts'

/** Where the metadata of a protected resource stands, before the path of the resource (RFC 9728, section 3.1). */
export const RESOURCE_METADATA = '/.well-known/oauth-protected-resource'

/**
 * The `WWW-Authenticate` header of a 401, or of a 403 for want of a scope (RFC 6750). With OAuth it tells where to get a token (RFC 9728).
 * @returns `undefined` where none is due
 */
export function challengeOf(request: FastifyRequest, status: number, { accessTokens }: Pick<Gateway, 'accessTokens'>): string | undefined {
  const parts = ['realm="fhir-scheduling-gateway"']
  const { scope } = request.routeOptions.config
  if (status === 403) {
    if (!accessTokens || scope === undefined || scope === 'any' || scope === 'public') return undefined
    if (request.client?.scopes.includes(scope) !== false) return undefined
    parts.push('error="insufficient_scope"', `scope="${scope}"`)
  } else if (status !== 401) return undefined
  else if (accessTokens && request.headers.authorization !== undefined) parts.push('error="invalid_token"')
  if (accessTokens) parts.push(`resource_metadata="${metadataUrl(accessTokens.resource)}"`)
  return `Bearer ${parts.join(', ')}`
}

/** The metadata of this gateway as its callers reach it. */
export function metadataUrl(resource: string): string {
  const { origin } = new URL(resource)
  return `${origin}${metadataPath(resource)}`
}

/** RFC 9728 puts the well-known part before the resource's path. */
export function metadataPath(resource: string): string {
  return `${RESOURCE_METADATA}${new URL(resource).pathname.replace(/\/$/, '')}`
}

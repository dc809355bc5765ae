import type { FastifyInstance } from 'fastify'
import { SCOPES } from '../../config.ts'
import type { Gateway } from '../../desk/gateway.ts'
import { metadataPath, RESOURCE_METADATA } from '../challenge.ts'

/**
 * `GET /.well-known/oauth-protected-resource` and its variant for `/mcp` (RFC 9728): which issuer gives tokens for this gateway.
 * Not there where no issuer is configured.
 */
export function protectedResourceRoutes(app: FastifyInstance, { accessTokens, booking }: Gateway): void {
  if (!accessTokens) return
  const { resource, issuer } = accessTokens
  const metadata = {
    resource,
    authorization_servers: [issuer],
    scopes_supported: SCOPES,
    bearer_methods_supported: ['header'],
    resource_name: `Scheduling of ${booking.mapping.clinic.name}`,
  }
  for (const url of new Set([RESOURCE_METADATA, `${RESOURCE_METADATA}/mcp`, metadataPath(resource)])) {
    app.get(url, { config: { scope: 'public' }, schema: { hide: true } }, (_request, reply) =>
      // Clients in web pages read it before they have a token; it holds nothing that is not public.
      reply.header('access-control-allow-origin', '*').send(metadata),
    )
  }
}

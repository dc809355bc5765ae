import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { docsPage } from '../docs-page.ts'
import type { Gateway } from '../../desk/gateway.ts'

/** What a language model is told that looks at the gateway for the first time (llmstxt.org); the image holds the file too. */
const LLMS_TXT = readFileSync(new URL('../../../llms.txt', import.meta.url), 'utf8')

/** Health, metrics, OpenAPI and its page: for operators and developers, none of them speaks of patients. */
export function systemRoutes(app: FastifyInstance, gateway: Gateway): void {
  const open = { config: { scope: 'public' as const }, schema: { hide: true } }
  // Whoever watches the gateway is never told to come later.
  const health = { ...open, config: { ...open.config, rateLimit: false as const } }
  app.get('/health/live', health, (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/health/ready', health, async (_request, reply) => {
    const { ready, checks } = await gateway.readiness()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', checks })
  })
  app.get('/openapi.json', open, (_request, reply) => reply.send(app.swagger()))
  app.get('/llms.txt', open, (_request, reply) => reply.type('text/plain; charset=utf-8').send(LLMS_TXT))
  app.get('/docs', open, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', DOCS_POLICY).send(docsPage),
  )
  app.get('/metrics', { config: { scope: 'staff' }, schema: { hide: true } }, async (_request, reply) => {
    const { registry } = gateway.metrics
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

const DOCS_POLICY =
  "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

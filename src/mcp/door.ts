import { createMcpHandler, ProtocolErrorCode, type CreateMcpHandlerOptions, type McpServer } from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BookingError } from '../booking/errors.ts'
import type { Gateway } from '../desk/gateway.ts'
import { clientOf } from '../http/request-context.ts'
import { buildTools } from '../tools/catalog.ts'
import { corsHeaders, isWelcomeOrigin } from './origin.ts'
import { buildServer } from './server.ts'

/** Makes the MCP server of one request. */
export type ServerOf = (request: FastifyRequest) => McpServer

/** `POST /mcp`: the tools of `src/tools/` over streamable HTTP, revision 2026-07-28 and those of 2025. */
export function mcpRoutes(app: FastifyInstance, gateway: Gateway): void {
  const tools = buildTools(gateway)
  installMcp(app, gateway, (request) =>
    buildServer({
      gateway,
      tools,
      caller: { client: clientOf(request), requestId: request.id, conversation: [request.headers['x-conversation-id']].flat()[0] },
      called: ({ name }, { structured: { outcome }, failed, call, fault }) => {
        request.call = call
        request.toolCall = { tool: name, outcome }
        if (failed || outcome === 'pending') request.errorCode = outcome
        if (fault !== undefined) logFault(request, fault)
        gateway.metrics.toolCall('mcp', name, outcome)
      },
    }),
  )
}

/**
 * The door itself, whatever stands behind it. No session is kept, so a client may ask any replica; GET and DELETE (streams and
 * sessions of the 2025 revisions) are answered with 405, which those allow.
 */
export function installMcp(app: FastifyInstance, gateway: Gateway, serverOf: ServerOf, options: CreateMcpHandlerOptions = {}): void {
  const welcome = (request: FastifyRequest): boolean => isWelcomeOrigin(request.headers.origin, request.headers.host, gateway.origins)
  app.route({
    method: 'POST',
    url: '/mcp',
    config: { scope: 'any' },
    schema: { hide: true },
    onRequest: (request, _reply, done) => {
      done(welcome(request) ? undefined : new BookingError('forbidden', FOREIGN_ORIGIN))
    },
    // Also on refusals, which the page has to be able to read.
    onSend: (request, reply, _payload, done) => {
      const { origin } = request.headers
      if (origin !== undefined && welcome(request)) void reply.headers(corsHeaders(origin))
      done()
    },
    handler: (request, reply) => answer(request, reply, serverOf, options),
  })
  app.route({
    method: 'OPTIONS',
    url: '/mcp',
    config: { scope: 'public' },
    schema: { hide: true },
    handler: (request, reply) => {
      const { origin } = request.headers
      if (origin === undefined || !welcome(request)) throw new BookingError('forbidden', FOREIGN_ORIGIN)
      return reply.code(204).headers(corsHeaders(origin)).send()
    },
  })
}

/**
 * The caller's hanging up is not passed on: what it asked for goes on and takes effect, and a repetition gets the result.
 * Every answer is small and complete, so none is streamed.
 */
async function answer(request: FastifyRequest, reply: FastifyReply, serverOf: ServerOf, options: CreateMcpHandlerOptions) {
  if (Array.isArray(request.body)) throw new BookingError('invalid_request', NO_BATCH)
  if (asksToListen(request.body)) return refuseToListen(request, reply)
  let fault: Error | undefined
  const mcp = createMcpHandler(() => serverOf(request), { ...options, onerror: (error) => (fault = error) })
  const response = await mcp.fetch(webRequest(request), { ...(request.body !== undefined && { parsedBody: request.body }) })
  if (response.status >= 500) logFault(request, fault)
  if (response.status >= 400) request.errorCode ??= response.status >= 500 ? 'internal' : 'invalid_request'
  for (const name of ['content-type', 'allow']) {
    const value = response.headers.get(name)
    if (value !== null) void reply.header(name, value)
  }
  return reply.code(response.status).send(await response.text())
}

/** Nothing ever changes of which this gateway would tell, and a stream that stays open is no bounded answer. The SDK would open one. */
function asksToListen(body: unknown): body is { id: unknown } {
  return typeof body === 'object' && body !== null && 'id' in body && 'method' in body && body.method === 'subscriptions/listen'
}

function refuseToListen(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  request.errorCode = 'invalid_request'
  const { id } = request.body as { id: unknown }
  const known = typeof id === 'string' || typeof id === 'number' ? id : null
  const error = { code: ProtocolErrorCode.MethodNotFound, message: 'Method not found' }
  return reply.code(404).send({ jsonrpc: '2.0', id: known, error })
}

/** The request for the SDK; the body was read and limited before. */
function webRequest(request: FastifyRequest): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    // The SDK has no use for it, and what is not there cannot get anywhere.
    if (name !== 'authorization' && value !== undefined) headers.set(name, [value].flat().join(', '))
  }
  return new Request('http://gateway/mcp', { method: 'POST', headers })
}

/** Type and place of a fault. Never its message: it may quote what somebody said. */
function logFault(request: FastifyRequest, fault: unknown): void {
  const err = fault instanceof Error ? { type: fault.name, stack: fault.stack?.split('\n').slice(1) } : { type: typeof fault }
  request.log.error({ err }, 'unexpected error')
}

const FOREIGN_ORIGIN =
  'Web pages of this origin may not call this gateway. Its operator can allow an origin with ALLOWED_ORIGINS; programs send no Origin header.'
const NO_BATCH = 'Send one JSON-RPC message in each request. Batches are not taken: protocol revisions since 2025-06-18 have none.'

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../booking/errors.ts'
import { endRequestSpan, inSpan, startRequestSpan, traceIdOf } from '../tracing.ts'
import type { Gateway } from '../desk/gateway.ts'
import { CODES } from '../desk/problems.ts'

/** How a request ended whose caller hung up before the answer (as nginx counts it). What it asked for may have happened all the same. */
const CLIENT_GONE = { status: 499, code: 'client_gone' } as const

/**
 * One line in the log, one count in the metrics and one span for every request. Route templates instead of URLs, because ids of
 * patients' visits stand in URLs.
 */
export function installRequestRecord(app: FastifyInstance, gateway: Gateway): void {
  const recorded = new WeakSet<FastifyRequest>()
  app.decorateRequest('span', undefined)
  app.decorateRequest('toolCall', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    request.span = startRequestSpan(request.method, routeOf(request), [request.headers.traceparent].flat()[0])
    // Fastify tells of answers that were sent. A caller who hung up before shows only here.
    reply.raw.once('close', () => {
      if (!recorded.has(request)) record(gateway, request, reply, CLIENT_GONE)
    })
    done()
  })
  // The handler runs inside the span. Entered no sooner: the context would not outlive the reading of a body.
  app.addHook('preHandler', (request, _reply, done) => {
    inSpan(request.span, done)
  })
  app.addHook('onResponse', (request, reply, done) => {
    recorded.add(request)
    record(gateway, request, reply, { status: reply.statusCode, code: request.errorCode ?? 'ok' })
    done()
  })
}

function record(gateway: Gateway, request: FastifyRequest, reply: FastifyReply, end: { status: number; code: string }): void {
  const route = `${request.method} ${routeOf(request)}`
  const client = request.client?.id
  gateway.metrics.request(route, end.status, end.code, reply.elapsedTime / 1000)
  endRequestSpan(request.span, { ...end, clientId: client, tool: request.toolCall?.tool })
  const fields = { client, route, ...request.toolCall, ...end, ms: Math.round(reply.elapsedTime) }
  request.log[levelOf(end.code)]({ ...fields, ehrRoundTrips: request.call?.roundTrips, traceId: traceIdOf(request.span) }, 'request')
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '(none)'
}

/** Refusals that an operator should look at stand out in the log. */
function levelOf(code: string): 'info' | 'warn' | 'error' {
  return code in CODES ? CODES[code as ErrorCode].level : 'info'
}

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { BookingError } from '../booking/errors.ts'
import { pendingOf, recordDenial } from '../desk/failure.ts'
import type { Gateway } from '../desk/gateway.ts'
import { describeIssues } from '../desk/invalid.ts'
import { problem, type Problem } from '../desk/problems.ts'
import { challengeOf } from './challenge.ts'
import { callOf } from './request-context.ts'

/** Makes every error of every route one of the contract's answers. */
export function installErrorHandling(app: FastifyInstance, gateway: Gateway): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const pending = pendingOf(error, gateway, request.client?.id ?? '')
    if (pending) {
      request.errorCode = pending.code
      return reply.code(202).header('retry-after', String(pending.retryAfterSeconds)).send(pending.body)
    }
    const body = problemOf(error)
    if (body.code === 'internal')
      request.log.error({ err: { type: error.name, stack: error.stack?.split('\n').slice(1) } }, 'unexpected error')
    recordDenial(error, gateway, callOf(request))
    const retryAfter = error instanceof BookingError ? error.extras.retryAfterSeconds : undefined
    if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter))
    const challenge = challengeOf(request, body.status, gateway)
    if (challenge !== undefined) void reply.header('www-authenticate', challenge)
    return sendProblem(request, reply, body)
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, problem('not_found', 'There is no such path. GET /openapi.json lists all of them.')),
  )
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'TRACE'] as const

/** Remembers the routes that are added from now on; the function it returns adds a 405 for every other method of their paths. */
export function watchMethods(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>()
  app.addHook('onRoute', (route) => {
    const methods = known.get(route.url) ?? new Set()
    known.set(route.url, methods)
    for (const method of [route.method].flat()) methods.add(method)
  })
  return () => {
    for (const [url, methods] of [...known]) {
      const allowed = METHODS.filter((method) => methods.has(method))
      const others = METHODS.filter((method) => !methods.has(method))
      const refuse = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
        sendProblem(
          request,
          reply.header('allow', allowed.join(', ')),
          problem('invalid_request', `This path answers to ${allowed.join(', ')} only.`, {}, 405),
        )
      app.route({
        method: others,
        url,
        config: { scope: 'public' },
        schema: { hide: true },
        // Before the body is looked at: whatever it is, the method is what is wrong.
        onRequest: (request, reply) => {
          refuse(request, reply)
        },
        handler: refuse,
      })
    }
  }
}

function problemOf(error: FastifyError): Problem {
  if (error instanceof BookingError) return problem(error.code, error.message, error.extras)
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error)
  if (error.statusCode === 413) return problem('invalid_request', 'The body is larger than 64 KiB.', {}, 413)
  if (error.statusCode === 415) return problem('invalid_request', 'Send the body as application/json.', {}, 415)
  if (error.statusCode === 429) return problem('rate_limited', 'More requests than this client may make. Wait as long as Retry-After says.')
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return problem('invalid_request', 'The request cannot be read: the body is not valid JSON, or a header is malformed.')
  return problem('internal', 'A fault in the gateway; its log has the request id.')
}

function invalidRequest(error: FastifyError): Problem {
  const issues = (error.validation ?? []).map(({ instancePath, params, message }) => ({
    place: instancePath.split('/').filter((part) => part !== ''),
    reason: message,
    unknown: 'keys' in params && Array.isArray(params['keys']) ? params['keys'] : undefined,
  }))
  const { detail, path } = describeIssues(issues)
  return problem('invalid_request', detail, path === undefined ? {} : { path })
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, body: Problem): FastifyReply {
  request.errorCode = body.code
  // The zod serializer of a route does not know every refusal HTTP itself can give, so the body goes out as it is.
  return reply.code(body.status).type('application/problem+json').serializer(JSON.stringify).send(body)
}

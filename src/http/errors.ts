import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { BookingError, OutcomeUnknown } from '../booking/errors.ts'
import type { Gateway } from './gateway.ts'
import { problem, type Problem } from './problems.ts'
import { callOf } from './request-context.ts'

/** Makes every error of every route one of the contract's answers. */
export function installErrorHandling(app: FastifyInstance, gateway: Gateway): void {
  app.setErrorHandler((error: FastifyError | OutcomeUnknown, request, reply) => {
    if (error instanceof OutcomeUnknown) return sendUnknown(error, request, reply, gateway)
    const body = problemOf(error)
    if (body.code === 'internal')
      request.log.error({ err: { type: error.name, stack: error.stack?.split('\n').slice(1) } }, 'unexpected error')
    if (error instanceof BookingError && error.extras.denied === true) recordDenial(request, body, gateway)
    const retryAfter = error instanceof BookingError ? error.extras.retryAfterSeconds : undefined
    if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter))
    if (body.status === 401) void reply.header('www-authenticate', 'Bearer realm="fhir-scheduling-gateway"')
    return sendProblem(request, reply, body)
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, problem('not_found', 'There is no such path. GET /openapi.json lists all of them.')),
  )
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

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
      app.route({
        method: others,
        url,
        config: { scope: 'public' },
        schema: { hide: true },
        handler: (request, reply) =>
          sendProblem(
            request,
            reply.header('allow', allowed.join(', ')),
            problem('invalid_request', `This path answers to ${allowed.join(', ')} only.`, {}, 405),
          ),
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
  const issues = (error.validation ?? []).map((issue) => ({
    path: fieldPath(issue.instancePath, issue.params),
    reason: issue.message ?? 'is not valid',
  }))
  const first = issues[0]
  const detail = issues.map((issue) => `${issue.path || 'body'}: ${issue.reason}`).join('; ')
  return problem('invalid_request', detail, first ? { path: first.path } : {})
}

function fieldPath(pointer: string, params: unknown): string {
  const path = pointer
    .split('/')
    .filter((part) => part !== '')
    .join('.')
  const keys =
    typeof params === 'object' && params !== null && 'keys' in params && Array.isArray(params.keys) ? params.keys.map(String) : []
  return path === '' && keys.length > 0 ? keys.join(', ') : path
}

/** 202: the EHR did not say what became of the write. Never "failed". */
function sendUnknown(error: OutcomeUnknown, request: FastifyRequest, reply: FastifyReply, gateway: Gateway): FastifyReply {
  request.errorCode = 'outcome_unknown'
  const operationId = gateway.operationIds.make(error.receiptId, request.client?.id ?? '', Date.now())
  return reply
    .code(202)
    .header('retry-after', String(error.retryAfterSeconds ?? 5))
    .send({
      operation_id: operationId,
      state: 'pending',
      message: 'I am still waiting for the clinic to confirm that. Let me check again in a moment.',
      next_actions: ['check_operation', 'repeat_request'],
    })
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, body: Problem): FastifyReply {
  request.errorCode = body.code
  // The zod serializer of a route does not know every refusal HTTP itself can give, so the body goes out as it is.
  return reply.code(body.status).type('application/problem+json').serializer(JSON.stringify).send(body)
}

function recordDenial(request: FastifyRequest, body: Problem, gateway: Gateway): void {
  const { requestId, clientId } = callOf(request)
  gateway.audit.record({ action: 'denied', recorded: Date.now(), clientId, requestId, outcome: body.code })
}

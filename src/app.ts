import { randomUUID } from 'node:crypto'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { authenticate } from './http/authenticate.ts'
import { installErrorHandling, watchMethods } from './http/errors.ts'
import type { ErrorCode } from './booking/errors.ts'
import type { Gateway } from './http/gateway.ts'
import { openApi } from './http/openapi.ts'
import { CODES } from './http/problems.ts'
import { appointmentRoutes } from './http/routes/appointments.ts'
import { availabilityRoutes } from './http/routes/availability.ts'
import { escalationRoutes } from './http/routes/escalations.ts'
import { holdRoutes } from './http/routes/holds.ts'
import { intakeRoutes } from './http/routes/intake.ts'
import { operationRoutes } from './http/routes/operations.ts'
import { systemRoutes } from './http/routes/system.ts'
import { answerNoHttp, answerUnreadableUrl } from './http/unreadable.ts'

const BODY_LIMIT_BYTES = 64 * 1024
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

type InstallRoutes = (app: FastifyInstance, gateway: Gateway) => void

/** The doors for chatbots. Health, metrics and the like are there in any case. */
const DOORS: readonly InstallRoutes[] = [availabilityRoutes, holdRoutes, appointmentRoutes, intakeRoutes, escalationRoutes, operationRoutes]

/**
 * Builds the HTTP application. It never listens and never reads the environment, so tests can use it as it is.
 * @param doors none for a worker, which has nothing to do with chatbots
 */
export async function buildApp(
  gateway: Gateway,
  logger: FastifyBaseLogger,
  doors: readonly InstallRoutes[] = DOORS,
): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    // A request line of our own below: route templates instead of URLs, because ids of patients' visits stand in URLs.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: 200 },
    requestTimeout: 10_000,
    frameworkErrors: answerUnreadableUrl,
    clientErrorHandler: answerNoHttp,
    genReqId: (request) => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
    },
  })
  app.decorateRequest('client', undefined)
  app.decorateRequest('call', undefined)
  app.decorateRequest('errorCode', undefined)
  acceptEmptyBodies(app)
  installErrorHandling(app, gateway)
  const refuseOtherMethods = watchMethods(app)
  installRequestHooks(app, gateway)
  await app.register(swagger, openApi)
  await app.register(rateLimit, {
    max: gateway.rateLimit.perMinute,
    timeWindow: '1 minute',
    hook: 'preHandler',
    keyGenerator: (request) => request.client?.id ?? request.ip,
    // Redis carries counters only: without it bookings go on, uncounted.
    skipOnError: true,
    ...(gateway.rateLimit.redis !== undefined && { redis: gateway.rateLimit.redis, nameSpace: 'fsg:rate:' }),
  })
  await app.register((api, _options, done) => {
    api.setValidatorCompiler(validatorCompiler)
    api.setSerializerCompiler(serializerCompiler)
    for (const install of doors) install(api, gateway)
    done()
  })
  systemRoutes(app, gateway)
  await app.after()
  refuseOtherMethods()
  return app
}

/** Refusals that an operator should look at stand out in the log. */
function levelOf(code: string): 'info' | 'warn' | 'error' {
  return code in CODES ? CODES[code as ErrorCode].level : 'info'
}

/** Many clients announce JSON and send nothing, e.g. to cancel; that is a request without fields. */
function acceptEmptyBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') done(null, undefined)
    else void parse(request, body, done)
  })
}

function installRequestHooks(app: FastifyInstance, gateway: Gateway): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id)
    if (!request.is404) authenticate(request, gateway.clients)
  })
  app.addHook('onSend', async (request, reply) => {
    void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    if (request.call) void reply.header('server-timing', `ehr;desc="${request.call.roundTrips} round trips"`)
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? '(none)'
    const code = request.errorCode ?? 'ok'
    gateway.metrics.request(`${request.method} ${route}`, reply.statusCode, code, reply.elapsedTime / 1000)
    request.log[levelOf(code)](
      {
        client: request.client?.id,
        route: `${request.method} ${route}`,
        status: reply.statusCode,
        code,
        ms: Math.round(reply.elapsedTime),
        ehrRoundTrips: request.call?.roundTrips,
      },
      'request',
    )
  })
}

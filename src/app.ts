import { randomUUID } from 'node:crypto'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { channelRoutes } from './channels/routes.ts'
import { demoDoor } from './demo/door.ts'
import { authenticate } from './http/authenticate.ts'
import { installDraining } from './http/draining.ts'
import { installErrorHandling, watchMethods } from './http/errors.ts'
import type { Gateway } from './desk/gateway.ts'
import { openApi } from './http/openapi.ts'
import { installOverloadRefusal } from './http/overload.ts'
import { storeOn } from './http/rate-limit-store.ts'
import { installRequestRecord } from './http/request-record.ts'
import { appointmentRoutes } from './http/routes/appointments.ts'
import { availabilityRoutes } from './http/routes/availability.ts'
import { escalationRoutes } from './http/routes/escalations.ts'
import { holdRoutes } from './http/routes/holds.ts'
import { intakeRoutes } from './http/routes/intake.ts'
import { operationRoutes } from './http/routes/operations.ts'
import { protectedResourceRoutes } from './http/routes/protected-resource.ts'
import { systemRoutes } from './http/routes/system.ts'
import { answerNoHttp, answerUnreadableUrl } from './http/unreadable.ts'
import { mcpRoutes } from './mcp/door.ts'

const BODY_LIMIT_BYTES = 64 * 1024
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

type InstallRoutes = (app: FastifyInstance, gateway: Gateway) => void

/** The doors for chatbots. Health, metrics and the like are there in any case. */
const DOORS: readonly InstallRoutes[] = [
  availabilityRoutes,
  holdRoutes,
  appointmentRoutes,
  intakeRoutes,
  escalationRoutes,
  operationRoutes,
  protectedResourceRoutes,
  mcpRoutes,
  channelRoutes,
]

/** The doors of a gateway. The demo page looks into the EHR past the patient's token: production does not have it. */
export function doorsOf(production: boolean): readonly InstallRoutes[] {
  return production ? DOORS : [...DOORS, demoDoor]
}

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
    // request-record.ts writes a line of our own.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: 200 },
    requestTimeout: 10_000,
    frameworkErrors: answerUnreadableUrl,
    clientErrorHandler: answerNoHttp,
    // What comes while the process stops is refused in draining.ts, in the same words as everything else.
    return503OnClosing: false,
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
  installRequestRecord(app, gateway)
  installRequestHooks(app, gateway)
  await app.register(swagger, openApi)
  await app.register(rateLimit, {
    max: gateway.rateLimit.perMinute,
    timeWindow: '1 minute',
    hook: 'preHandler',
    keyGenerator: (request) => request.client?.id ?? request.ip,
    store: storeOn(gateway.rateLimit.counters),
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

/** Many clients announce JSON and send nothing, e.g. to cancel; that is a request without fields. */
function acceptEmptyBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') done(null, undefined)
    else void parse(request, body, done)
  })
}

function installRequestHooks(app: FastifyInstance, gateway: Gateway): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id)
    done()
  })
  // Before the client is looked at: a process that is late or on its way out does no work for anybody.
  installDraining(app)
  installOverloadRefusal(app, gateway)
  app.addHook('onRequest', async (request) => {
    if (!request.is404) await authenticate(request, gateway)
  })
  app.addHook('onSend', async (request, reply) => {
    void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    if (request.call) void reply.header('server-timing', `ehr;desc="${request.call.roundTrips} round trips"`)
  })
}

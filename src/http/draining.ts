import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { BookingError } from '../booking/errors.ts'

/** For so long after the signal to stop, requests that were on their way still get an answer, in milliseconds. */
const LINGER_MS = 250
/** Every request has its answer after this long; a connection that is still open then belongs to a client that does not read or send. */
const ANSWERED_WITHIN_MS = 5_500
const RETRY_AFTER_SECONDS = 1

/**
 * The way out (`app.close()`): what was accepted is answered, what comes now is refused with 503 and Retry-After, so that the
 * caller or the balancer asks another process, and every answer ends its connection.
 */
export function installDraining(app: FastifyInstance): void {
  let isStopping = false
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isStopping || request.routeOptions.url === '/health/live') done()
    else done(new BookingError('ehr_unavailable', STOPPING, { retryAfterSeconds: RETRY_AFTER_SECONDS }))
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isStopping) void reply.header('connection', 'close')
    done()
  })
  app.addHook('preClose', async () => {
    isStopping = true
    // Idle connections are closed when this ends. A request that a client has just sent on one must not meet a closed door.
    await sleep(LINGER_MS)
    setTimeout(() => {
      app.server.closeAllConnections()
    }, ANSWERED_WITHIN_MS).unref()
  })
}

const STOPPING = 'This gateway is stopping. Nothing was read or written; send the request again, it will reach another one.'

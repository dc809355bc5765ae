import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BookingError } from '../booking/errors.ts'
import type { ChannelName } from '../channel-settings.ts'
import type { Client } from '../config.ts'
import type { Gateway } from '../desk/gateway.ts'
import { clientWithKey } from '../http/authenticate.ts'
import { bearerOf, type Proof } from './proof.ts'

/** Platforms send the whole conversation along with each call, so more than elsewhere. */
export const CHANNEL_BODY_LIMIT_BYTES = 1024 * 1024

/** One platform's door. */
export interface Channel {
  readonly name: ChannelName
  readonly proof: Proof
  /** Adds the routes; where they run, `request.client` is set and `request.body` is parsed JSON. */
  readonly routes: (app: FastifyInstance, gateway: Gateway) => void
  /** Adds routes that need no proof: they say nothing of patients, and do nothing. */
  readonly openRoutes?: (app: FastifyInstance, gateway: Gateway) => void
}

/** Config of every route here: the channel's own proof takes the place of a client key, and calls of tools are counted, not requests. */
export const ofChannel = {
  config: { scope: 'public' as const, rateLimit: false as const },
  schema: { hide: true },
  bodyLimit: CHANNEL_BODY_LIMIT_BYTES,
}

/** Opens a channel when CHANNELS_FILE names it (or, outside production, to client keys); otherwise its paths are not there. */
export function openChannel(app: FastifyInstance, gateway: Gateway, channel: Channel): void {
  const { entries, openToClientKeys } = gateway.channels
  if (!entries[channel.name] && !openToClientKeys) return
  void app.register((scope, _options, done) => {
    keepRawBodies(scope)
    scope.addHook('preValidation', (request, _reply, next) => {
      const rawBody = typeof request.body === 'string' ? request.body : ''
      request.client = clientOf(request, rawBody, gateway, channel)
      request.body = rawBody.trim() === '' ? undefined : parse(rawBody)
      next()
    })
    channel.routes(scope, gateway)
    done()
  })
  channel.openRoutes?.(app, gateway)
}

/** Nothing is parsed before the proof, and the proof is about the bytes that came. */
function keepRawBodies(scope: FastifyInstance): void {
  scope.removeContentTypeParser('application/json')
  scope.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (_request, body, done) => {
    done(null, body)
  })
}

/** @throws BookingError `unauthenticated` */
function clientOf(request: FastifyRequest, rawBody: string, gateway: Gateway, { name, proof }: Channel): Client {
  const entry = gateway.channels.entries[name]
  if (!entry) {
    const key = bearerOf(request.headers)
    const client = key === undefined ? undefined : clientWithKey(key, gateway.clients)
    if (client) return client
  } else if (proof({ headers: request.headers, rawBody, now: Date.now() }, entry.secrets)) return entry.client
  throw new BookingError('unauthenticated', HOW_TO_PROVE, { denied: true })
}

const HOW_TO_PROVE = 'This request does not prove that it comes from the platform. docs/channels/ says which header it has to carry.'

/** @throws BookingError `invalid_request` */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BookingError('invalid_request', 'The body is not JSON.')
  }
}

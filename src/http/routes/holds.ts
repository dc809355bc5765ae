import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Gateway } from '../../desk/gateway.ts'
import { hold, readHold, release } from '../../desk/holds.ts'
import { appointmentSchema, holdBodySchema, idParamsSchema } from '../../desk/schemas.ts'
import { createHeadersSchema, deleteHeadersSchema, readHeadersSchema } from '../header-schemas.ts'
import { askingOf } from '../request-context.ts'
import { OF_BODIES, pendingSchema, problems, sendShown } from './responses.ts'

/** `POST /holds`, `GET /holds/{id}`, `DELETE /holds/{id}`. */
export function holdRoutes(app: FastifyInstance, gateway: Gateway): void {
  const typed = app.withTypeProvider<ZodTypeProvider>()
  typed.route({
    method: 'POST',
    url: '/holds',
    config: { scope: 'holds:write' },
    schema: {
      operationId: 'holdSlot',
      summary: 'Claims a time until expires_at',
      tags: ['holds'],
      headers: createHeadersSchema,
      body: holdBodySchema,
      response: { 201: appointmentSchema, 202: pendingSchema, ...problems(404, 409, ...OF_BODIES, 422, 502) },
    },
    handler: async (request, reply) => {
      const shown = await hold(gateway, askingOf(request, request.body), request.body.slot_id)
      return sendShown(reply.code(201), shown)
    },
  })
  typed.route({
    method: 'GET',
    url: '/holds/:id',
    config: { scope: 'holds:write' },
    schema: {
      operationId: 'readHold',
      summary: 'Shows a hold, also after it ended',
      tags: ['holds'],
      headers: readHeadersSchema,
      params: idParamsSchema,
      response: { 200: appointmentSchema, ...problems(404) },
    },
    handler: (request) => readHold(gateway, askingOf(request), request.params.id),
  })
  typed.route({
    method: 'DELETE',
    url: '/holds/:id',
    config: { scope: 'holds:write' },
    schema: {
      operationId: 'releaseHold',
      summary: 'Gives a held time back; repeatable',
      tags: ['holds'],
      headers: deleteHeadersSchema,
      params: idParamsSchema,
      response: { 200: appointmentSchema, 202: pendingSchema, ...problems(404, 409, 422, 502) },
    },
    handler: async (request, reply) => sendShown(reply, await release(gateway, askingOf(request), request.params.id)),
  })
}

import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Gateway } from '../../desk/gateway.ts'
import { readOperation } from '../../desk/operations.ts'
import { idParamsSchema, operationSchema } from '../../desk/schemas.ts'
import { askingOf } from '../request-context.ts'
import { problems } from './responses.ts'

/** `GET /operations/{id}`: what became of a 202. */
export function operationRoutes(app: FastifyInstance, gateway: Gateway): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: '/operations/:id',
    config: { scope: 'appointments:read' },
    schema: {
      operationId: 'readOperation',
      summary: 'What became of a request whose outcome was not known',
      tags: ['operations'],
      params: idParamsSchema,
      response: { 200: operationSchema, ...problems(404) },
    },
    handler: (request) => readOperation(gateway, askingOf(request), request.params.id),
  })
}

import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../../desk/gateway.ts'
import { findOffers } from '../../desk/offers.ts'
import { availabilityQuerySchema, availabilitySchema } from '../../desk/schemas.ts'
import { askingOf } from '../request-context.ts'
import { problems } from './responses.ts'

/** `GET /availability`. */
export function availabilityRoutes(app: FastifyInstance, gateway: Gateway): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: '/availability',
    config: { scope: 'availability:read' },
    schema: {
      operationId: 'findAvailability',
      summary: 'Free times, live from the EHR, soonest first',
      tags: ['availability'],
      querystring: availabilityQuerySchema,
      response: { 200: availabilitySchema, ...problems(422) },
    },
    handler: (request) => findOffers(gateway, askingOf(request), request.query),
  })
}

import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { escalateWish } from '../../desk/escalations.ts'
import type { Gateway } from '../../desk/gateway.ts'
import { escalationBodySchema, escalationSchema, keptEscalationSchema } from '../../desk/schemas.ts'
import { createHeadersSchema } from '../header-schemas.ts'
import { askingOf } from '../request-context.ts'
import { OF_BODIES, problems } from './responses.ts'

/** `POST /escalations`: puts it in front of a person. */
export function escalationRoutes(app: FastifyInstance, gateway: Gateway): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'POST',
    url: '/escalations',
    config: { scope: 'escalations:write' },
    schema: {
      operationId: 'escalate',
      summary: 'Puts it in front of a person; says when to expect an answer',
      tags: ['escalations'],
      description:
        'A coded reason, and whom and which visit it is about; no free text. A repetition (same key, or the same wish on the same day) finds the first one.',
      headers: createHeadersSchema,
      body: escalationBodySchema(gateway.escalation.mapping.escalation.reasons),
      response: { 201: escalationSchema, 202: keptEscalationSchema, ...problems(404, ...OF_BODIES, 422, 502) },
    },
    handler: async (request, reply) => {
      const { body } = request
      const placed = await escalateWish(gateway, askingOf(request, body), { reason: body.reason, appointmentId: body.appointment_id })
      if (placed.state !== 'pending') return reply.code(201).send(placed)
      request.errorCode = 'escalation_kept'
      return reply.code(202).send(placed)
    },
  })
}

import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Gateway } from '../../desk/gateway.ts'
import { intake } from '../../desk/intake.ts'
import { intakeBodySchema, intakeSchema } from '../../desk/schemas.ts'
import { askingOf } from '../request-context.ts'
import { OF_BODIES, problems } from './responses.ts'

/** `POST /intake`: who is it, and may the chatbot go on? */
export function intakeRoutes(app: FastifyInstance, gateway: Gateway): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'POST',
    url: '/intake',
    config: { scope: 'intake:write' },
    schema: {
      operationId: 'startIntake',
      summary: 'Verifies the patient and issues a patient_token',
      tags: ['intake'],
      description:
        "Identity is verified by the clinic's policy; which part did not fit is never told. Free text is not screened yet, so a request with `reason` goes to staff. " +
        '`needs_staff`: POST /escalations passes it on. `identity_unverified`: staff are told, without the details.',
      body: intakeBodySchema,
      response: { 200: intakeSchema, ...problems(...OF_BODIES) },
    },
    handler: (request) => intake(gateway, askingOf(request), request.body),
  })
}

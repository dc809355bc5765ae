import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Gateway } from '../../desk/gateway.ts'
import { intake } from '../../desk/intake.ts'
import { intakeBodySchema, intakeHeadersSchema, intakeSchema } from '../../desk/schemas.ts'
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
      summary: 'Screens for emergencies, verifies the patient and issues a patient_token',
      tags: ['intake'],
      description:
        '`urgent`: stop booking and say `message` at once; it is no triage, and comes also while the EHR is down. ' +
        "`identity_unverified`: identity goes by the clinic's policy; which part did not fit is never told, and staff are told without the details. " +
        '`needs_staff`: POST /escalations with `escalation_reason` passes it on; with `portal_url` the visit is booked there. `eligible`: look for a time.',
      headers: intakeHeadersSchema,
      body: intakeBodySchema,
      response: { 200: intakeSchema, ...problems(...OF_BODIES) },
    },
    handler: (request) => intake(gateway, askingOf(request), request.body),
  })
}

import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { modalityFor, visitTypeNamed } from '../../booking/claim-plan.ts'
import { escalateUnverified } from '../../escalation/triggers.ts'
import { verifyIdentity } from '../../intake/verify-identity.ts'
import type { Gateway } from '../../desk/gateway.ts'
import { callOf, clientOf } from '../request-context.ts'
import { intakeBodySchema, intakeSchema } from '../../desk/schemas.ts'
import { OF_BODIES, problems } from './responses.ts'

/** `POST /intake`: who is it, and may the chatbot go on? */
export function intakeRoutes(app: FastifyInstance, gateway: Gateway): void {
  const { booking, patients, patientTokens, audit, escalation } = gateway
  const phone = booking.mapping.clinic.phone
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
    handler: async (request) => {
      const { body } = request
      const client = clientOf(request)
      const call = callOf(request)
      const type = visitTypeNamed(booking.mapping, body.type)
      modalityFor(type, body.modality)
      if (!type.bookable || body.reason !== undefined) {
        return {
          outcome: 'needs_staff' as const,
          message: `The staff will arrange that with you. Shall I pass it on to them? Or call them at ${phone}.`,
          next_actions: ['escalate', 'contact_staff'],
        }
      }
      const patient = await verifyIdentity(patients, booking.mapping, body.patient, call)
      audit.record({
        action: 'look-up',
        recorded: Date.now(),
        clientId: client.id,
        requestId: call.requestId,
        ...(patient === undefined ? { outcome: 'identity_unverified' } : { patient }),
      })
      if (patient === undefined) {
        const escalated = await escalateUnverified(escalation, body.patient, call)
        return {
          outcome: 'identity_unverified' as const,
          ...(escalated && { escalation_id: escalated.escalationId }),
          message: escalated?.spoken ?? `I could not find you with these details. Please check them, or call ${phone}.`,
          next_actions: ['start_intake', 'contact_staff'],
        }
      }
      const { token, expiresAt } = await patientTokens.issue(patient, client.id)
      return {
        outcome: 'eligible' as const,
        patient_token: token,
        expires_at: expiresAt.toISOString(),
        message: 'Thank you, I found you. Let me look for a time.',
        next_actions: ['find_availability'],
      }
    },
  })
}

import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { BookingError } from '../../booking/errors.ts'
import type { Caller } from '../../booking/caller.ts'
import { localWords } from '../../booking/words.ts'
import type { Escalation } from '../../escalation/escalate.ts'
import { escalateForCaller } from '../../escalation/escalate-or-keep.ts'
import { clinicDay, escalationKey } from '../../escalation/keys.ts'
import { formatInstant } from '../../fhir/instant.ts'
import type { Gateway } from '../gateway.ts'
import { callerOf, callOf, idempotencyKeyOf } from '../request-context.ts'
import { createHeadersSchema, escalationBodySchema, escalationSchema, keptEscalationSchema } from '../schemas.ts'
import { OF_BODIES, problems } from './responses.ts'

/** `POST /escalations`: puts it in front of a person. */
export function escalationRoutes(app: FastifyInstance, gateway: Gateway): void {
  const { escalation: deps, patientTokens } = gateway
  const zone = deps.mapping.clinic.timeZone
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
      body: escalationBodySchema(deps.mapping.escalation.reasons),
      response: { 201: escalationSchema, 202: keptEscalationSchema, ...problems(404, ...OF_BODIES, 422, 502) },
    },
    handler: async (request, reply) => {
      const { body } = request
      const caller = await callerOf(request, patientTokens, body)
      const call = callOf(request)
      const wish = { reason: body.reason, appointmentId: body.appointment_id, key: idempotencyKeyOf(request, body) }
      const placed = await escalateForCaller(
        deps,
        {
          reason: body.reason,
          clientId: call.clientId,
          requestId: call.requestId,
          ...(body.appointment_id !== undefined && { appointmentId: body.appointment_id }),
          ...(caller.patient !== undefined && { patient: caller.patient }),
          trail: [{ code: 'asked_for', at: Date.now() }],
          key: keyOf(caller, wish, zone),
          caller,
        },
        call,
      )
      if (placed.kind === 'stands') return reply.code(201).send(present(placed.escalation, zone))
      const { escalationId, message } = placed
      if (placed.kind === 'lost') throw unreachable(message)
      request.errorCode = 'escalation_kept'
      return reply
        .code(202)
        .send({ escalation_id: escalationId, state: 'pending', message, next_actions: ['repeat_request', 'contact_staff'] })
    },
  })
}

/**
 * What names the request: the caller's key, or what it is about, once a day.
 * @throws BookingError `invalid_request` when it is about nobody: two patients must never share an escalation
 */
function keyOf(caller: Caller, wish: { reason: string; appointmentId: string | undefined; key: string | undefined }, zone: string): string {
  const { clientId, patient } = caller
  if (wish.key !== undefined) return escalationKey('key', clientId, wish.key)
  if (patient === undefined && wish.appointmentId === undefined) {
    throw new BookingError(
      'invalid_request',
      'An escalation without patient and visit needs an idempotency key, so that two patients never share one. Send Idempotency-Key, or patient_token.',
      { path: 'idempotency_key' },
    )
  }
  return escalationKey('wish', clientId, patient ?? '', wish.reason, wish.appointmentId ?? '', clinicDay(Date.now(), zone))
}

function present(escalation: Escalation, zone: string) {
  const { escalationId, reason, due, open, replayed, message } = escalation
  return {
    escalation_id: escalationId,
    reason: reason.code,
    state: open ? ('requested' as const) : ('closed' as const),
    priority: reason.priority,
    channel: reason.channel,
    due: formatInstant(due, zone),
    timezone: zone,
    local_due: localWords(due, zone),
    replayed,
    message,
    next_actions: open ? [] : ['contact_staff'],
  }
}

/** Neither the EHR nor the backlog has it for certain. */
function unreachable(spoken: string): BookingError {
  return new BookingError(
    'ehr_unavailable',
    'The EHR does not answer, and the escalation could not be kept. Repeating the request is safe.',
    {
      retryAfterSeconds: 5,
      spoken,
    },
  )
}

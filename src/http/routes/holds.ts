import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { releaseHold } from '../../booking/cancel-appointment.ts'
import { holdSlot } from '../../booking/hold-slot.ts'
import { readAppointment } from '../../booking/read-appointments.ts'
import { watchWrite } from '../../escalation/triggers.ts'
import type { Gateway } from '../gateway.ts'
import { callerOf, callOf, idempotencyKeyOf } from '../request-context.ts'
import {
  appointmentSchema,
  createHeadersSchema,
  deleteHeadersSchema,
  holdBodySchema,
  idParamsSchema,
  readHeadersSchema,
} from '../schemas.ts'
import { present, presentWrite } from './present.ts'
import { OF_BODIES, pendingSchema, problems } from './responses.ts'

/** `POST /holds`, `GET /holds/{id}`, `DELETE /holds/{id}`. */
export function holdRoutes(app: FastifyInstance, gateway: Gateway): void {
  const { booking, patientTokens, escalation } = gateway
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
      const { body } = request
      const caller = await callerOf(request, patientTokens, body)
      const call = callOf(request)
      const offer = booking.slotIds.read(body.slot_id)
      const key = idempotencyKeyOf(request, body)
      const result = await watchWrite(escalation, { caller, operation: 'hold', target: offer.slotId }, call, () =>
        holdSlot(booking, { caller, offer, key }, call),
      )
      return reply.code(201).send(await presentWrite(gateway, result, call, reply))
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
    handler: async (request) => {
      const caller = await callerOf(request, patientTokens)
      const call = callOf(request)
      const shown = await present(
        gateway,
        await readAppointment(booking, { caller, appointmentId: request.params.id, what: 'hold' }, call),
        call,
      )
      return { ...shown, hold_id: shown.appointment_id }
    },
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
    handler: async (request, reply) => {
      const caller = await callerOf(request, patientTokens)
      const call = callOf(request)
      const { id } = request.params
      const key = idempotencyKeyOf(request)
      const result = await watchWrite(escalation, { caller, operation: 'release', target: id, appointmentId: id }, call, () =>
        releaseHold(booking, { caller, appointmentId: id, what: 'hold', key }, call),
      )
      return presentWrite(gateway, result, call, reply)
    },
  })
}

import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { book, calendarEntry, cancel, listUpcoming, readOne, reschedule } from '../../desk/appointments.ts'
import type { Gateway } from '../../desk/gateway.ts'
import { appointmentListSchema, appointmentSchema, bookBodySchema, cancelBodySchema, idParamsSchema, rescheduleBodySchema } from '../../desk/schemas.ts'
import { changeHeadersSchema, createHeadersSchema, readHeadersSchema } from '../header-schemas.ts'
import { askingOf } from '../request-context.ts'
import { OF_BODIES, pendingSchema, problems, sendShown } from './responses.ts'

/** Everything under `/appointments`. */
export function appointmentRoutes(app: FastifyInstance, gateway: Gateway): void {
  writeRoutes(app, gateway)
  changeRoutes(app, gateway)
  readRoutes(app, gateway)
}

function writeRoutes(app: FastifyInstance, gateway: Gateway): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'POST',
    url: '/appointments',
    config: { scope: 'appointments:write' },
    schema: {
      operationId: 'bookAppointment',
      summary: 'Confirms a hold, or books an offered time in one step',
      tags: ['appointments'],
      headers: createHeadersSchema,
      body: bookBodySchema,
      response: { 201: appointmentSchema, 202: pendingSchema, ...problems(404, 409, 410, ...OF_BODIES, 422, 502) },
    },
    handler: async (request, reply) => {
      const { body } = request
      const what = body.hold_id === undefined ? { slotId: body.slot_id ?? '' } : { holdId: body.hold_id }
      return sendShown(reply.code(201), await book(gateway, askingOf(request, body), what))
    },
  })
}

function changeRoutes(app: FastifyInstance, gateway: Gateway): void {
  const typed = app.withTypeProvider<ZodTypeProvider>()
  typed.route({
    method: 'POST',
    url: '/appointments/:id/reschedule',
    config: { scope: 'appointments:write' },
    schema: {
      operationId: 'rescheduleAppointment',
      summary: 'Moves the visit to another offer; the id stays',
      tags: ['appointments'],
      params: idParamsSchema,
      headers: changeHeadersSchema,
      body: rescheduleBodySchema,
      response: { 200: appointmentSchema, 202: pendingSchema, ...problems(404, 409, 412, ...OF_BODIES, 422, 502) },
    },
    handler: async (request, reply) => {
      const { body, params } = request
      return sendShown(reply, await reschedule(gateway, askingOf(request, body), params.id, body.slot_id))
    },
  })
  typed.route({
    method: 'POST',
    url: '/appointments/:id/cancel',
    config: { scope: 'appointments:write' },
    schema: {
      operationId: 'cancelAppointment',
      summary: 'Cancels the visit and frees its time; repeatable',
      tags: ['appointments'],
      params: idParamsSchema,
      headers: changeHeadersSchema,
      body: cancelBodySchema.nullish(),
      response: { 200: appointmentSchema, 202: pendingSchema, ...problems(404, 409, 412, ...OF_BODIES, 422, 502) },
    },
    handler: async (request, reply) => {
      const body = request.body ?? {}
      return sendShown(reply, await cancel(gateway, askingOf(request, body), request.params.id, body.reason))
    },
  })
}

function readRoutes(app: FastifyInstance, gateway: Gateway): void {
  const typed = app.withTypeProvider<ZodTypeProvider>()
  typed.route({
    method: 'GET',
    url: '/appointments/:id',
    config: { scope: 'appointments:read' },
    schema: {
      operationId: 'readAppointment',
      summary: 'One appointment as it stands now',
      tags: ['appointments'],
      headers: readHeadersSchema,
      params: idParamsSchema,
      response: { 200: appointmentSchema, ...problems(404) },
    },
    handler: async (request, reply) => sendShown(reply, await readOne(gateway, askingOf(request), request.params.id)),
  })
  typed.route({
    method: 'GET',
    url: '/appointments',
    config: { scope: 'appointments:read' },
    schema: {
      operationId: 'listAppointments',
      summary: "The patient's upcoming holds and visits, soonest first",
      tags: ['appointments'],
      headers: readHeadersSchema,
      querystring: z.strictObject({
        patient: z
          .string()
          .regex(/^Patient\/[A-Za-z0-9\-.]{1,64}$/)
          .optional()
          .describe('For scope patients:any; the header X-Patient keeps it out of the URL.'),
      }),
      response: { 200: appointmentListSchema, ...problems(502) },
    },
    handler: (request) => listUpcoming(gateway, askingOf(request, { patient: request.query.patient })),
  })
  typed.route({
    method: 'GET',
    url: '/appointments/:id/calendar.ics',
    config: { scope: 'appointments:read' },
    schema: {
      operationId: 'getCalendar',
      summary: 'The visit as a calendar entry (RFC 5545)',
      tags: ['appointments'],
      headers: readHeadersSchema,
      params: idParamsSchema,
      response: { 200: { description: 'iCalendar', content: { 'text/calendar': { schema: z.string() } } }, ...problems(404) },
    },
    handler: async (request, reply) => {
      const entry = await calendarEntry(gateway, askingOf(request), request.params.id)
      return reply.type('text/calendar; charset=utf-8').serializer(String).send(entry)
    },
  })
}

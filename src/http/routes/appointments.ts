import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { calendarOf } from '../../booking/calendar.ts'
import { BookingError } from '../../booking/errors.ts'
import { speakList } from '../../booking/messages.ts'
import { listAppointments, readAppointment } from '../../booking/read-appointments.ts'
import { showAppointment } from '../../booking/show.ts'
import { formatInstant } from '../../fhir/instant.ts'
import type { Gateway } from '../gateway.ts'
import { callerOf, callOf, expectedVersionOf, idempotencyKeyOf, requirePatient } from '../request-context.ts'
import {
  appointmentListSchema,
  appointmentSchema,
  changeHeadersSchema,
  createHeadersSchema,
  readHeadersSchema,
  bookBodySchema,
  cancelBodySchema,
  idParamsSchema,
  rescheduleBodySchema,
} from '../schemas.ts'
import { makeWatchedChange } from './change.ts'
import { present, presentWrite } from './present.ts'
import { OF_BODIES, pendingSchema, problems } from './responses.ts'

/** Everything under `/appointments`. */
export function appointmentRoutes(app: FastifyInstance, gateway: Gateway): void {
  writeRoutes(app, gateway)
  changeRoutes(app, gateway)
  readRoutes(app, gateway)
}

function writeRoutes(app: FastifyInstance, gateway: Gateway): void {
  const { patientTokens } = gateway
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
      const caller = await callerOf(request, patientTokens, body)
      const call = callOf(request)
      const key = idempotencyKeyOf(request, body)
      const change =
        body.hold_id === undefined
          ? { change: 'book' as const, caller, key, slotId: body.slot_id ?? '' }
          : { change: 'confirm' as const, caller, key, appointmentId: body.hold_id }
      const result = await makeWatchedChange(gateway, change, call)
      return reply.code(201).send(await presentWrite(gateway, result, call, reply))
    },
  })
}

function changeRoutes(app: FastifyInstance, gateway: Gateway): void {
  const { patientTokens } = gateway
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
      const caller = requirePatient(await callerOf(request, patientTokens, body))
      const call = callOf(request)
      const change = {
        change: 'reschedule' as const,
        caller,
        appointmentId: params.id,
        slotId: body.slot_id,
        key: idempotencyKeyOf(request, body),
        expectedVersion: expectedVersionOf(request, body),
      }
      const result = await makeWatchedChange(gateway, change, call)
      return presentWrite(gateway, result, call, reply)
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
      const { params } = request
      const body = request.body ?? {}
      const caller = requirePatient(await callerOf(request, patientTokens, body))
      const call = callOf(request)
      const change = {
        change: 'cancel' as const,
        caller,
        appointmentId: params.id,
        reason: body.reason,
        key: idempotencyKeyOf(request, body),
        expectedVersion: expectedVersionOf(request, body),
      }
      const result = await makeWatchedChange(gateway, change, call)
      return presentWrite(gateway, result, call, reply)
    },
  })
}

function readRoutes(app: FastifyInstance, gateway: Gateway): void {
  const { booking, patientTokens } = gateway
  const zone = booking.mapping.clinic.timeZone
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
    handler: async (request, reply) => {
      const caller = requirePatient(await callerOf(request, patientTokens))
      const call = callOf(request)
      const shown = await present(
        gateway,
        await readAppointment(booking, { caller, appointmentId: request.params.id, what: 'appointment' }, call),
        call,
      )
      void reply.header('etag', `W/"${shown.version}"`)
      return shown
    },
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
    handler: async (request) => {
      const caller = await callerOf(request, patientTokens, { patient: request.query.patient })
      if (caller.patient === undefined) throw new BookingError('patient_required', 'Send X-Patient-Token from POST /intake.')
      const call = callOf(request)
      const { appointments, now } = await listAppointments(booking, caller.patient, call)
      const { directory } = await booking.directories.current(call)
      const shown = appointments.map((appointment) => showAppointment(appointment, now, directory, zone))
      return { appointments: shown, as_of: formatInstant(now, zone), ...speakList(shown) }
    },
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
      const caller = requirePatient(await callerOf(request, patientTokens))
      const call = callOf(request)
      const read = await readAppointment(booking, { caller, appointmentId: request.params.id, what: 'appointment' }, call)
      const shown = await present(gateway, read, call)
      return reply
        .type('text/calendar; charset=utf-8')
        .serializer(String)
        .send(calendarOf(shown, booking.mapping.clinic.name, read.now))
    },
  })
}

import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { FastifyInstance } from 'fastify'
import { modalityFor, visitTypeNamed } from '../../booking/claim-plan.ts'
import { BookingError } from '../../booking/errors.ts'
import { findAvailability } from '../../booking/find-availability.ts'
import { speakOffers } from '../../booking/messages.ts'
import { showOffer } from '../../booking/show.ts'
import { formatInstant } from '../../fhir/instant.ts'
import { DAY, type Interval } from '../../scheduling/interval.ts'
import type { Gateway } from '../gateway.ts'
import { callOf } from '../request-context.ts'
import { availabilityQuerySchema, availabilitySchema, instantOf } from '../schemas.ts'
import { problems } from './responses.ts'

/** `GET /availability`. */
export function availabilityRoutes(app: FastifyInstance, gateway: Gateway): void {
  const { booking } = gateway
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
    handler: async (request) => {
      const { query } = request
      const type = visitTypeNamed(booking.mapping, query.type)
      const modality = modalityFor(type, query.modality)
      const found = await findAvailability(
        booking,
        {
          type,
          modality,
          span: spanOf(query),
          limit: query.limit,
          providerId: query.provider?.replace(/^Practitioner\//, ''),
          locationId: query.location?.replace(/^Location\//, ''),
        },
        callOf(request),
      )
      const zone = booking.mapping.clinic.timeZone
      const slots = found.offers.map((offer) => showOffer(offer, type, modality, booking))
      return {
        slots,
        timezone: zone,
        as_of: formatInstant(found.asOf, zone),
        truncated: found.truncated,
        next_available: found.nextAvailable === undefined ? null : formatInstant(found.nextAvailable, zone),
        ...speakOffers(slots, found, zone),
      }
    },
  })
}

/** The asked window; a start in the past means from now on, which the visit type's notice takes care of. */
function spanOf(query: { start?: string | undefined; end?: string | undefined }): Interval {
  const start = query.start === undefined ? Date.now() : Math.max(instantOf(query.start), Date.now() - DAY)
  const end = query.end === undefined ? start + 7 * DAY : instantOf(query.end)
  if (query.start !== undefined && query.end !== undefined && instantOf(query.end) <= instantOf(query.start)) {
    throw new BookingError('invalid_request', 'end must be after start.', { path: 'end' })
  }
  return { start, end: Math.max(start, end) }
}

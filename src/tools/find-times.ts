import { z } from 'zod'
import type { Gateway } from '../desk/gateway.ts'
import { findOffers } from '../desk/offers.ts'
import { availabilityQuerySchema } from '../desk/schemas.ts'
import { briefOffer, briefOfferSchema, fitting, spokenOf } from './brief.ts'
import { defineTool, type Tool } from './tool.ts'

/** More than five choices nobody keeps in mind who hears them. */
const MOST = 5
const USUAL = 3

export function findTimes(gateway: Gateway): Tool {
  const types = gateway.booking.mapping.visitTypes.map(({ code, title }) => `${code} (${title})`).join(', ')
  return defineTool({
    name: 'find_times',
    title: 'Find free times',
    description:
      'Free times for a kind of visit, soonest first, straight from the schedule. Offer one to three of them in the words of local_start. ' +
      'Nothing is reserved yet: call hold_time with the one the patient picks. Turn words like "next Tuesday" into start and end with what_day_is_it.',
    scope: 'availability:read',
    reads: true,
    input: availabilityQuerySchema.extend({
      type: z.string().min(1).max(40).describe(`Kind of visit, one of: ${types}.`),
      limit: z.int().min(1).max(MOST).default(USUAL).describe('How many to offer.'),
    }),
    output: {
      slots: z.array(briefOfferSchema),
      timezone: z.string(),
      as_of: z.string(),
      truncated: z.boolean().describe('There are more.'),
      next_available: z.string().nullable(),
    },
    run: async (query, asking) => {
      const found = await findOffers(gateway, asking, query)
      const slots = fitting(found.slots.map(briefOffer))
      const { timezone, as_of, next_available } = found
      return {
        outcome: 'ok',
        ...spokenOf(found),
        slots,
        timezone,
        as_of,
        truncated: found.truncated || slots.length < found.slots.length,
        next_available,
      }
    },
  })
}

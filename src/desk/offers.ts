import { modalityFor, visitTypeNamed } from '../booking/claim-plan.ts'
import { BookingError } from '../booking/errors.ts'
import { findAvailability } from '../booking/find-availability.ts'
import { speakOffers } from '../booking/messages.ts'
import { showOffer } from '../booking/show.ts'
import { formatInstant } from '../fhir/instant.ts'
import { DAY, type Interval } from '../scheduling/interval.ts'
import type { Asking } from './asking.ts'
import type { Gateway } from './gateway.ts'
import { instantOf, type OfferQuery } from './schemas.ts'

/**
 * Free times, live from the EHR, soonest first.
 * @throws BookingError `invalid_request`, `policy_refused`, `ehr_unavailable`
 */
export async function findOffers({ booking }: Gateway, asking: Asking, query: OfferQuery) {
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
    asking.call,
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
}

/** The asked window; a start in the past means from now on, which the visit type's notice takes care of. */
function spanOf(query: OfferQuery): Interval {
  const start = query.start === undefined ? Date.now() : Math.max(instantOf(query.start), Date.now() - DAY)
  const end = query.end === undefined ? start + 7 * DAY : instantOf(query.end)
  if (query.start !== undefined && query.end !== undefined && instantOf(query.end) <= instantOf(query.start)) {
    throw new BookingError('invalid_request', 'end must be after start.', { path: 'end' })
  }
  return { start, end: Math.max(start, end) }
}

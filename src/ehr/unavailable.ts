import { BookingError } from '../booking/errors.ts'
import type { Exchange } from './fhir-http.ts'
import type { Refused } from './guard.ts'

/** When an EHR that is in trouble is worth asking again, where it does not say so itself; in seconds. */
const RETRY_AFTER_SECONDS = 5

/** How long a caller should wait after this exchange, in seconds: as the EHR says, or the guard before it. */
export function retryAfterSeconds(exchange: Exchange | Refused): number {
  return (exchange.kind === 'broken' ? undefined : exchange.retryAfterSeconds) ?? RETRY_AFTER_SECONDS
}

/** The error of a reading that gave no usable answer. */
export function unavailable(exchange: Exchange | Refused): BookingError {
  const isFull = exchange.kind === 'refused' && exchange.why === 'full'
  return new BookingError(
    'ehr_unavailable',
    isFull
      ? 'The gateway is overloaded: too many requests wait for the EHR. Nothing was written; try again.'
      : 'The EHR does not answer as it should. Nothing was written; try again.',
    { retryAfterSeconds: retryAfterSeconds(exchange) },
  )
}

import type { Appointment } from 'fhir/r4.js'
import { readClaimHint } from '../fhir/appointment-id.ts'
import { appointmentIdOf } from '../fhir/appointment.ts'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'
import { isResourceId, type EhrQuery } from '../fhir/query.ts'
import { stateOf, TRANSITIONS, type Transition } from '../scheduling/transitions.ts'
import { assertMayAccess, type Caller } from './caller.ts'
import { policyRefused } from './claim-plan.ts'
import { BookingError, notFound } from './errors.ts'
import type { Reading } from './ports.ts'
import { EHR_MADE } from './show.ts'
import { appointmentQuery, ofType, search } from './window-queries.ts'

/** A request about an Appointment that exists. */
export interface ExistingRequest {
  readonly caller: Caller
  readonly appointmentId: string
  readonly what: 'hold' | 'appointment'
  /** `meta.versionId` the caller has seen; another one now is `version_mismatch`. */
  readonly expectedVersion?: string | undefined
  /** Where the request waited: a visit that was changed later than this (by the EHR's clock) is left as it is. */
  readonly unchangedSince?: EpochMs
}

/**
 * The query for an Appointment by the id callers see: the gateway's own, or `ehr-<FHIR id>` for one the clinic made.
 * @throws BookingError `not_found` for a text that cannot be either
 */
export function existingQuery(request: Pick<ExistingRequest, 'appointmentId' | 'what'>, withSlots: boolean): EhrQuery {
  const { appointmentId, what } = request
  if (readClaimHint(appointmentId)) return appointmentQuery(appointmentId, withSlots)
  const ehrId = appointmentId.startsWith(EHR_MADE) ? appointmentId.slice(EHR_MADE.length) : ''
  if (what === 'hold' || !isResourceId(ehrId)) throw notFound(what)
  return search('Appointment', ['_id', ehrId])
}

/**
 * The Appointment of a request, which the caller may see.
 * @throws BookingError `not_found` for an unknown and for a foreign one alike
 */
export function readExisting(reading: Reading, request: ExistingRequest): Appointment {
  const [appointment] = ofType(reading.all('appointment'), 'Appointment')
  if (!appointment) throw notFound(request.what)
  assertMayAccess(appointment, request.caller, request.what)
  return appointment
}

/**
 * Whether the transition is to be made (`go`) or already has been (`done`).
 * @throws BookingError `hold_expired`, `invalid_transition`, `version_mismatch`, `policy_refused` (made by the clinic itself)
 */
export function checkTransition(
  appointment: Appointment,
  transition: Transition,
  request: ExistingRequest,
  reading: Reading,
): 'go' | 'done' {
  if (appointmentIdOf(appointment) === undefined) throw policyRefused('managed_by_clinic')
  const state = stateOf(appointment, reading.now)
  const verdict = TRANSITIONS[transition][state]
  if (verdict === 'done') return 'done'
  if (isOvertaken(appointment, request)) {
    throw new BookingError(
      'version_mismatch',
      'The appointment has changed since that version. Read it again, tell the patient, and decide anew.',
      { path: 'expected_version' },
    )
  }
  if (verdict === 'hold_expired')
    throw new BookingError('hold_expired', 'The hold ran out before it was confirmed. Hold the time again, or offer another.')
  if (verdict === 'invalid_transition')
    throw new BookingError('invalid_transition', `Cannot ${transition}: the ${request.what} is ${state}.`)
  return 'go'
}

function isOvertaken(appointment: Appointment, { expectedVersion, unchangedSince = Infinity }: ExistingRequest): boolean {
  if (expectedVersion !== undefined && expectedVersion !== appointment.meta?.versionId) return true
  return (parseInstant(appointment.meta?.lastUpdated) ?? 0) > unchangedSince
}

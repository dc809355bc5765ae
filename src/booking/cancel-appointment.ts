import type { Appointment, CodeableConcept } from 'fhir/r4.js'
import type { ClinicMapping } from '../clinic/mapping.ts'
import { withCancelled } from '../fhir/appointment.ts'
import { parseCodingToken } from '../fhir/codings.ts'
import { stateOf, type AppointmentState } from '../scheduling/transitions.ts'
import { readSlot, spanOf, type WindowSlot } from '../scheduling/window.ts'
import { freedSlots, holdEnd, unreadSlots } from '../scheduling/write.ts'
import { policyRefused } from './claim-plan.ts'
import type { BookingDeps } from './deps.ts'
import { BookingError } from './errors.ts'
import { checkTransition, existingQuery, readExisting, type ExistingRequest } from './existing-appointment.ts'
import { performWrite, requestDigest, type Plan, type WriteRequest, type WriteResult } from './perform-write.ts'
import type { Call, Reading } from './ports.ts'
import { ofType } from './window-queries.ts'

/** Ends an Appointment and gives its time back. */
export interface CancelRequest extends ExistingRequest {
  readonly key: string | undefined
  /** Code of one of the mapping's cancel reasons; left out: the first one. */
  readonly reason?: string | undefined
}

/**
 * Cancels a booking (or a hold) and frees exactly the Slots that still carry its claim. Repeatable.
 * @throws BookingError `not_found`, `invalid_transition`, `version_mismatch`, `policy_refused` (already begun), or what `performWrite` throws
 */
export async function cancelAppointment(deps: BookingDeps, request: CancelRequest, call: Call): Promise<WriteResult> {
  const reason = cancelReason(deps.mapping, request.reason)
  return end(deps, request, 'cancel', (state) => (state === 'lapsed' ? holdEnd('expired') : reason), call)
}

/**
 * Releases a hold. Repeatable; a booking is never ended this way.
 * @throws BookingError `not_found`, `invalid_transition`, or what `performWrite` throws
 */
export async function releaseHold(deps: BookingDeps, request: CancelRequest, call: Call): Promise<WriteResult> {
  return end(deps, request, 'release', (state) => holdEnd(state === 'lapsed' ? 'expired' : 'released'), call)
}

function end(
  deps: BookingDeps,
  request: CancelRequest,
  operation: 'cancel' | 'release',
  reasonFor: (state: AppointmentState) => CodeableConcept,
  call: Call,
): Promise<WriteResult> {
  const write: WriteRequest = {
    operation,
    key: request.key,
    requestDigest: requestDigest(
      operation,
      request.appointmentId,
      request.caller.patient ?? '',
      request.reason ?? '',
      request.expectedVersion ?? '',
    ),
    queries: () => ({ appointment: existingQuery(request, true) }),
    plan: (reading, _directory, extraSlots) => {
      const appointment = readExisting(reading, request)
      if (checkTransition(appointment, operation, request, reading) === 'done') return { kind: 'done', appointment }
      const state = stateOf(appointment, reading.now)
      if (state === 'booked' && hasBegun(appointment, reading)) throw policyRefused('past')
      return endPlan(appointment, request.appointmentId, reasonFor(state), [...slotsIn(reading), ...extraSlots])
    },
  }
  return deps.turnstile.pass(request.appointmentId, call.deadline, () => performWrite(deps, write, call))
}

/** The plan that ends an Appointment and gives back the Slots it still claims. */
export function endPlan(appointment: Appointment, appointmentId: string, reason: CodeableConcept, known: readonly WindowSlot[]): Plan {
  const unread = unreadSlots([appointment], known)
  if (unread.length > 0) return { kind: 'read-slots', ids: unread }
  return {
    kind: 'commit',
    key: `${appointmentId} ${appointment.meta?.versionId ?? ''}`,
    appointment: withCancelled(appointment, reason),
    slots: freedSlots(known, [appointmentId]),
    ended: [],
  }
}

/** The Slots that came with an Appointment. */
export function slotsIn(reading: Reading): WindowSlot[] {
  return ofType(reading.all('appointment'), 'Slot')
    .map(readSlot)
    .filter((slot) => slot !== undefined)
}

function hasBegun(appointment: Appointment, reading: Reading): boolean {
  const span = spanOf(appointment)
  return span !== undefined && span.start <= reading.now
}

function cancelReason(mapping: ClinicMapping, code: string | undefined): CodeableConcept {
  const reason = code === undefined ? mapping.cancelReasons[0] : mapping.cancelReasons.find((candidate) => candidate.code === code)
  if (!reason) {
    throw new BookingError(
      'invalid_request',
      `Unknown reason. Use one of: ${mapping.cancelReasons.map((known) => known.code).join(', ')}.`,
      { path: 'reason' },
    )
  }
  return { coding: [parseCodingToken(reason.coding)], text: reason.title }
}

import type { Appointment, Basic } from 'fhir/r4.js'
import { modalityOf, patientOf, visitTypeOf, withModality, withPatient, withSlots } from '../fhir/appointment.ts'
import { referencedId } from '../fhir/references.ts'
import type { ClaimSet } from '../scheduling/claim-set.ts'
import type { Directory } from '../scheduling/directory.ts'
import { patientPolicy } from '../scheduling/policies.ts'
import { spanOf, type WindowSlot } from '../scheduling/window.ts'
import { withAlternatives } from './alternatives.ts'
import { slotsIn } from './cancel-appointment.ts'
import { assertOfferAllowed, claimOffer, commitPlan, offerSpan, placeOf, policyRefused } from './claim-plan.ts'
import type { BookingDeps } from './deps.ts'
import { checkTransition, existingQuery, readExisting, type ExistingRequest } from './existing-appointment.ts'
import { assertScheduleKnown } from './offer-schedules.ts'
import { patientContradiction, patientQueries, readPatient } from './patient-queries.ts'
import { performWrite, requestDigest, type Plan, type WriteRequest, type WriteResult } from './perform-write.ts'
import type { Call, Reading } from './ports.ts'
import type { SlotOffer } from './slot-id.ts'
import { runsOutMeanwhile, TornReadings } from './torn-readings.ts'
import { claimQueries, isDirectoryStale, readClaimWindow } from './window-queries.ts'

/** Moves a booked visit to another offer of the same visit type. */
export interface RescheduleRequest extends ExistingRequest {
  readonly key: string | undefined
  readonly offer: SlotOffer
}

/**
 * Moves the visit in one transaction: new Slots busy, old Slots free, same Appointment. If the new time cannot be had, the old one stays booked.
 * @throws BookingError `not_found`, `invalid_transition`, `version_mismatch`, `slot_taken` with alternatives, `policy_refused`, or what `performWrite` throws
 */
export async function rescheduleAppointment(deps: BookingDeps, request: RescheduleRequest, call: Call): Promise<WriteResult> {
  return withAlternatives(deps, request.offer, call, async () => {
    await assertScheduleKnown(deps, request.offer.scheduleFingerprint, call)
    return deps.turnstile.pass(request.offer.slotId, call.deadline, () => performWrite(deps, new Move(deps, request), call))
  })
}

class Move implements WriteRequest {
  readonly operation = 'reschedule'
  readonly key: string | undefined
  readonly requestDigest: string
  readonly #deps: BookingDeps
  readonly #request: RescheduleRequest
  readonly #torn = new TornReadings()

  constructor(deps: BookingDeps, request: RescheduleRequest) {
    const { offer, caller } = request
    this.#deps = deps
    this.#request = request
    this.key = request.key
    this.requestDigest = requestDigest(
      'reschedule',
      request.appointmentId,
      caller.patient ?? '',
      offer.slotId,
      String(offer.start),
      offer.type.code,
      offer.modality,
      request.expectedVersion ?? '',
    )
  }

  queries(directory: Directory) {
    const { offer, caller, appointmentId } = this.#request
    return {
      appointment: existingQuery(this.#request, true),
      ...claimQueries(directory, directory.byFingerprint(offer.scheduleFingerprint), offerSpan(offer), this.#deps.mapping),
      ...patientQueries(caller.patient, appointmentId, offer.type.minDaysBetween),
    }
  }

  plan(reading: Reading, directory: Directory, extraSlots: readonly WindowSlot[]): Plan {
    const { offer, appointmentId } = this.#request
    const appointment = readExisting(reading, this.#request)
    if (isAt(appointment, offer)) return { kind: 'done', appointment }
    checkTransition(appointment, 'reschedule', this.#request, reading)
    const current = spanOf(appointment)
    if (current && current.start <= reading.now) throw policyRefused('past')
    if (visitTypeOf(appointment) !== offer.type.code) throw policyRefused('visit_type')
    if (isDirectoryStale(reading, directory, directory.byFingerprint(offer.scheduleFingerprint))) return { kind: 'stale-directory' }
    const window = readClaimWindow(reading, directory)
    const patient = patientOf(appointment) ?? ''
    if (this.#torn.isTorn(patientContradiction(reading, patient), runsOutMeanwhile(reading))) return { kind: 'torn-reading' }
    const set = claimOffer(window, offer, appointmentId)
    assertOfferAllowed(offer, set, window.now)
    const guard = this.#assertPatientFree(set, patient, reading)
    const moved = this.#moved(appointment, set)
    const key = `${appointmentId} ${appointment.meta?.versionId ?? ''} ${offer.slotId} ${offer.modality}`
    const known = uniqueById([...window.slots, ...slotsIn(reading), ...extraSlots])
    return commitPlan({ key, set, appointment: moved, appointmentId, leaving: appointment, guarded: { patient, guard } }, known)
  }

  /** @throws BookingError `policy_refused` when the patient's other visits forbid it */
  #assertPatientFree(set: ClaimSet, patient: string, reading: Reading): Basic | undefined {
    const { existing, guard } = readPatient(reading, patient)
    const wanted = { visit: set.visit, type: this.#request.offer.type, asHold: false, self: this.#request.appointmentId, existing }
    const policy = patientPolicy(wanted, this.#deps.mapping, reading.now)
    if (policy) throw policyRefused(policy)
    return guard
  }

  #moved(appointment: Appointment, set: ClaimSet): Appointment {
    const { offer } = this.#request
    const place = placeOf(set, this.#deps.mapping)
    const moved: Appointment = {
      ...withSlots(appointment, place.ownSlots, place.blockedSlots),
      start: place.start,
      end: place.end,
      minutesDuration: offer.type.minutes,
      participant: place.actors.map((actor) => ({ actor, required: 'required', status: 'accepted' })),
    }
    const patient = patientOf(appointment)
    return withModality(patient === undefined ? moved : withPatient(moved, patient), offer.modality)
  }
}

/** Whether the visit already stands at the offer: the move was made before, and asking again is a repetition. */
function isAt(appointment: Appointment, offer: SlotOffer): boolean {
  return (
    appointment.status === 'booked' &&
    spanOf(appointment)?.start === offer.start &&
    referencedId(appointment.slot?.[0], 'Slot') === offer.slotId &&
    modalityOf(appointment) === offer.modality
  )
}

function uniqueById(slots: readonly WindowSlot[]): WindowSlot[] {
  return [...new Map(slots.map((slot) => [slot.id, slot])).values()]
}

import type { Appointment, Basic } from 'fhir/r4.js'
import type { ClinicMapping } from '../clinic/mapping.ts'
import { appointmentIdFor } from '../fhir/appointment-id.ts'
import { appointmentIdOf, patientOf, visitTypeOf } from '../fhir/appointment.ts'
import { referencedId } from '../fhir/references.ts'
import type { ClaimSet } from '../scheduling/claim-set.ts'
import type { Directory } from '../scheduling/directory.ts'
import { patientPolicy } from '../scheduling/policies.ts'
import { stateOf } from '../scheduling/transitions.ts'
import { unexplainedClaims, type Window, type WindowSlot } from '../scheduling/window.ts'
import { withAlternatives } from './alternatives.ts'
import { assertNamedPatientExists, namedPatientQuery, type Caller } from './caller.ts'
import { assertOfferAllowed, claimOffer, commitPlan, newAppointment, offerSpan, policyRefused } from './claim-plan.ts'
import { confirmPlan } from './confirm-plan.ts'
import type { BookingDeps } from './deps.ts'
import { BookingError } from './errors.ts'
import { patientContradiction, patientQueries, readPatient } from './patient-queries.ts'
import { performWrite, requestDigest, type Plan, type WriteRequest, type WriteResult } from './perform-write.ts'
import type { Call, Queries, Reading } from './ports.ts'
import type { SlotOffer } from './slot-id.ts'
import { assertScheduleKnown } from './offer-schedules.ts'
import { runsOutMeanwhile, TornReadings } from './torn-readings.ts'
import { claimQueries, isDirectoryStale, readClaimWindow } from './window-queries.ts'

/** Claims an offered time: as a hold until it expires, or as a booking in one step. */
export interface ClaimRequest {
  readonly caller: Caller
  readonly offer: SlotOffer
  readonly key: string | undefined
}

/**
 * Holds an offered time until the clinic's hold TTL has passed.
 * @throws BookingError `slot_taken` with alternatives, `policy_refused`, `invalid_request` (a hold without patient needs a key), or what `performWrite` throws
 */
export async function holdSlot(deps: BookingDeps, request: ClaimRequest, call: Call): Promise<WriteResult> {
  if (request.caller.patient === undefined && request.key === undefined) {
    throw new BookingError(
      'invalid_request',
      'A hold without a patient needs an idempotency key, so that two patients never share a hold. Send Idempotency-Key, or patient_token.',
      { path: 'idempotency_key' },
    )
  }
  return claimTime(deps, request, 'hold', call)
}

/**
 * Books an offered time in one step; the patient's own live hold at that very offer is confirmed instead.
 * @throws BookingError as `holdSlot`, and `patient_required`
 */
export async function bookSlot(deps: BookingDeps, request: ClaimRequest, call: Call): Promise<WriteResult> {
  if (request.caller.patient === undefined) throw new BookingError('patient_required', 'A booking needs patient_token from POST /intake.')
  return claimTime(deps, request, 'book', call)
}

async function claimTime(deps: BookingDeps, request: ClaimRequest, operation: 'hold' | 'book', call: Call): Promise<WriteResult> {
  return withAlternatives(deps, request.offer, call, async () => {
    await assertScheduleKnown(deps, request.offer.scheduleFingerprint, call)
    return deps.turnstile.pass(request.offer.slotId, call.deadline, () =>
      performWrite(deps, new Claim(deps.mapping, request, operation), call),
    )
  })
}

class Claim implements WriteRequest {
  readonly operation: 'hold' | 'book'
  readonly key: string | undefined
  readonly requestDigest: string
  readonly #mapping: ClinicMapping
  readonly #request: ClaimRequest
  readonly #torn = new TornReadings()

  constructor(mapping: ClinicMapping, request: ClaimRequest, operation: 'hold' | 'book') {
    const { offer, caller } = request
    this.#mapping = mapping
    this.#request = request
    this.operation = operation
    this.key = request.key
    this.requestDigest = requestDigest(operation, offer.slotId, offer.type.code, offer.modality, String(offer.start), caller.patient ?? '')
  }

  queries(directory: Directory): Queries {
    const { offer, caller } = this.#request
    return {
      ...claimQueries(directory, directory.byFingerprint(offer.scheduleFingerprint), offerSpan(offer), this.#mapping),
      ...(caller.patient !== undefined && patientQueries(caller.patient, '', offer.type.minDaysBetween)),
      ...namedPatientQuery(caller),
    }
  }

  plan(reading: Reading, directory: Directory, extraSlots: readonly WindowSlot[]): Plan {
    const { offer, caller } = this.#request
    assertNamedPatientExists(reading, caller)
    if (isDirectoryStale(reading, directory, directory.byFingerprint(offer.scheduleFingerprint))) return { kind: 'stale-directory' }
    const window = readClaimWindow(reading, directory)
    if (this.#torn.isTorn(...this.#contradictions(reading, window))) return { kind: 'torn-reading' }
    const known = [...window.slots, ...extraSlots]
    const own = ownAtOffer(window, reading, this.#request)
    if (!own) return this.#claimPlan(reading, window, known)
    if (this.operation === 'hold' || stateOf(own, window.now) === 'booked') return { kind: 'done', appointment: own }
    const patient = patientOf(own) ?? ''
    const { guard } = readPatient(reading, patient)
    return confirmPlan({ appointment: own, type: offer.type, window, known, guarded: { patient, guard } })
  }

  /** What in a reading cannot have stood there at one moment. */
  #contradictions(reading: Reading, window: Window): (string | undefined)[] {
    const { patient } = this.#request.caller
    return [
      ...unexplainedClaims(window, offerSpan(this.#request.offer)).map((slot) => `claim ${slot.id} ${slot.resource.meta?.versionId ?? ''}`),
      patient === undefined ? undefined : patientContradiction(reading, patient),
      runsOutMeanwhile(reading),
      this.#madeWithoutReceipt(window),
    ]
  }

  /** The receipt was not there, but what this very request makes is: the other send of it came in between. */
  #madeWithoutReceipt(window: Window): string | undefined {
    const { offer, caller } = this.#request
    const target = window.slotsById.get(offer.slotId)
    if (this.key === undefined || !target) return undefined
    const id = appointmentIdFor({ clientId: caller.clientId, operation: this.operation, key: this.key }, offer.start, target.scheduleId)
    return window.visits.some((visit) => appointmentIdOf(visit.appointment) === id) ? `made ${id}` : undefined
  }

  #claimPlan(reading: Reading, window: Window, known: readonly WindowSlot[]): Plan {
    const { offer, caller } = this.#request
    const set = claimOffer(window, offer)
    assertOfferAllowed(offer, set, window.now)
    const guarded = this.#patientAllowed(set, reading)
    const key =
      this.key ??
      `${caller.patient ?? ''} ${offer.slotId} ${offer.type.code} ${offer.modality} ${set.own[0]?.resource.meta?.versionId ?? ''}`
    const appointmentId = appointmentIdFor({ clientId: caller.clientId, operation: this.operation, key }, offer.start, set.schedule.id)
    const until = this.operation === 'hold' ? window.now + this.#mapping.holds.ttlSeconds * 1000 : undefined
    const appointment = newAppointment(
      {
        appointmentId,
        clientId: caller.clientId,
        offer,
        set,
        now: window.now,
        ...(caller.patient !== undefined && { patient: caller.patient }),
        ...(until !== undefined && { holdExpires: until }),
      },
      this.#mapping,
    )
    return commitPlan({ key, set, appointment, appointmentId, ...guarded, ...(until !== undefined && { until }) }, known)
  }

  /** @throws BookingError `policy_refused` when the patient's other visits forbid it */
  #patientAllowed(set: ClaimSet, reading: Reading): { guarded?: { patient: string; guard: Basic | undefined } } {
    const { patient } = this.#request.caller
    if (patient === undefined) return {}
    const { existing, guard } = readPatient(reading, patient)
    const wanted = { visit: set.visit, type: this.#request.offer.type, asHold: this.operation === 'hold', existing }
    const policy = patientPolicy(wanted, this.#mapping, reading.now)
    if (policy) throw policyRefused(policy)
    return { guarded: { patient, guard } }
  }
}

/**
 * The patient's own live hold or visit at that very offer: asking for it again is a repetition, not a wish for a second one.
 * It is looked for in both lists: where the first request commits while this one reads, only one of them may have it.
 */
function ownAtOffer(window: Window, reading: Reading, request: ClaimRequest): Appointment | undefined {
  const { offer, caller } = request
  if (caller.patient === undefined) return undefined
  return [...window.visits.map((visit) => visit.appointment), ...readPatient(reading, caller.patient).existing].find(
    (appointment) =>
      appointmentIdOf(appointment) !== undefined &&
      patientOf(appointment) === caller.patient &&
      visitTypeOf(appointment) === offer.type.code &&
      referencedId(appointment.slot?.[0], 'Slot') === offer.slotId &&
      ['held', 'booked'].includes(stateOf(appointment, window.now)),
  )
}

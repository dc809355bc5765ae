import type { Appointment, Basic } from 'fhir/r4.js'
import type { ClinicMapping, VisitType } from '../clinic/mapping.ts'
import { readClaimHint } from '../fhir/appointment-id.ts'
import { patientOf, visitTypeOf, withPatient } from '../fhir/appointment.ts'
import type { Directory, ScheduleInfo } from '../scheduling/directory.ts'
import { MINUTE, type Interval } from '../scheduling/interval.ts'
import { patientPolicy } from '../scheduling/policies.ts'
import { spanOf, type WindowSlot } from '../scheduling/window.ts'
import { policyRefused } from './claim-plan.ts'
import { confirmPlan } from './confirm-plan.ts'
import { assertNamedPatientExists, namedPatientQuery } from './caller.ts'
import type { BookingDeps } from './deps.ts'
import { BookingError } from './errors.ts'
import { checkTransition, existingQuery, readExisting, type ExistingRequest } from './existing-appointment.ts'
import { expireHold } from './expire-holds.ts'
import { patientContradiction, patientQueries, readPatient } from './patient-queries.ts'
import { performWrite, requestDigest, type Plan, type WriteRequest, type WriteResult } from './perform-write.ts'
import type { Call, Reading } from './ports.ts'
import { TornReadings } from './torn-readings.ts'
import { claimQueries, isDirectoryStale, readClaimWindow } from './window-queries.ts'

/** Confirms a hold: `pending` becomes `booked`, its Slots `busy`. */
export interface ConfirmRequest extends ExistingRequest {
  readonly key: string | undefined
}

/**
 * Books the time of a live hold. The hold's id says where to look, so hold, Slots and visits around it come in one round trip.
 * @throws BookingError `not_found`, `hold_expired`, `invalid_transition`, `slot_taken`, `patient_required`, `policy_refused`, or what `performWrite` throws
 */
export async function confirmHold(deps: BookingDeps, request: ConfirmRequest, call: Call): Promise<WriteResult> {
  return deps.turnstile.pass(request.appointmentId, call.deadline, () => confirmOrEnd(deps, request, call))
}

/**
 * A hold that has run out is ended before its confirmation is refused. Otherwise the refusal would rest on the clock alone: an earlier send
 * of the same confirmation, whose answer was lost, could still arrive and book the time of a caller who was told that it is gone.
 * Where that send is faster, the hold is confirmed after all.
 */
async function confirmOrEnd(deps: BookingDeps, request: ConfirmRequest, call: Call): Promise<WriteResult> {
  const confirm = () => performWrite(deps, new Confirmation(deps.mapping, request), call)
  try {
    return await confirm()
  } catch (error) {
    if (!(error instanceof BookingError) || error.code !== 'hold_expired') throw error
    const expiry = await expireHold(deps, request.appointmentId, call).catch(() => undefined)
    if (expiry?.state === 'expired') throw error
    if (expiry) return confirm()
    throw new BookingError('ehr_unavailable', 'The hold has run out, but the EHR did not take its end. Nothing was confirmed; try again.', {
      retryAfterSeconds: 1,
    })
  }
}

class Confirmation implements WriteRequest {
  readonly operation = 'book'
  readonly key: string | undefined
  readonly requestDigest: string
  readonly #mapping: ClinicMapping
  readonly #request: ConfirmRequest
  #askedForDirectory = false
  readonly #torn = new TornReadings()

  constructor(mapping: ClinicMapping, request: ConfirmRequest) {
    this.#mapping = mapping
    this.#request = request
    this.key = request.key
    this.requestDigest = requestDigest('book', 'hold', request.appointmentId, request.caller.patient ?? '')
  }

  queries(directory: Directory) {
    const { caller, appointmentId } = this.#request
    const schedules = schedulesOf(directory, appointmentId)
    const hint = readClaimHint(appointmentId)
    const longestGap = Math.max(...this.#mapping.visitTypes.map((type) => type.minDaysBetween))
    return {
      appointment: existingQuery(this.#request, false),
      ...namedPatientQuery(caller),
      ...(hint && schedules.length > 0 && claimQueries(directory, schedules, longestVisit(hint.start, this.#mapping), this.#mapping)),
      ...patientQueries(caller.patient, appointmentId, longestGap),
    }
  }

  plan(reading: Reading, directory: Directory, extraSlots: readonly WindowSlot[]): Plan {
    const hold = readExisting(reading, this.#request)
    if (checkTransition(hold, 'confirm', this.#request, reading) === 'done') return { kind: 'done', appointment: hold }
    assertNamedPatientExists(reading, this.#request.caller)
    const schedules = schedulesOf(directory, this.#request.appointmentId)
    if (this.#needsDirectory(reading, directory, schedules)) return { kind: 'stale-directory' }
    const type = this.#typeOf(hold)
    const patient = patientOf(hold) ?? this.#request.caller.patient
    if (patient === undefined) {
      throw new BookingError('patient_required', 'The hold has no patient yet. Send patient_token from POST /intake.')
    }
    if (this.#torn.isTorn(patientContradiction(reading, patient))) return { kind: 'torn-reading' }
    const guard = this.#assertAllowed(hold, patient, type, reading)
    const window = readClaimWindow(reading, directory)
    const known = [...window.slots, ...extraSlots]
    const appointment = patientOf(hold) === undefined ? withPatient(hold, patient) : hold
    return confirmPlan({ appointment, type, window, known, guarded: { patient, guard } })
  }

  /** A hold on a Schedule that the directory does not know was made through another process a moment ago. */
  #needsDirectory(reading: Reading, directory: Directory, schedules: readonly ScheduleInfo[]): boolean {
    if (schedules.length > 0) return isDirectoryStale(reading, directory, schedules)
    const ask = !this.#askedForDirectory
    this.#askedForDirectory = true
    return ask
  }

  #typeOf(hold: Appointment): VisitType {
    const type = this.#mapping.visitTypes.find((candidate) => candidate.code === visitTypeOf(hold))
    if (!type) throw policyRefused('visit_type')
    return type
  }

  /** @throws BookingError `policy_refused` when the visit has begun, or the patient's other visits forbid it */
  #assertAllowed(hold: Appointment, patient: string, type: VisitType, reading: Reading): Basic | undefined {
    const visit = spanOf(hold)
    if (visit && visit.start <= reading.now) throw policyRefused('past')
    const { existing, guard } = readPatient(reading, patient)
    const wanted = visit && { visit, type, asHold: false, self: this.#request.appointmentId, existing }
    const policy = wanted && patientPolicy(wanted, this.#mapping, reading.now)
    if (policy) throw policyRefused(policy)
    return guard
  }
}

function schedulesOf(directory: Directory, appointmentId: string): readonly ScheduleInfo[] {
  const hint = readClaimHint(appointmentId)
  return hint ? directory.byFingerprint(hint.scheduleFingerprint) : []
}

/** The time around a start that a visit of any type may claim: the hold's own type is known only after reading. */
function longestVisit(start: number, mapping: ClinicMapping): Interval {
  const before = Math.max(...mapping.visitTypes.map((type) => type.bufferBeforeMinutes))
  const after = Math.max(...mapping.visitTypes.map((type) => type.minutes + type.bufferAfterMinutes))
  return { start: start - before * MINUTE, end: start + (after + 1) * MINUTE }
}

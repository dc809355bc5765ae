import { appointmentIdOf, holdExpiresOf } from '../fhir/appointment.ts'
import { formatUtc } from '../fhir/instant.ts'
import { token, type SearchParam } from '../fhir/query.ts'
import { APPOINTMENT_ID_SYSTEM } from '../fhir/vocabulary.ts'
import { stateOf, type AppointmentState } from '../scheduling/transitions.ts'
import { isExpiredHold } from '../scheduling/window.ts'
import { holdEnd } from '../scheduling/write.ts'
import { endPlan, slotsIn } from './cancel-appointment.ts'
import type { BookingDeps } from './deps.ts'
import { BookingError, notFound } from './errors.ts'
import { appointmentQuery, ofType, search } from './window-queries.ts'
import { performWrite, requestDigest, type WriteRequest } from './perform-write.ts'
import type { Call } from './ports.ts'

/** How many expired holds one sweep ends at most; the rest comes with the next one. */
const BATCH = 200

/** What became of one hold. */
export interface Expiry {
  /** How it stands now; `undefined` when it is gone from the EHR. */
  readonly state: AppointmentState | undefined
  /** Whether this call ended it; not when somebody confirmed, released or took it over before. */
  readonly ended: boolean
  /** By the EHR's clock: how long after its expiry it was ended, or how long it still lives (negative), in milliseconds. */
  readonly lateMs: number
}

/**
 * Ends the holds that have run out by the EHR's clock and frees their Slots. Expiry does not depend on it (an expired
 * claim counts as free everywhere), but the front desk should see free time as free.
 * @param callFor makes the call for one write: each has its own deadline
 * @returns those that were ended; one that somebody confirmed, released or took over in the same moment is left out
 */
export async function expireHolds(deps: BookingDeps, callFor: () => Call): Promise<Expiry[]> {
  const since = formatUtc(Date.now() - 24 * 60 * 60_000)
  // Only the gateway's own: a clinic may have any number of pending visits that wait for staff.
  const own: SearchParam = ['identifier', token(APPOINTMENT_ID_SYSTEM, '')]
  const reading = await deps.ehr.batch(
    { pending: search('Appointment', ['status', 'pending'], own, ['date', `ge${since}`], ['_sort', '_lastUpdated']) },
    callFor(),
    BATCH,
  )
  const expired = ofType(reading.all('pending'), 'Appointment').filter((appointment) => isExpiredHold(appointment, reading.now))
  const ended: Expiry[] = []
  for (const id of expired.map(appointmentIdOf).filter((value) => value !== undefined)) {
    // One that is gone or cannot be written now must not keep the others: the next sweep sees it again.
    const expiry = await expireHold(deps, id, callFor()).catch(() => undefined)
    if (expiry?.ended === true) ended.push(expiry)
  }
  return ended
}

/**
 * Ends one hold if it has run out by the EHR's clock.
 * @throws BookingError what `performWrite` throws; a hold that is gone from the EHR is no error
 */
export async function expireHold(deps: BookingDeps, appointmentId: string, call: Call): Promise<Expiry> {
  try {
    const { appointment, now, replayed } = await performWrite(deps, expiryOf(appointmentId), call)
    const ended = appointment.status === 'cancelled' && !replayed
    // What was confirmed or ended by somebody else has no expiry to come any more.
    const expires = appointment.status === 'pending' || ended ? holdExpiresOf(appointment) : undefined
    return { state: stateOf(appointment, now), ended, lateMs: now - (expires ?? now) }
  } catch (error) {
    if (error instanceof BookingError && error.code === 'not_found') return { state: undefined, ended: false, lateMs: 0 }
    throw error
  }
}

function expiryOf(appointmentId: string): WriteRequest {
  return {
    operation: 'expire',
    key: undefined,
    requestDigest: requestDigest('expire', appointmentId),
    queries: () => ({ appointment: appointmentQuery(appointmentId, true) }),
    plan: (reading, _directory, extraSlots) => {
      const [appointment] = ofType(reading.all('appointment'), 'Appointment')
      if (!appointment) throw notFound('hold')
      if (!isExpiredHold(appointment, reading.now)) return { kind: 'done', appointment }
      return endPlan(appointment, appointmentId, holdEnd('expired'), [...slotsIn(reading), ...extraSlots])
    },
  }
}

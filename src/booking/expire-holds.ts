import { appointmentIdOf } from '../fhir/appointment.ts'
import { formatUtc } from '../fhir/instant.ts'
import { token, type SearchParam } from '../fhir/query.ts'
import { APPOINTMENT_ID_SYSTEM } from '../fhir/vocabulary.ts'
import { isExpiredHold } from '../scheduling/window.ts'
import { holdEnd } from '../scheduling/write.ts'
import { endPlan, slotsIn } from './cancel-appointment.ts'
import type { BookingDeps } from './deps.ts'
import { notFound } from './errors.ts'
import { appointmentQuery, ofType, search } from './window-queries.ts'
import { performWrite, requestDigest, type WriteResult } from './perform-write.ts'
import type { Call } from './ports.ts'

/** How many expired holds one sweep ends at most; the rest comes with the next one. */
const BATCH = 200

/**
 * Ends the holds that have run out by the EHR's clock and frees their Slots. Expiry does not depend on it (an expired
 * claim counts as free everywhere), but the front desk should see free time as free.
 * @param callFor makes the call for one write: each has its own deadline
 * @returns how many were ended; one that somebody confirmed, released or took over in the same moment does not count
 */
export async function expireHolds(deps: BookingDeps, callFor: () => Call): Promise<number> {
  const since = formatUtc(Date.now() - 24 * 60 * 60_000)
  // Only the gateway's own: a clinic may have any number of pending visits that wait for staff.
  const own: SearchParam = ['identifier', token(APPOINTMENT_ID_SYSTEM, '')]
  const reading = await deps.ehr.batch(
    { pending: search('Appointment', ['status', 'pending'], own, ['date', `ge${since}`], ['_sort', '_lastUpdated']) },
    callFor(),
    BATCH,
  )
  const expired = ofType(reading.all('pending'), 'Appointment').filter((appointment) => isExpiredHold(appointment, reading.now))
  let ended = 0
  for (const id of expired.map(appointmentIdOf).filter((value) => value !== undefined)) {
    // One that is gone or cannot be written now must not keep the others: the next sweep sees it again.
    const result = await expireHold(deps, id, callFor()).catch(() => undefined)
    if (result?.appointment.status === 'cancelled' && !result.replayed) ended++
  }
  return ended
}

/**
 * Ends one hold that has run out by the EHR's clock; one that has not, or is none any more, is left as it is.
 * @throws BookingError `not_found`, or what `performWrite` throws
 */
export async function expireHold(deps: BookingDeps, appointmentId: string, call: Call): Promise<WriteResult> {
  return performWrite(
    deps,
    {
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
    },
    call,
  )
}

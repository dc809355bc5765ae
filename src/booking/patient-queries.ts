import type { Appointment, Basic } from 'fhir/r4.js'
import { appointmentIdOf } from '../fhir/appointment.ts'
import { formatUtc, parseInstant, type EpochMs } from '../fhir/instant.ts'
import { guardId } from '../fhir/patient-guard.ts'
import { token, type EhrQuery } from '../fhir/query.ts'
import { APPOINTMENT_ID_SYSTEM } from '../fhir/vocabulary.ts'
import { DAY } from '../scheduling/interval.ts'
import type { Queries, Reading } from './ports.ts'
import { liveStatuses, ofType, search } from './window-queries.ts'

/** The patient's live Appointments from the given moment on, soonest first. */
export function patientVisitsQuery(patient: string, from: EpochMs): EhrQuery {
  return search('Appointment', ['patient', patient], ['date', `ge${formatUtc(from)}`], liveStatuses(), ['_sort', 'date'])
}

/**
 * Everything that the clinic's rules about a patient depend on: his other visits, and his guard. Where the caller does not name
 * him, he is found as the patient of the Appointment. That chain is typed (`patient`, not `actor`): HAPI runs for minutes on
 * the untyped one.
 * @param minDaysBetween how far back his visits matter, by this machine's clock: it only has to reach back far enough
 */
export function patientQueries(patient: string | undefined, appointmentId: string, minDaysBetween: number): Queries {
  const from = Date.now() - Math.max(1, minDaysBetween) * DAY
  if (patient !== undefined) {
    return { patientVisits: patientVisitsQuery(patient, from), guard: { kind: 'read', type: 'Basic', id: guardId(patient) } }
  }
  const ofThisVisit = ['patient._has:Appointment:patient:identifier', token(APPOINTMENT_ID_SYSTEM, appointmentId)] as const
  return {
    patientVisits: search('Appointment', ofThisVisit, ['date', `ge${formatUtc(from)}`], liveStatuses()),
    guard: search('Basic', ofThisVisit),
  }
}

/** What `patientQueries` found. */
export function readPatient(reading: Reading, patient: string): { existing: readonly Appointment[]; guard: Basic | undefined } {
  const guard = ofType(reading.all('guard'), 'Basic').find((basic) => basic.id === guardId(patient))
  return { existing: ofType(reading.all('patientVisits'), 'Appointment'), guard }
}

/** A guard older than this was committed before anything that is read now, in milliseconds by the EHR's clock. */
const SETTLED_AFTER_MS = 10_000

/**
 * Names the guard's version where it was set a moment ago by a visit that is not among those read, or stands there as it was before: then
 * the visits may be older than the guard, and `If-Match` on the guard would not notice what is missing. The queries of a batch are no
 * snapshot.
 */
export function patientContradiction(reading: Reading, patient: string): string | undefined {
  const { existing, guard } = readPatient(reading, patient)
  const setAt = parseInstant(guard?.meta?.lastUpdated)
  if (setAt === undefined || setAt < reading.now - SETTLED_AFTER_MS) return undefined
  const [setBy, version] = guard?.identifier?.[0]?.value?.split('/') ?? []
  const isSeen = existing.some(
    (appointment) => appointmentIdOf(appointment) === setBy && Number(appointment.meta?.versionId) >= Number(version),
  )
  return isSeen ? undefined : `guard ${guard?.meta?.versionId ?? ''}`
}

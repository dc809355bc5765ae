import type { Basic } from 'fhir/r4.js'
import { digestOf, toBase32 } from './ids.ts'
import { PATIENT_GUARD_SYSTEM } from './vocabulary.ts'

/**
 * A small resource per patient whose version rises with every hold, booking and move for him. It makes two parallel
 * requests for one patient meet although they want different Slots, so that the rules about his other visits hold in a race.
 */
export function guardId(patient: string): string {
  return `guard-${toBase32(digestOf('patient-guard', patient).subarray(0, 20))}`
}

/** The guard after a write; `previous` is what was read, `undefined` for a patient who never had one. */
export function buildGuard(patient: string, setBy: { appointmentId: string; version: string }, previous: Basic | undefined): Basic {
  return {
    ...(previous?.meta && { meta: previous.meta }),
    resourceType: 'Basic',
    id: guardId(patient),
    code: { coding: [{ system: PATIENT_GUARD_SYSTEM, code: 'patient-guard' }] },
    subject: { reference: patient },
    // The content has to differ with every write: HAPI does not raise the version of an unchanged resource.
    identifier: [{ system: PATIENT_GUARD_SYSTEM, value: `${setBy.appointmentId}/${setBy.version}` }],
  }
}

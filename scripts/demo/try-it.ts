import { say } from '../stack/console.ts'
import type { Visitor } from './cast.ts'

/** Prints calls to try while the gateway keeps running, as a patient who has no part in the story. */
export function printTryIt(baseUrl: string, { mrn, birthDate }: Visitor): void {
  say(`
The gateway keeps running on ${baseUrl} until Ctrl-C. Try (with an sh shell):

  fsg() { curl -sS -H 'Authorization: Bearer dev-key' -H 'Content-Type: application/json' "$@"; echo; }

  # who is it? gives patient_token
  fsg ${baseUrl}/intake -d '{"type": "follow-up", "patient": {"mrn": "${mrn}", "birth_date": "${birthDate}"}}'
  # free times; each has a slot_id
  fsg '${baseUrl}/availability?type=follow-up&limit=3'
  # hold one, then book it
  fsg ${baseUrl}/holds -d '{"slot_id": "SLOT_ID", "patient_token": "TOKEN"}'
  fsg ${baseUrl}/appointments -d '{"hold_id": "HOLD_ID", "patient_token": "TOKEN"}'
  # move it, cancel it
  fsg ${baseUrl}/appointments/APPOINTMENT_ID/reschedule -d '{"slot_id": "SLOT_ID", "patient_token": "TOKEN"}'
  fsg ${baseUrl}/appointments/APPOINTMENT_ID/cancel -d '{"patient_token": "TOKEN"}'

  All calls: ${baseUrl}/docs`)
}

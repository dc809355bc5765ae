import { localWords } from '../calendar/words.ts'
import { BookingError } from '../booking/errors.ts'
import type { EscalationReason } from '../clinic/escalation.ts'
import type { ClinicMapping } from '../clinic/mapping.ts'
import type { EpochMs } from '../fhir/instant.ts'

/** The clinic's reason with the code. @throws BookingError `invalid_request` that lists the codes */
export function reasonNamed(mapping: ClinicMapping, code: string): EscalationReason {
  const { reasons } = mapping.escalation
  const reason = reasons.find((candidate) => candidate.code === code)
  if (reason) return reason
  throw new BookingError('invalid_request', `Unknown reason. Use one of: ${reasons.map((known) => known.code).join(', ')}.`, {
    path: 'reason',
  })
}

/** What to tell the patient about an escalation that stands. */
export function tellPatient(mapping: ClinicMapping, reason: EscalationReason, due: EpochMs, open: boolean): string {
  const { phone, timeZone } = mapping.clinic
  if (!open) return `The staff have already dealt with that. If anything is still open, please call them at ${phone}.`
  // A function as replacement: a phone may contain what `replace` would take for a pattern.
  return reason.tellPatient.replace(/\{(due|phone)\}/g, (_placeholder, name: string) =>
    name === 'due' ? localWords(due, timeZone) : phone,
  )
}

/** What to tell the patient while it is kept, because the EHR does not answer. */
export function tellKept(mapping: ClinicMapping): string {
  return `I have noted that, and the clinic will be told as soon as its system answers. If it cannot wait, please call ${mapping.clinic.phone}.`
}

/** What to tell the patient when nobody could be told. */
export function tellLost(mapping: ClinicMapping): string {
  return `I cannot reach the staff right now. Please call them at ${mapping.clinic.phone}.`
}

import { BUILT_IN_REASONS, type BuiltInReason } from '../clinic/built-in-reasons.ts'
import type { ClinicMapping } from '../clinic/mapping.ts'

/** Of the gateway's own reasons for calling in staff those that a patient may wish for; the others tell of what went wrong. */
const WISHES: readonly BuiltInReason[] = ['exception_requested', 'other']

/** What the builder of a chatbot knows about the clinic anyway: no secret, nothing about patients. */
export function clinicFacts({ clinic, visitTypes, cancelReasons, holds, escalation }: ClinicMapping) {
  const internal = new Set<string>(BUILT_IN_REASONS.map(({ code }) => code).filter((code) => !WISHES.includes(code)))
  return {
    name: clinic.name,
    phone: clinic.phone,
    timezone: clinic.timeZone,
    hold_seconds: holds.ttlSeconds,
    visit_types: visitTypes.map(({ code, title, minutes, modalities }) => ({ code, title, minutes, modalities })),
    cancel_reasons: cancelReasons.map(({ code, title }) => ({ code, title })),
    staff_reasons: escalation.reasons.filter(({ code }) => !internal.has(code)).map(({ code, title }) => ({ code, title })),
  }
}

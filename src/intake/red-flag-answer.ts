import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from '../booking/ports.ts'
import { escalateRedFlag, type Told, type TriggerDeps } from '../escalation/triggers.ts'
import type { IntakeAnswer } from './intake-request.ts'
import type { PatientClaims } from './identity-values.ts'
import type { RedFlag } from './red-flags.ts'

/** An emergency waits for the EHR no longer than this, in milliseconds; telling staff goes on beside. */
const TELL_WITHIN_MS = 1_500
/** How long telling staff may take altogether, in milliseconds. */
const ESCALATE_WITHIN_MS = 4_000
/** Of which the look-up who it is, in milliseconds. */
const LOOK_WITHIN_MS = 1_200

/** Who it is, where the details given tell it. May fail. */
export type LookUp = (call: Call) => Promise<string | undefined>

/**
 * The answer to a red flag. What to do comes first and in any case, also with the EHR or Redis down; that staff are told, with the patient
 * where known, is tried for a moment and then goes on beside.
 */
export async function answerRedFlag(
  deps: TriggerDeps,
  flag: RedFlag,
  from: { readonly claims: PatientClaims; readonly conversation: string | undefined },
  call: Call,
  lookUp: LookUp,
): Promise<IntakeAnswer> {
  const beside = (ms: number): Call => ({ ...call, deadline: performance.now() + ms, roundTrips: 0 })
  const tell = async (): Promise<Told | undefined> => {
    const patient = await lookUp(beside(LOOK_WITHIN_MS)).catch(() => undefined)
    const { ruleId, priority } = flag
    return escalateRedFlag(deps, { ruleId, priority, patient, of: subjectOf(from, call) }, beside(ESCALATE_WITHIN_MS))
  }
  const told = await Promise.race([tell().catch(() => undefined), sleep(TELL_WITHIN_MS, undefined, { ref: false })])
  return {
    outcome: 'urgent',
    ...(told && { escalation_id: told.escalationId }),
    ...(flag.call.length > 0 && { call: [...flag.call] }),
    language: flag.language,
    message: flag.instruction,
    next_actions: ['call_emergency'],
  }
}

/** Two people with one emergency must not become one Task. */
function subjectOf(
  from: { readonly claims: PatientClaims; readonly conversation: string | undefined },
  call: Call,
): Readonly<Record<string, string | undefined>> {
  if (Object.values(from.claims).some((value) => value !== undefined)) return { ...from.claims }
  return from.conversation === undefined ? { request: call.requestId } : { conversation: from.conversation }
}

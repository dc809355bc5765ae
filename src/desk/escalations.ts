import { BookingError } from '../booking/errors.ts'
import type { Caller } from '../booking/caller.ts'
import type { NextAction } from '../booking/messages.ts'
import { localWords } from '../calendar/words.ts'
import type { Escalation } from '../escalation/escalate.ts'
import { escalateForCaller } from '../escalation/escalate-or-keep.ts'
import { clinicDay, escalationKey } from '../escalation/keys.ts'
import { formatInstant } from '../fhir/instant.ts'
import { callerOf, type Asking } from './asking.ts'
import type { Gateway } from './gateway.ts'

/** What is to be put in front of a person. */
export interface EscalationWish {
  /** Code of one of the clinic's reasons. */
  readonly reason: string
  readonly appointmentId?: string | undefined
}

/** Put in front of a person. */
export type Shown = ReturnType<typeof show>
/** Kept until the EHR answers. */
export interface Kept {
  readonly escalation_id: string
  readonly state: 'pending'
  readonly message: string
  readonly next_actions: NextAction[]
}

/**
 * Puts it in front of a person.
 * @throws BookingError `invalid_request` when it is about nobody, `not_found`, `ehr_rejected`, `ehr_unavailable` where nobody could keep it
 */
export async function escalateWish(gateway: Gateway, asking: Asking, wish: EscalationWish): Promise<Shown | Kept> {
  const { escalation: deps } = gateway
  const { call, key } = asking
  const zone = deps.mapping.clinic.timeZone
  const caller = await callerOf(asking, gateway.patientTokens)
  const placed = await escalateForCaller(
    deps,
    {
      reason: wish.reason,
      clientId: call.clientId,
      requestId: call.requestId,
      ...(wish.appointmentId !== undefined && { appointmentId: wish.appointmentId }),
      ...(caller.patient !== undefined && { patient: caller.patient }),
      trail: [{ code: 'asked_for', at: Date.now() }],
      key: keyOf(caller, { ...wish, key }, zone),
      caller,
    },
    call,
  )
  if (placed.kind === 'stands') return show(placed.escalation, zone)
  const { escalationId, message } = placed
  if (placed.kind === 'lost') throw unreachable(message)
  return { escalation_id: escalationId, state: 'pending', message, next_actions: ['repeat_request', 'contact_staff'] }
}

/**
 * What names the request: the caller's key, or what it is about, once a day.
 * @throws BookingError `invalid_request` when it is about nobody: two patients must never share an escalation
 */
function keyOf(caller: Caller, wish: EscalationWish & { key: string | undefined }, zone: string): string {
  const { clientId, patient } = caller
  if (wish.key !== undefined) return escalationKey('key', clientId, wish.key)
  if (patient === undefined && wish.appointmentId === undefined) {
    throw new BookingError(
      'invalid_request',
      'An escalation without patient and visit needs an idempotency key, so that two patients never share one. Send Idempotency-Key, or patient_token.',
      { path: 'idempotency_key' },
    )
  }
  return escalationKey('wish', clientId, patient ?? '', wish.reason, wish.appointmentId ?? '', clinicDay(Date.now(), zone))
}

function show(escalation: Escalation, zone: string) {
  const { escalationId, reason, due, open, replayed, message } = escalation
  return {
    escalation_id: escalationId,
    reason: reason.code,
    state: open ? ('requested' as const) : ('closed' as const),
    priority: reason.priority,
    channel: reason.channel,
    due: formatInstant(due, zone),
    timezone: zone,
    local_due: localWords(due, zone),
    replayed,
    message,
    next_actions: (open ? [] : ['contact_staff']) satisfies NextAction[],
  }
}

/** Neither the EHR nor the backlog has it for certain. */
function unreachable(spoken: string): BookingError {
  return new BookingError(
    'ehr_unavailable',
    'The EHR does not answer, and the escalation could not be kept. Repeating the request is safe.',
    {
      retryAfterSeconds: 5,
      spoken,
    },
  )
}

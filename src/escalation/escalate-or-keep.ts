import { BookingError, OutcomeUnknown } from '../booking/errors.ts'
import type { Call } from '../booking/ports.ts'
import { escalationId } from '../fhir/ids.ts'
import { escalate, type Escalation } from './escalate.ts'
import type { EscalationDeps, EscalationRequest } from './ports.ts'
import { tellKept, tellLost } from './reasons.ts'

/** Where an escalation is now. */
export type Placement =
  | { readonly kind: 'stands'; readonly escalation: Escalation }
  /** The backlog has it: it will stand as soon as the EHR takes it. */
  | { readonly kind: 'kept'; readonly escalationId: string; readonly message: string }
  /** Nobody has it, or nobody knows: sending it again is safe. */
  | { readonly kind: 'lost'; readonly escalationId: string; readonly message: string }

/** Errors after which another attempt may succeed. */
const PASSING: readonly string[] = ['ehr_unavailable', 'contention']

/**
 * Escalates what the gateway itself noticed. Never throws: what the EHR does not take now, for whatever reason, goes to the backlog.
 */
export async function escalateOrKeep(deps: EscalationDeps, request: EscalationRequest, call: Call): Promise<Placement> {
  try {
    return { kind: 'stands', escalation: await escalate(deps, request, call) }
  } catch {
    return keep(deps, request)
  }
}

/**
 * Escalates what a caller asks for; it goes to the backlog only where another attempt may succeed.
 * @throws BookingError what is wrong with the request, and `ehr_rejected`
 */
export async function escalateForCaller(deps: EscalationDeps, request: EscalationRequest, call: Call): Promise<Placement> {
  try {
    return { kind: 'stands', escalation: await escalate(deps, request, call) }
  } catch (error) {
    const passing = error instanceof OutcomeUnknown || (error instanceof BookingError && PASSING.includes(error.code))
    if (!passing) throw error
    return keep(deps, request)
  }
}

/**
 * Delivers what the backlog has kept: for its worker. It was promised, so it is made in any case: without a visit or a patient
 * that the caller may not have, or that is not there, and for `other` where the mapping has lost the reason since.
 * @throws BookingError | OutcomeUnknown while the EHR does not take it: deliver it again later
 */
export async function deliverKept(deps: EscalationDeps, kept: EscalationRequest, call: Call): Promise<Escalation> {
  const known = deps.mapping.escalation.reasons.some((reason) => reason.code === kept.reason)
  const request = known ? kept : { ...kept, reason: 'other' }
  try {
    return await escalate(deps, request, call)
  } catch (error) {
    const refused = error instanceof BookingError && (error.code === 'not_found' || error.code === 'invalid_request')
    if (!refused || !request.caller) throw error
    const { caller: _caller, appointmentId: _appointmentId, patient, ...bare } = request
    const verified = error.code === 'not_found' && patient !== undefined && { patient }
    return escalate(deps, { ...bare, ...verified, trail: [...request.trail, { code: 'subject_not_found', at: Date.now() }] }, call)
  }
}

async function keep(deps: EscalationDeps, request: EscalationRequest): Promise<Placement> {
  const kept = await deps.backlog.keep(request).catch(() => false)
  deps.observe(request.reason, kept ? 'kept' : 'lost')
  const message = kept ? tellKept(deps.mapping) : tellLost(deps.mapping)
  return { kind: kept ? 'kept' : 'lost', escalationId: escalationId(request.key), message }
}

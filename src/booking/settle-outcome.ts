import type { AuditEvent, Bundle } from 'fhir/r4.js'
import { buildAuditEvent, readReceipt } from '../fhir/audit-event.ts'
import { operationKey } from '../escalation/keys.ts'
import { escalationId } from '../fhir/ids.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { token, type EhrQuery } from '../fhir/query.ts'
import { ESCALATION_ID_SYSTEM } from '../fhir/vocabulary.ts'
import { receiptOnly } from '../scheduling/write.ts'
import type { BookingDeps } from './deps.ts'
import type { Call } from './ports.ts'
import { ofType } from './window-queries.ts'

/** What became of a write whose outcome was not known. */
export type OperationState =
  | { readonly state: 'pending' }
  | { readonly state: 'succeeded'; readonly appointmentId: string }
  | { readonly state: 'failed' }
  /** A person has it. */
  | { readonly state: 'escalated' }

/** A send that is still under way gets this long, in milliseconds, before it is fenced off. */
const GRACE_MS = 30_000

/** A write that is to be settled. */
export interface OpenOperation {
  readonly receiptId: string
  readonly since: EpochMs
  /** For a change that was accepted for later: it may still be made this long after `since`, in milliseconds. */
  readonly waitsMs?: number
}

/**
 * Settles an unknown outcome by the receipt: where it stands, the write took effect. Where it does not stand after the grace
 * time, the receipt's id is taken by a fence (create-only like the receipt itself), so that the late send can never take
 * effect any more and `failed` is true for good.
 * @throws BookingError `ehr_unavailable`
 */
export async function settleOutcome(
  deps: BookingDeps,
  operation: OpenOperation,
  call: Call,
): Promise<OperationState> {
  const found = await readState(deps, operation.receiptId, call)
  if (found.state) return found.state
  if (found.now - operation.since < GRACE_MS + (operation.waitsMs ?? 0)) return { state: 'pending' }
  return abandon(deps, operation.receiptId, call)
}

/**
 * Takes a receipt's id for good, unless the write has landed before.
 * @returns `pending` where nobody can tell yet
 * @throws BookingError `ehr_unavailable`
 */
export async function abandon(deps: BookingDeps, receiptId: string, call: Call): Promise<OperationState> {
  deps.writes.assertOpen()
  const outcome = await deps.ehr.commit(fence(receiptId, Date.now(), call), call)
  if (outcome.kind === 'committed') return { state: 'failed' }
  const again = await readState(deps, receiptId, call)
  return again.state ?? { state: 'pending' }
}

/** The transaction that takes a receipt's id for good: a send that is still on its way can no longer take effect. */
export function fence(receiptId: string, now: EpochMs, call: Call): Bundle {
  const { clientId, requestId } = call
  const event = buildAuditEvent({ action: 'denied', recorded: now, clientId, requestId, outcome: 'abandoned' })
  return receiptOnly({ ...event, id: receiptId })
}

async function readState(deps: BookingDeps, id: string, call: Call): Promise<{ state: OperationState | undefined; now: EpochMs }> {
  const task: EhrQuery = {
    kind: 'search',
    type: 'Task',
    params: [['identifier', token(ESCALATION_ID_SYSTEM, escalationId(operationKey(id)))]],
  }
  const reading = await deps.ehr.batch({ receipt: { kind: 'read', type: 'AuditEvent', id }, task }, call)
  const [event] = ofType(reading.all('receipt'), 'AuditEvent')
  return { state: stateOf(event, reading.all('task').length > 0), now: reading.now }
}

/** What took effect did so whatever else stands; a fence alone means that it never will. */
function stateOf(event: AuditEvent | undefined, hasTask: boolean): OperationState | undefined {
  const receipt = event && readReceipt(event)
  if (receipt) return { state: 'succeeded', appointmentId: receipt.appointmentId }
  if (hasTask) return { state: 'escalated' }
  return event && { state: 'failed' }
}

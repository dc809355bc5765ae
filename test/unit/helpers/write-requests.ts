import type { Appointment, AuditEvent } from 'fhir/r4.js'
import { performWrite, type Plan, type WriteRequest, type WriteResult } from '../../../src/booking/perform-write.ts'
import type { CommitOutcome } from '../../../src/booking/ports.ts'
import { buildAuditEvent } from '../../../src/fhir/audit-event.ts'
import { receiptId } from '../../../src/fhir/ids.ts'
import { NEW_APPOINTMENT } from '../../../src/scheduling/write.ts'
import { gatewayVisit, NOW } from './day.ts'
import { callWithin, depsWith, type ScriptedEhr } from './scripted-ehr.ts'

export const CONFLICT: CommitOutcome = { kind: 'conflict' }
export const UNKNOWN: CommitOutcome = { kind: 'unknown' }
export const COMMITTED: CommitOutcome = { kind: 'committed', versions: new Map([[NEW_APPOINTMENT, { id: 'a1', version: '1' }]]) }

/** The Appointment that the request makes, and as it stands in the EHR afterwards. */
const { id: _id, meta: _meta, ...fresh } = gatewayVisit('ap-1')
export const FRESH: Appointment = fresh
export const STORED: Appointment = { ...fresh, id: 'a1', meta: { versionId: '4' } }

export const COMMIT: Extract<Plan, { kind: 'commit' }> = { kind: 'commit', key: 'derived', appointment: FRESH, slots: [], ended: [] }

/** The receipt id of the request with the caller's key `k` (`key k`), or of one without (`auto derived`). */
export const idOf = (key: string) => receiptId({ clientId: 'chatbot', operation: 'book', key })

/** A receipt of the request as the EHR has it. */
export function receipt(digest = 'digest'): AuditEvent {
  const appointment = { appointmentId: 'ap-1', reference: 'Appointment/a1', version: '1', requestDigest: digest }
  return {
    ...buildAuditEvent({ action: 'book', recorded: NOW, clientId: 'chatbot', requestId: 'earlier', appointment }),
    id: idOf('key k'),
  }
}

/** What stands in place of a receipt that was fenced off. */
export function fenceEvent(): AuditEvent {
  return buildAuditEvent({ action: 'denied', recorded: NOW, clientId: 'chatbot', requestId: 'earlier', outcome: 'abandoned' })
}

/** Performs a write whose plans come one after the other, the last one again and again; a function plans by what it is given. */
export function perform(
  ehr: ScriptedEhr,
  plans: Plan | readonly (Plan | WriteRequest['plan'])[] = COMMIT,
  options: { key?: string | undefined; milliseconds?: number; deps?: ReturnType<typeof depsWith> } = {},
): Promise<WriteResult> {
  const list = Array.isArray(plans) ? [...(plans as readonly (Plan | WriteRequest['plan'])[])] : [plans as Plan]
  const request: WriteRequest = {
    operation: 'book',
    key: 'key' in options ? options.key : 'k',
    requestDigest: 'digest',
    queries: () => ({ slots: { kind: 'search', type: 'Slot', params: [['schedule', 'Schedule/s']] } }),
    plan: (...given) => {
      const next = list.length > 1 ? list.shift()! : list[0]!
      return typeof next === 'function' ? next(...given) : next
    },
  }
  return performWrite(options.deps ?? depsWith(ehr), request, callWithin(options.milliseconds))
}

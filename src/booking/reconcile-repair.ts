import { nextVersion, patientOf } from '../fhir/appointment.ts'
import { buildAuditEvent } from '../fhir/audit-event.ts'
import { receiptId } from '../fhir/ids.ts'
import type { EpochMs } from '../fhir/instant.ts'
import type { Repair } from '../scheduling/finding.ts'
import { transactionOf } from '../scheduling/write.ts'
import { versionMark } from './gathering.ts'
import type { PacedEhr } from './paced-ehr.ts'
import { requestDigest } from './perform-write.ts'
import type { Call } from './ports.ts'

/** What became of a repair. `later`: somebody was faster, or nobody knows; the next pass sees. `refused`: the EHR does not take it. */
export type RepairOutcome = { readonly kind: 'done'; readonly version: string } | { readonly kind: 'later' | 'refused' }

/**
 * Commits one repair: every resource with `If-Match`, and a receipt that can be created once only, so that of two workers one does
 * it. Never tried twice: whatever stands in the way has changed what was found.
 */
export async function commitRepair(ehr: PacedEhr, repair: Repair, now: EpochMs): Promise<RepairOutcome> {
  const call = ehr.newCall()
  const { slots, appointment } = repair
  const receipt = receiptOf(repair, now, call)
  const outcome = await ehr.commit(transactionOf({ slots, ended: [], receipt, ...(appointment && { appointment }) }), call)
  if (outcome.kind === 'rejected') return { kind: 'refused' }
  if (outcome.kind !== 'committed') return { kind: 'later' }
  return { kind: 'done', version: outcome.versions.get(`Appointment/${appointment?.id ?? ''}`)?.version ?? '' }
}

function receiptOf(repair: Repair, now: EpochMs, call: Call) {
  const { appointment, appointmentId, slots, kind } = repair
  const patient = appointment && patientOf(appointment)
  const marks = [...(appointment ? [appointment] : []), ...slots].map(versionMark).sort()
  // Only a move changes the Appointment itself.
  const version = appointment && (kind === 'moved' ? nextVersion(appointment) : appointment.meta?.versionId)
  const event = buildAuditEvent({
    action: 'reconcile',
    detail: kind,
    recorded: now,
    clientId: call.clientId,
    requestId: call.requestId,
    ...(patient !== undefined && { patient }),
    appointment: {
      appointmentId,
      ...(appointment?.id !== undefined && { reference: `Appointment/${appointment.id}` }),
      ...(version !== undefined && { version }),
      requestDigest: requestDigest('reconcile', kind, ...marks),
    },
    slots: slots.map((slot) => slot.id ?? ''),
  })
  return { ...event, id: receiptId({ clientId: call.clientId, operation: 'reconcile', key: marks.join(' ') }) }
}

import type { BookingDeps } from '../booking/deps.ts'
import { reconcile, type Doubt, type ReconcileReport } from '../booking/reconcile.ts'
import { escalateOrKeep } from '../escalation/escalate-or-keep.ts'
import { escalationKey } from '../escalation/keys.ts'
import type { EscalationDeps } from '../escalation/ports.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { DAY } from '../scheduling/interval.ts'
import { inEhr, patientCall, WORKER_CLIENT, workerCall } from './ehr-job.ts'
import { DONE, type Handler } from './handlers.ts'

/** Told of every pass. */
export type ReconcileObserver = (report: ReconcileReport) => void

/** Some things no change points to, and what had to be left is looked for again for an hour only. */
const EVERYTHING_EVERY_MS = DAY

/**
 * Compares the EHR with itself: everything from today on when the process starts and once a day, between that what has changed since
 * its last pass. What was seen stands in this process only, so a new one begins anew.
 */
export function reconcileJob(deps: BookingDeps, escalation: EscalationDeps, observe: ReconcileObserver): Handler<'reconcile'> {
  let since: EpochMs | undefined
  let everythingAt = -Infinity
  return () =>
    inEhr(async () => {
      const now = Date.now()
      if (now - everythingAt >= EVERYTHING_EVERY_MS) since = undefined
      const report = await reconcile(deps, since, patientCall)
      if (since === undefined) everythingAt = now
      for (const event of report.events) deps.wakeUps.visitChanged(event)
      for (const doubt of report.doubts) await escalateDoubt(escalation, doubt)
      since = report.asOf
      observe(report)
      return DONE
    })
}

/** The same doubt, seen again in the next pass, finds its Task. */
async function escalateDoubt(deps: EscalationDeps, doubt: Doubt): Promise<void> {
  const [appointmentId] = doubt.appointmentIds
  const now = Date.now()
  const request = {
    reason: 'reconciliation_doubt',
    clientId: WORKER_CLIENT,
    requestId: 'worker',
    ...(appointmentId !== undefined && { appointmentId }),
    ...(doubt.patient !== undefined && { patient: doubt.patient }),
    trail: [{ code: doubt.kind, at: now }],
    key: escalationKey('doubt', doubt.key),
  }
  await escalateOrKeep(deps, request, workerCall())
}

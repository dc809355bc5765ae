import { z } from 'zod'
import type { Sealer } from '../crypto/sealer.ts'
import { deliverKept, escalateOrKeep } from '../escalation/escalate-or-keep.ts'
import { escalationKey, operationKey } from '../escalation/keys.ts'
import type { EscalationDeps, EscalationRequest } from '../escalation/ports.ts'
import { readPayload } from './catalog.ts'
import { inEhr, WORKER_CLIENT, workerCall } from './ehr-job.ts'
import { DONE, type Handler, type LostJob } from './handlers.ts'
import type { EscalateOperation } from './settle.ts'

/** What is sealed in the job. New fields must be optional: jobs of an older version may still be waiting. */
const requestSchema = z.object({
  reason: z.string(),
  clientId: z.string(),
  requestId: z.string(),
  appointmentId: z.string().exactOptional(),
  patient: z.string().exactOptional(),
  trail: z.array(z.object({ code: z.string(), at: z.number() })),
  key: z.string(),
  priority: z.enum(['routine', 'urgent', 'asap', 'stat']).exactOptional(),
  caller: z.object({ clientId: z.string(), patient: z.string().exactOptional(), anyPatient: z.boolean() }).exactOptional(),
})

/** Puts in front of a person what the EHR did not take when it happened. */
export function escalateJob(deps: EscalationDeps, sealer: Sealer): Handler<'escalate'> {
  return async ({ sealed }) => {
    const request: EscalationRequest = requestSchema.parse(await sealer.open(sealed))
    return inEhr(() => deliverKept(deps, request, workerCall(request.clientId)).then(() => DONE))
  }
}

/** Escalates an operation that stayed open, or was accepted and then refused. */
export function escalateOperation(deps: EscalationDeps): EscalateOperation {
  return async (reason, { receiptId, ...subject }, trail) => {
    const request = { reason, ...subject, ...trailOf(trail), key: operationKey(receiptId) }
    return (await escalateOrKeep(deps, request, workerCall(subject.clientId))).kind !== 'lost'
  }
}

/** A job that failed for good is never silent. An escalation that failed has the log and its metric left. */
export async function escalateLost(deps: EscalationDeps, job: LostJob): Promise<void> {
  const { name, why } = job
  if (name === 'escalate' || name === 'sweep' || name === 'reconcile') return
  const key = escalationKey('job', name, subjectOf(job))
  const request = { reason: 'attempts_exhausted', clientId: WORKER_CLIENT, ...trailOf([codeOf(name), codeOf(why)]), key }
  await escalateOrKeep(deps, request, workerCall())
}

/** A receiver that is gone is one matter a day, however many notices wait for it; every other job is one of its own. */
function subjectOf({ name, id, payload }: LostJob): string {
  const job = name === 'notice' ? readPayload(name, payload) : undefined
  return job ? `${job.endpointId} ${new Date().toISOString().slice(0, 10)}` : id
}

function trailOf(codes: readonly string[]): Pick<EscalationRequest, 'trail' | 'requestId'> {
  return { trail: codes.map((code) => ({ code, at: Date.now() })), requestId: 'worker' }
}

/** Any text as a code of a trail. */
function codeOf(text: string): string {
  const code = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '_')
    .slice(0, 60)
  return /^[a-z]/.test(code) ? code : 'unknown'
}

import type { AuditEvent, Bundle, Task } from 'fhir/r4.js'
import { token } from '../fhir/query.ts'
import { ESCALATION_ID_SYSTEM } from '../fhir/vocabulary.ts'
import { createOnly, update } from './write.ts'

/** `urn:uuid:` of the entry that creates the Task, for references within the transaction. */
export const NEW_TASK = 'urn:uuid:0a0f6c52-2f4e-4b0e-8d7c-3f1f0a6f9b1d'

/** The transaction that makes a Task once: the receipt is create-only, and the Task is created with `If-None-Exist` beside it. */
export function newTask(task: Task, receipt: AuditEvent): Bundle {
  const identifier = task.identifier?.find((candidate) => candidate.system === ESCALATION_ID_SYSTEM)?.value ?? ''
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      createOnly(receipt),
      {
        fullUrl: NEW_TASK,
        resource: task,
        request: {
          method: 'POST',
          url: 'Task',
          ifNoneExist: `identifier=${encodeURIComponent(token(ESCALATION_ID_SYSTEM, identifier))}`,
        },
      },
    ],
  }
}

/** The transaction that changes a Task as it was read, and records who did it. */
export function changedTask(task: Task, event: AuditEvent): Bundle {
  return { resourceType: 'Bundle', type: 'transaction', entry: [createOnly(event), update(task)] }
}

import type { Task } from 'fhir/r4.js'
import { BookingError } from '../booking/errors.ts'
import type { Call, Ehr } from '../booking/ports.ts'
import { ofType } from '../booking/window-queries.ts'
import { buildAuditEvent, type AuditedAction } from '../fhir/audit-event.ts'
import { receiptId } from '../fhir/ids.ts'
import { formatInstant, type EpochMs } from '../fhir/instant.ts'
import { token } from '../fhir/query.ts'
import { referenceText } from '../fhir/references.ts'
import { OPEN_STATUSES, readTask, type ReadTask } from '../fhir/task.ts'
import { ESCALATION_ID_SYSTEM, ESCALATION_RESOLUTION_SYSTEM } from '../fhir/vocabulary.ts'
import { changedTask } from '../scheduling/task-write.ts'

/** What waits for staff. */
export interface WorkList {
  /** The one due first stands first. */
  readonly tasks: readonly ReadTask[]
  /** The EHR's clock. */
  readonly now: EpochMs
  /** false: there are more than were read, and what is due first may not be among them. */
  readonly complete: boolean
}

/**
 * The escalations that still wait for a person.
 * @throws BookingError `ehr_unavailable`
 */
export async function openEscalations(ehr: Ehr, call: Call): Promise<WorkList> {
  const query = {
    kind: 'search',
    type: 'Task',
    params: [
      ['identifier', token(ESCALATION_ID_SYSTEM, '')],
      ['status', OPEN_STATUSES],
      ['_sort', 'authored-on'],
    ],
  } as const
  const reading = await ehr.batch({ tasks: query }, call)
  const tasks = ofType(reading.all('tasks'), 'Task')
    .map(readTask)
    .filter((task) => task !== undefined)
    .sort((a, b) => (a.due ?? 0) - (b.due ?? 0))
  return { tasks, now: reading.now, complete: reading.isComplete('tasks') }
}

/** What staff did with an escalation. */
export interface Worked {
  readonly task: ReadTask
  /** Whether it was so before. */
  readonly already: boolean
}

/**
 * Somebody takes an escalation: `in-progress`.
 * @throws BookingError `not_found`, `invalid_transition` (it is closed), `version_mismatch` (somebody else was faster), `ehr_unavailable`
 */
export async function takeEscalation(ehr: Ehr, escalationId: string, timeZone: string, call: Call): Promise<Worked> {
  return change(ehr, escalationId, call, (task, now) => {
    if (task.status === 'in-progress') return 'already'
    if (!OPEN_STATUSES.includes(task.status)) throw new BookingError('invalid_transition', `The escalation is ${task.status} already.`)
    return { ...task, status: 'in-progress', lastModified: formatInstant(now, timeZone) }
  })
}

/**
 * An escalation is done: `completed`, with a code of the clinic's that says how, if any.
 * @throws BookingError as `takeEscalation`
 */
export async function resolveEscalation(
  ehr: Ehr,
  escalationId: string,
  reason: string | undefined,
  timeZone: string,
  call: Call,
): Promise<Worked> {
  return change(ehr, escalationId, call, (task, now) => {
    if (task.status === 'completed') return 'already'
    if (!OPEN_STATUSES.includes(task.status)) throw new BookingError('invalid_transition', `The escalation is ${task.status} already.`)
    return {
      ...task,
      status: 'completed',
      ...(reason !== undefined && { statusReason: { coding: [{ system: ESCALATION_RESOLUTION_SYSTEM, code: reason }] } }),
      lastModified: formatInstant(now, timeZone),
    }
  })
}

type Changed = (task: Task, now: EpochMs) => Task | 'already'

async function change(ehr: Ehr, escalationId: string, call: Call, changed: Changed): Promise<Worked> {
  const reading = await ehr.batch(
    { task: { kind: 'search', type: 'Task', params: [['identifier', token(ESCALATION_ID_SYSTEM, escalationId)]] } },
    call,
  )
  const [found] = ofType(reading.all('task'), 'Task')
  if (!found) throw new BookingError('not_found', `There is no escalation ${escalationId}.`)
  const next = changed(found, reading.now)
  const task = readTask(next === 'already' ? found : next)
  if (!task) throw new BookingError('not_found', `There is no escalation ${escalationId}.`)
  if (next === 'already') return { task, already: true }
  await commit(ehr, next, task, reading.now, call)
  return { task, already: false }
}

async function commit(ehr: Ehr, task: Task, read: ReadTask, now: EpochMs, call: Call): Promise<void> {
  const action: AuditedAction = read.status === 'completed' ? 'resolve' : 'take'
  const patient = referenceText(task.for)
  const about = referenceText(task.focus)
  const event = buildAuditEvent({
    action,
    recorded: now,
    clientId: call.clientId,
    requestId: call.requestId,
    ...(patient !== undefined && { patient }),
    escalation: {
      escalationId: read.escalationId,
      reference: `Task/${task.id ?? ''}`,
      ...(about !== undefined && { about }),
    },
  })
  // Named by the version it changes, so that a repetition after a lost answer cannot record it twice.
  const id = receiptId({ clientId: '', operation: action, key: `${read.escalationId} ${task.meta?.versionId ?? ''}` })
  const outcome = await ehr.commit(changedTask(task, { ...event, id }), call)
  if (outcome.kind === 'committed') return
  if (outcome.kind === 'conflict') {
    throw new BookingError('version_mismatch', 'Somebody has changed the escalation in this moment. List them again.')
  }
  if (outcome.kind === 'rejected') throw new BookingError('ehr_rejected', 'The EHR refused the change.')
  throw new BookingError('ehr_unavailable', 'The EHR did not say whether the change took effect. List the escalations, and repeat.')
}

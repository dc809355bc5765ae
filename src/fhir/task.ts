import type { Reference, Task, TaskInput } from 'fhir/r4.js'
import { formatInstant, parseInstant, type EpochMs } from './instant.ts'
import {
  APPOINTMENT_ID_SYSTEM,
  CLIENT_ID_SYSTEM,
  ESCALATION_CHANNEL_SYSTEM,
  ESCALATION_ID_SYSTEM,
  ESCALATION_INPUT_SYSTEM,
  ESCALATION_REASON_SYSTEM,
} from './vocabulary.ts'

/** One step of what the machine did: a code and a moment, nothing else. */
export interface TrailStep {
  readonly code: string
  readonly at: EpochMs
}

/** What an escalation is about: the Appointment as the EHR knows it, as the gateway knows it, or both. */
export interface TaskFocus {
  /** `Appointment/<id>`; absent for a visit that was never made. */
  readonly reference?: string
  readonly appointmentId?: string
}

/** What the gateway writes into a new Task. */
export interface NewTask {
  readonly escalationId: string
  readonly reason: { readonly code: string; readonly title: string; readonly description: string }
  readonly priority: 'routine' | 'urgent' | 'asap' | 'stat'
  readonly channel: string
  readonly clientId: string
  /** `Patient/<id>` */
  readonly patient?: string
  readonly focus?: TaskFocus
  readonly trail: readonly TrailStep[]
  readonly authored: EpochMs
  readonly due: EpochMs
}

const CODE = /^[a-z][a-z0-9_-]{0,63}$/
/** Longer trails tell staff nothing more; the last steps count. */
const LONGEST_TRAIL = 20
const CHANNEL = 'channel'
const CLOSED: readonly Task['status'][] = ['completed', 'cancelled', 'failed', 'rejected', 'entered-in-error']
/** `Task.status` of what still waits for a person. */
export const OPEN_STATUSES: readonly Task['status'][] = ['requested', 'received', 'accepted', 'ready', 'in-progress', 'on-hold']

/**
 * Builds the Task of an escalation.
 * @param timeZone the clinic's, so that staff software shows local times
 */
export function buildTask(input: NewTask, timeZone: string): Task {
  const { code, title, description } = input.reason
  const authored = formatInstant(input.authored, timeZone)
  const focus = focusOf(input.focus)
  return {
    resourceType: 'Task',
    identifier: [{ system: ESCALATION_ID_SYSTEM, value: input.escalationId }],
    status: 'requested',
    intent: 'order',
    priority: input.priority,
    code: { coding: [{ system: ESCALATION_REASON_SYSTEM, code, display: title }], text: title },
    description,
    ...(focus && { focus }),
    ...(input.patient !== undefined && { for: { reference: input.patient } }),
    authoredOn: authored,
    lastModified: authored,
    requester: { identifier: { system: CLIENT_ID_SYSTEM, value: input.clientId } },
    restriction: { period: { end: formatInstant(input.due, timeZone) } },
    input: [
      { type: inputType(CHANNEL), valueCoding: { system: ESCALATION_CHANNEL_SYSTEM, code: input.channel } },
      ...input.trail.slice(-LONGEST_TRAIL).map((step) => trailInput(step, timeZone)),
    ],
  }
}

/** What a Task of the gateway says. */
export interface ReadTask {
  readonly escalationId: string
  readonly status: Task['status']
  readonly open: boolean
  readonly reason: string
  readonly title: string
  readonly priority: string
  readonly channel: string | undefined
  readonly authored: EpochMs | undefined
  readonly due: EpochMs | undefined
  /** The gateway's id of the visit, or `Appointment/<id>` where the clinic made it. */
  readonly appointment: string | undefined
}

/** Reads a Task back; `undefined` for one that is no escalation of the gateway. */
export function readTask(task: Task): ReadTask | undefined {
  const escalationId = task.identifier?.find((identifier) => identifier.system === ESCALATION_ID_SYSTEM)?.value
  if (escalationId === undefined) return undefined
  const reason = task.code?.coding?.find((coding) => coding.system === ESCALATION_REASON_SYSTEM)
  const channel = task.input?.find((one) => one.valueCoding?.system === ESCALATION_CHANNEL_SYSTEM)
  return {
    escalationId,
    status: task.status,
    open: !CLOSED.includes(task.status),
    reason: reason?.code ?? '',
    title: reason?.display ?? task.code?.text ?? '',
    priority: task.priority ?? 'routine',
    channel: channel?.valueCoding?.code,
    authored: parseInstant(task.authoredOn),
    due: parseInstant(task.restriction?.period?.end),
    appointment: task.focus?.identifier?.value ?? task.focus?.reference,
  }
}

function focusOf(focus: TaskFocus | undefined): Reference | undefined {
  if (focus?.reference === undefined && focus?.appointmentId === undefined) return undefined
  return {
    ...(focus.reference !== undefined && { reference: focus.reference }),
    type: 'Appointment',
    ...(focus.appointmentId !== undefined && { identifier: { system: APPOINTMENT_ID_SYSTEM, value: focus.appointmentId } }),
  }
}

/** Whatever is no code stays out: free text has no place here, whoever wrote it. */
function trailInput({ code, at }: TrailStep, timeZone: string): TaskInput {
  return { type: inputType(CODE.test(code) ? code : 'unnamed'), valueInstant: formatInstant(at, timeZone) }
}

function inputType(code: string): TaskInput['type'] {
  return { coding: [{ system: ESCALATION_INPUT_SYSTEM, code }] }
}

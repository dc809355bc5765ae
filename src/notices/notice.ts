import { z } from 'zod'
import type { VisitEvent } from '../booking/ports.ts'
import { digestOf, toBase32 } from '../fhir/ids.ts'
import { formatUtc, type EpochMs } from '../fhir/instant.ts'

/** What a receiver can ask for: names as Standard Webhooks has them. */
export const NOTICE_TYPES = [
  'appointment.booked',
  'appointment.rescheduled',
  'appointment.cancelled',
  'appointment.expired',
  'escalation.created',
] as const
export type NoticeType = (typeof NOTICE_TYPES)[number]

/** Something was put in front of a person. Ids and codes only. */
export interface EscalationEvent {
  readonly kind: 'escalated'
  /** The gateway's id of the escalation (`Task.identifier`). */
  readonly escalationId: string
  /** The code from the mapping, never the patient's words. */
  readonly reason: string
  /** `Task.priority`. */
  readonly priority: 'routine' | 'urgent' | 'asap' | 'stat'
}

const envelope = { id: z.string().regex(/^msg_[0-9a-z]+$/), timestamp: z.iso.datetime() }
const visitData = z.strictObject({ appointment_id: z.string(), version: z.string(), client_id: z.string() })
const visit = <Type extends NoticeType>(type: Type) => z.strictObject({ ...envelope, type: z.literal(type), data: visitData })

/**
 * A notice as it goes over the wire and into a job. Strict, and of ids and codes only: a field with patient data has no place
 * in it. `id` is the message id, the same however often something is told; `timestamp` is when the gateway learned of it.
 */
export const noticeSchema = z.discriminatedUnion('type', [
  visit('appointment.booked'),
  visit('appointment.rescheduled'),
  visit('appointment.cancelled'),
  visit('appointment.expired'),
  z.strictObject({
    ...envelope,
    type: z.literal('escalation.created'),
    data: z.strictObject({ escalation_id: z.string(), reason: z.string(), priority: z.enum(['routine', 'urgent', 'asap', 'stat']) }),
  }),
  z.strictObject({ ...envelope, type: z.literal('webhook.test'), data: z.strictObject({ endpoint_id: z.string() }) }),
])
export type Notice = Readonly<z.infer<typeof noticeSchema>>

/** Makes the notice of an event. @param at when the gateway learned of it */
export function noticeOf(event: VisitEvent | EscalationEvent, at: EpochMs): Notice {
  const timestamp = formatUtc(at)
  if (event.kind === 'escalated') {
    const { escalationId: escalation_id, reason, priority } = event
    const type = 'escalation.created'
    return { id: messageId(type, escalation_id), type, timestamp, data: { escalation_id, reason, priority } }
  }
  const { appointmentId: appointment_id, version, clientId: client_id } = event
  const type = `appointment.${event.kind}` as const
  return { id: messageId(type, appointment_id, version), type, timestamp, data: { appointment_id, version, client_id } }
}

/** A message for `npm run webhooks -- test`: no receiver subscribes to it, and each one is new. */
export function testNotice(endpointId: string, at: EpochMs): Notice {
  const type = 'webhook.test'
  return { id: messageId(type, endpointId, String(at)), type, timestamp: formatUtc(at), data: { endpoint_id: endpointId } }
}

/** Derived from what happened, so that an event told twice is one message; without a full stop, which the signature needs. */
function messageId(...what: readonly string[]): string {
  return `msg_${toBase32(digestOf('notice', ...what).subarray(0, 15))}`
}

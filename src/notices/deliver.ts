import { z } from 'zod'
import type { VisitEvent } from '../booking/ports.ts'
import { digestOf, toBase32 } from '../fhir/ids.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { noticeOf, noticeSchema, type EscalationEvent } from './notice.ts'
import type { Delivery, EndpointStates, NoticeEndpoint, NoticeSender } from './ports.ts'
import { retryDelaySeconds } from './retry.ts'

/** One notice on its way to one endpoint: what a job carries. Neither URL nor secret: those are looked up when it is sent. */
export const noticeJobSchema = z.strictObject({ endpointId: z.string(), notice: noticeSchema })
export type NoticeJob = Readonly<z.infer<typeof noticeJobSchema>>

/** What delivering needs. */
export interface NoticeDeps {
  readonly endpoints: readonly NoticeEndpoint[]
  readonly sender: NoticeSender
  readonly states: EndpointStates
}

/** What becomes of a job. `why` may be logged. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered' }
  /** Nobody wants it: the endpoint is gone from the configuration, or answered 410, now or before. */
  | { readonly kind: 'dropped'; readonly why: 'no such endpoint' | 'disabled' | 'gone' }
  | { readonly kind: 'retry'; readonly why: string; readonly afterSeconds: number }
  | { readonly kind: 'given-up'; readonly why: string }

/** Which endpoints are to be told of an event, one job each. @param at when the gateway learned of it */
export function noticeJobs(event: VisitEvent | EscalationEvent, endpoints: readonly NoticeEndpoint[], at: EpochMs): NoticeJob[] {
  const notice = noticeOf(event, at)
  return endpoints
    .filter(({ types }) => types === undefined || types.some((type) => type === notice.type))
    .map(({ id }) => ({ endpointId: id, notice }))
}

/** The name of a job: an event told twice gives the same job, as long as the queue remembers the first. Without a colon. */
export function noticeJobId({ endpointId, notice }: NoticeJob): string {
  return `${notice.id}-${endpointId}`
}

/**
 * Delivers one notice to one endpoint: one attempt, and what is to follow. The caller keeps the time.
 * @param attempt 1 for the first
 */
export async function deliverNotice(deps: NoticeDeps, job: NoticeJob, attempt: number): Promise<DeliveryOutcome> {
  const endpoint = deps.endpoints.find(({ id }) => id === job.endpointId)
  if (!endpoint) return { kind: 'dropped', why: 'no such endpoint' }
  const key = stateKey(endpoint)
  if (await deps.states.isDisabled(key)) return { kind: 'dropped', why: 'disabled' }
  const delivery = await deps.sender.send(endpoint, job.notice)
  if (delivery.kind === 'gone') await deps.states.disable(key)
  return outcomeOf(delivery, attempt)
}

/**
 * A refused address is tried again like any failure: it costs nothing, a name server with a hiccup answers 127.0.0.1 or 0.0.0.0,
 * and an operator who mends the configuration within the day gets what was waiting.
 */
function outcomeOf(delivery: Delivery, attempt: number): DeliveryOutcome {
  if (delivery.kind === 'delivered') return delivery
  if (delivery.kind === 'gone') return { kind: 'dropped', why: 'gone' }
  const afterSeconds = retryDelaySeconds(attempt, delivery.kind === 'failed' ? delivery.retryAfterSeconds : undefined)
  return afterSeconds === undefined ? { kind: 'given-up', why: delivery.why } : { kind: 'retry', why: delivery.why, afterSeconds }
}

/** An endpoint is disabled at its address: with another URL under the same id it is a new one, and is told again. */
function stateKey({ id, url }: NoticeEndpoint): string {
  return `${id}-${toBase32(digestOf('endpoint', url).subarray(0, 10))}`
}

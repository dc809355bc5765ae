import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { Webhook } from 'standardwebhooks'
import { Agent, request, type Dispatcher } from 'undici'
import type { Notice } from '../notices/notice.ts'
import type { Delivery, NoticeEndpoint, NoticeSender } from '../notices/ports.ts'
import { guardedLookup, TargetRefused, type Resolve } from './guarded-lookup.ts'
import { refusalOfUrl } from './targets.ts'

/** A receiver has so long for everything: name, connection, answer. */
const ANSWER_WITHIN_MS = 10_000
/** So much of an answer is listened to before the connection is cut, in bytes. Nobody reads it. */
const MOST_ANSWER_BYTES = 16 * 1024

/** Settings of the sender. */
export interface WebhookSenderOptions {
  /** WEBHOOKS_ALLOW_PRIVATE_TARGETS. */
  readonly allowPrivateTargets: boolean
  readonly answerWithinMs?: number
  readonly resolve?: Resolve
}

/**
 * Sends notices as Standard Webhooks (https://www.standardwebhooks.com): a signed POST. Every delivery has a connection of its own,
 * so that every one is checked; redirects are not followed.
 */
export class WebhookSender implements NoticeSender {
  readonly #allowPrivate: boolean
  readonly #answerWithinMs: number
  readonly #agent: Agent

  constructor(options: WebhookSenderOptions) {
    this.#allowPrivate = options.allowPrivateTargets
    this.#answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS
    const resolve = options.resolve ?? ((hostname) => lookup(hostname, { all: true }))
    this.#agent = new Agent({ pipelining: 0, connect: { lookup: guardedLookup(resolve, options.allowPrivateTargets) } })
  }

  async send(endpoint: NoticeEndpoint, notice: Notice): Promise<Delivery> {
    const refusal = refusalOfUrl(new URL(endpoint.url), this.#allowPrivate)
    if (refusal !== undefined) return { kind: 'refused', why: `the URL ${refusal}` }
    const body = JSON.stringify(notice)
    const signal = AbortSignal.timeout(this.#answerWithinMs)
    try {
      const headers = signedHeaders(endpoint, notice.id, body, new Date())
      const sent = request(endpoint.url, { method: 'POST', headers, body, signal, dispatcher: this.#agent })
      const answer = await Promise.race([sent, rejectAt(signal)])
      // A receiver that is cut off may drop its work: it may finish its answer, within the limits. Its status stands already.
      await answer.body.dump({ limit: MOST_ANSWER_BYTES })
      return readAnswer(answer)
    } catch (error) {
      return readError(error, signal.aborted, this.#answerWithinMs)
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

/** undici heeds a signal as soon as it is connected, and sends nothing then; a slow name server or handshake it waits for. */
async function rejectAt(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort')
  throw signal.reason
}

/** The time is the attempt's, not the event's: receivers refuse what is older than five minutes. */
function signedHeaders(endpoint: NoticeEndpoint, id: string, body: string, at: Date): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'fhir-scheduling-gateway',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': endpoint.secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  }
}

function readAnswer({ statusCode: status, headers }: Dispatcher.ResponseData): Delivery {
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  if (status === 410) return { kind: 'gone' }
  if (status >= 300 && status < 400)
    return { kind: 'failed', status, why: `it answered ${status}, a redirect, which is not followed: name the final address in the URL` }
  const retryAfterSeconds = status === 429 || status === 503 ? readRetryAfter(headers['retry-after'], Date.now()) : undefined
  return { kind: 'failed', status, why: `it answered ${status}`, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) }
}

/** Reads Retry-After: seconds, or a date (RFC 9110, 10.2.3). @param now by this machine's clock */
export function readRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined
  if (/^\d+$/.test(header)) return Number(header)
  const at = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000))
}

/** An error's code only: its message can name the address. */
function readError(error: unknown, timedOut: boolean, answerWithinMs: number): Delivery {
  if (error instanceof TargetRefused) return { kind: 'refused', why: error.message }
  if (timedOut) return { kind: 'failed', why: `no answer within ${answerWithinMs / 1000} s` }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return { kind: 'failed', why: `no usable answer (${code})` }
}

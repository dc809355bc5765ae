import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'fhir-kit-client'
import type { Bundle, FhirResource } from 'fhir/r4.js'
import { Agent, interceptors } from 'undici'
import { readRetryAfter } from './retry-after.ts'

/** Largest answer that is read, in bytes, also once unpacked: a thousand Slots take about one MB. */
const MAX_ANSWER_BYTES = 10 * 1024 * 1024
/** How long an exchange may still take when the process ends; nobody waits for its answer then. */
const CLOSE_WITHIN_MS = 500

/** Over http the server stands next door: packing there and unpacking here costs more than it saves on that way. */
const UNPACKED = { 'accept-encoding': 'identity' }

/** Settings of the connection to the FHIR server. */
export interface FhirHttpOptions {
  readonly baseUrl: string
  /** Connections kept to the server; more calls than that wait their turn. */
  readonly connections: number
}

/** What an HTTP exchange with the server came to. */
export type Exchange =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body: unknown
      readonly date: string | null
      /** How long the server asks to be left alone (`Retry-After`), where it does. */
      readonly retryAfterSeconds: number | undefined
    }
  /** No usable answer. `sent` says whether the server may have seen the request. */
  | { readonly kind: 'broken'; readonly sent: boolean }

/**
 * fhir-kit-client with what it lacks: a pool of its own, time limits, no redirects, a limit on the size of an answer.
 * Every call is one attempt; nothing is retried here.
 */
export class FhirHttp {
  readonly baseUrl: string
  readonly #client: Client
  readonly #agent: Agent

  constructor(options: FhirHttpOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, '')
    this.#agent = new Agent({
      connections: options.connections,
      connect: { timeout: 2_000 },
      headersTimeout: 30_000,
      bodyTimeout: 10_000,
      keepAliveTimeout: 10_000,
      maxResponseSize: MAX_ANSWER_BYTES,
    })
    this.#client = new Client({
      baseUrl: this.baseUrl,
      customHeaders: this.baseUrl.startsWith('http:') ? UNPACKED : {},
      requestOptions: {
        // fetch unpacks whatever comes: unpacking here keeps the limit on what a small compressed answer can become.
        dispatcher: this.#agent.compose(interceptors.decompress({ maxSize: MAX_ANSWER_BYTES, skipErrorResponses: false })),
        redirect: 'error',
        credentials: 'omit',
      },
    })
  }

  /** Posts a batch or transaction Bundle. @param timeoutMs the exchange is broken off after so long */
  async bundle(bundle: Bundle, headers: Record<string, string>, timeoutMs: number): Promise<Exchange> {
    // The client's own type of a resource has an index signature, which the R4 types do not have.
    const body = bundle as Bundle & Record<string, unknown>
    return this.#exchange(timeoutMs, (signal) => {
      const request = { body, options: { headers, signal } }
      return bundle.type === 'transaction' ? this.#client.transaction(request) : this.#client.batch(request)
    })
  }

  /** Any other request, relative to the base URL, or an absolute link from an answer. */
  async request(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    headers: Record<string, string>,
    timeoutMs: number,
    body?: FhirResource | string,
  ): Promise<Exchange> {
    return this.#exchange(timeoutMs, (signal) =>
      this.#client.request(this.#onOwnServer(url), { method, body, options: { headers, signal } }),
    )
  }

  /** Ends with the running exchanges, or without them when they take long. */
  async close(): Promise<void> {
    await Promise.race([this.#agent.close(), sleep(CLOSE_WITHIN_MS, undefined, { ref: false })])
  }

  /**
   * A link of an answer, on the configured server: of another base only the resource type and the query are taken. A reverse proxy
   * leaves links with the server's own name in them, and the Host header of a request can forge them.
   */
  #onOwnServer(url: string): string {
    if (!/^https?:/i.test(url) || url.startsWith(`${this.baseUrl}/`) || url.startsWith(`${this.baseUrl}?`)) return url
    const { pathname, search } = new URL(url)
    const type = /\/[A-Z][A-Za-z]+$/.exec(pathname)?.[0] ?? ''
    return `${this.baseUrl}${type}${search}`
  }

  async #exchange(timeoutMs: number, send: (signal: AbortSignal) => Promise<unknown>): Promise<Exchange> {
    try {
      const body = await send(AbortSignal.timeout(Math.max(1, Math.floor(timeoutMs))))
      const { response } = Client.httpFor(body as never)
      const date = response?.headers.get('date') ?? null
      return { kind: 'answer', status: response?.status ?? 200, body, date, retryAfterSeconds: undefined }
    } catch (error) {
      return failedExchange(error)
    }
  }
}

/** Socket errors after which the server cannot have seen the request: there was no connection to send it on. */
const NEVER_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']

function failedExchange(error: unknown): Exchange {
  const response = property(error, 'response')
  const status = property(response, 'status')
  if (typeof status === 'number') {
    const headers = property(property(error, 'config'), 'headers')
    const retryAfter = headers instanceof Headers ? headers.get('retry-after') : undefined
    const retryAfterSeconds = readRetryAfter(retryAfter, Date.now())
    return { kind: 'answer', status, body: property(response, 'data'), date: null, retryAfterSeconds }
  }
  // fetch reports everything that happens on the wire as TypeError, TimeoutError or AbortError; the rest is a fault of ours.
  if (!(error instanceof TypeError || error instanceof DOMException)) throw error
  const code = property(property(error, 'cause'), 'code')
  return { kind: 'broken', sent: !(typeof code === 'string' && NEVER_SENT.includes(code)) }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

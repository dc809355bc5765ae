import { Client } from 'fhir-kit-client'
import type { Bundle, FhirResource } from 'fhir/r4.js'
import { Agent } from 'undici'

/** Largest answer that is read, in bytes: a thousand Slots take about one MB. */
const MAX_ANSWER_BYTES = 20 * 1024 * 1024

/** Settings of the connection to the FHIR server. */
export interface FhirHttpOptions {
  readonly baseUrl: string
  /** Connections kept to the server; more calls than that wait their turn. */
  readonly connections: number
}

/** What an HTTP exchange with the server came to. */
export type Exchange =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown; readonly date: string | null }
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
      requestOptions: { dispatcher: this.#agent, redirect: 'error', credentials: 'omit' },
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

  /** Any other request, relative to the base URL or an absolute link on the same origin. */
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

  async close(): Promise<void> {
    await this.#agent.close()
  }

  /** Links in answers are followed only to the server they came from: the Host header of a request can forge them. */
  #onOwnServer(url: string): string {
    if (!/^https?:/i.test(url)) return url
    const link = new URL(url)
    const base = new URL(this.baseUrl)
    if (link.origin !== base.origin || !link.pathname.startsWith(base.pathname))
      throw new Error('a link of the FHIR server leads elsewhere')
    return url
  }

  async #exchange(timeoutMs: number, send: (signal: AbortSignal) => Promise<unknown>): Promise<Exchange> {
    try {
      const body = await send(AbortSignal.timeout(Math.max(1, Math.floor(timeoutMs))))
      const { response } = Client.httpFor(body as never)
      return { kind: 'answer', status: response?.status ?? 200, body, date: response?.headers.get('date') ?? null }
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
  if (typeof status === 'number') return { kind: 'answer', status, body: property(response, 'data'), date: null }
  // fetch reports everything that happens on the wire as TypeError, TimeoutError or AbortError; the rest is a fault of ours.
  if (!(error instanceof TypeError || error instanceof DOMException)) throw error
  const code = property(property(error, 'cause'), 'code')
  return { kind: 'broken', sent: !(typeof code === 'string' && NEVER_SENT.includes(code)) }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

/** Fields of the answers that tests read; a field that did not come is undefined in spite of its type, and the assertion on it fails. */
export interface AnswerBody {
  readonly hold_id: string
  readonly appointment_id: string
  readonly operation_id: string
  readonly patient_token: string
  readonly confirmation_code: string
  readonly status: string | number
  readonly state: string
  readonly version: string
  readonly code: string
  readonly slots: readonly { slot_id: string; start: string }[]
  readonly alternatives: readonly { slot_id: string; start: string }[]
  readonly [field: string]: unknown
}

/** An answer of the gateway. The body is whatever came; tests say what they expect of it. */
export interface Answer {
  readonly status: number
  readonly body: AnswerBody
  readonly headers: Headers
}

/** Options of one request. */
export interface Ask {
  readonly key?: string
  readonly token?: string
  readonly auth?: string | null
  readonly headers?: Record<string, string>
}

/** Far enough for everything that tests put into the EHR. */
const SEARCH_MS = 390 * 24 * 60 * 60_000

/** A crowd a moment ago may have opened the circuit breaker; a chatbot asks again when it was told to. */
const OFFER_TRIES = 15
function isForLater({ status, body, headers }: Answer): boolean {
  return status === 503 && body['retryable'] === true && headers.has('retry-after')
}

/** The gateway as a chatbot sees it. */
export class Api {
  readonly baseUrl: string
  readonly #key: string

  constructor(baseUrl: string, key = 'dev-key') {
    this.baseUrl = baseUrl
    this.#key = key
  }

  get(path: string, ask: Ask = {}): Promise<Answer> {
    return this.send('GET', path, undefined, ask)
  }

  post(path: string, body: unknown, ask: Ask = {}): Promise<Answer> {
    return this.send('POST', path, body, ask)
  }

  delete(path: string, ask: Ask = {}): Promise<Answer> {
    return this.send('DELETE', path, undefined, ask)
  }

  /** The free offers of a provider for a visit type, soonest first. Asks again where the gateway says so. */
  async offers(type: string, provider: string, query = ''): Promise<readonly { slot_id: string; start: string }[]> {
    const end = encodeURIComponent(new Date(Date.now() + SEARCH_MS).toISOString())
    const path = `/availability?type=${type}&provider=${provider}&limit=50&end=${end}${query}`
    let answer = await this.get(path)
    for (let tries = 1; tries < OFFER_TRIES && isForLater(answer); tries++) {
      await new Promise((resolve) => setTimeout(resolve, Number(answer.headers.get('retry-after')) * 1_000))
      answer = await this.get(path)
    }
    if (answer.status !== 200) throw new Error(`availability: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body.slots
  }

  async send(method: string, path: string, body: unknown, ask: Ask): Promise<Answer> {
    const auth = ask.auth === undefined ? `Bearer ${this.#key}` : ask.auth
    const answer = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        ...(auth !== null && { authorization: auth }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(ask.key !== undefined && { 'idempotency-key': ask.key }),
        ...(ask.token !== undefined && { 'x-patient-token': ask.token }),
        ...ask.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== '' // a HEAD has no body
    return { status: answer.status, body: (isJson ? JSON.parse(text) : { text }) as AnswerBody, headers: answer.headers }
  }
}

import { StackError } from '../stack/console.ts'

const TIMEOUT_MS = 10_000

/** A free time as the gateway offers it. */
export interface Offer {
  readonly slot_id: string
  readonly start: string
  readonly local_start: string
  readonly provider: { readonly id: string; readonly name: string } | null
}

/** A hold or visit as the gateway shows it. */
export interface Visit {
  readonly appointment_id: string
  readonly state: string
  readonly start: string
  readonly local_start: string
  readonly version: string
}

/** The fields of answers that the demo reads; which of them come depends on the call. */
export interface AnswerBody extends Visit {
  readonly message: string
  readonly code: string
  readonly outcome: string
  readonly patient_token: string
  readonly hold_id: string
  readonly confirmation_code: string
  readonly replayed: boolean
  readonly slots: readonly Offer[]
  readonly alternatives?: readonly Offer[]
  readonly appointments: readonly Visit[]
}

/** An answer of the gateway. */
export interface Answer {
  readonly status: number
  readonly body: AnswerBody
}

/** What goes along with a request. */
export interface Ask {
  readonly token?: string
  readonly key?: string
}

/** The gateway over REST, as a chatbot uses it with the development key. */
export class GatewayApi {
  readonly baseUrl: string

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl
  }

  get(path: string, ask: Ask = {}): Promise<Answer> {
    return this.#send('GET', path, undefined, ask)
  }

  post(path: string, body: unknown, ask: Ask = {}): Promise<Answer> {
    return this.#send('POST', path, body, ask)
  }

  async #send(method: string, path: string, body: unknown, ask: Ask): Promise<Answer> {
    try {
      const answer = await fetch(`${this.baseUrl}${path}`, {
        method,
        headers: {
          authorization: 'Bearer dev-key',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(ask.key !== undefined && { 'idempotency-key': ask.key }),
          ...(ask.token !== undefined && { 'x-patient-token': ask.token }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      return { status: answer.status, body: (await answer.json()) as AnswerBody }
    } catch (error) {
      throw new StackError(
        `The gateway gave no answer to ${method} ${path} (${error instanceof Error ? error.message : 'unknown reason'}).`,
      )
    }
  }
}

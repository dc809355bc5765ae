import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Retell from 'retell-sdk'
import type { ToolName } from '../../src/tools/tool.ts'

type Json = Record<string, unknown>

/** Sends a request to a gateway: over HTTP, or into it. */
export type Post = (path: string, body: string, headers: Record<string, string>) => Promise<{ status: number; body: string }>

/** A request as a platform sends it, from `test/fixtures/channels/`. */
export function sample(name: string): Json {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/channels', `${name}.json`), 'utf8')) as Json
}

/** The secrets of the platforms in tests, as CHANNELS_FILE has them. */
export const SECRETS = {
  vapi: 'vapi-secret-of-the-tests',
  retell: 'key_retell_of_the_tests',
  'dialogflow-cx': 'cx-secret-of-the-tests',
  rasa: 'rasa-secret-of-the-tests',
} as const

/** What a tool answered, whatever the platform wraps it in. */
export interface Reply {
  readonly outcome: string
  /** What the patient hears, or the model reads. */
  readonly said: string
  readonly [field: string]: unknown
}

/** A chatbot on a platform: it sends what the platform sends, and remembers what the platform remembers. */
export interface PlatformBot {
  readonly platform: string
  /** The platform itself keeps what tools answer, and hands it to the next tool; otherwise the model does. */
  readonly remembers: boolean
  call(tool: ToolName, args?: Json): Promise<Reply>
  /** `start_intake` for a patient with these identifiers. */
  intake(type: string, patient: Readonly<Record<string, string>>): Promise<Reply>
  /** The platform's repetition: the same request once more, with a signature of now. */
  repeat(): Promise<Reply>
}

/** The last request, kept to be sent again. */
abstract class Bot implements PlatformBot {
  abstract readonly platform: string
  abstract readonly remembers: boolean
  protected readonly post: Post
  #last: (() => Promise<Reply>) | undefined

  constructor(post: Post) {
    this.post = post
  }

  call(tool: ToolName, args: Json = {}): Promise<Reply> {
    const body = this.request(tool, args)
    this.#last = () => this.send(body, tool)
    return this.#last()
  }

  intake(type: string, patient: Readonly<Record<string, string>>): Promise<Reply> {
    return this.call('start_intake', this.remembers ? { type, ...patient } : { type, patient })
  }

  repeat(): Promise<Reply> {
    if (!this.#last) throw new Error('nothing was sent yet')
    return this.#last()
  }

  protected async ask(path: string, body: string, headers: Record<string, string>): Promise<Json> {
    const answer = await this.post(path, body, { 'content-type': 'application/json', ...headers })
    if (answer.status !== 200) throw new Error(`${this.platform} ${answer.status}: ${answer.body}`)
    if (/[\r\n]/.test(answer.body)) throw new Error(`${this.platform}: more than one line`)
    return JSON.parse(answer.body) as Json
  }

  protected abstract request(tool: ToolName, args: Json): Json
  protected abstract send(body: Json, tool: ToolName): Promise<Reply>
}

let counter = 0
const nextId = (prefix: string): string => `${prefix}${Date.now().toString(36)}${(counter++).toString(36)}`

/** Vapi and Retell keep the patient's token in a variable, as `GET /channels/{vapi,retell}/tools` sets them up. */
abstract class VoiceBot extends Bot {
  readonly remembers = false
  protected token: unknown

  protected withToken(tool: ToolName, args: Json): Json {
    return tool === 'start_intake' || tool === 'find_times' || tool === 'what_day_is_it'
      ? args
      : { patient_token: this.token ?? '', ...args }
  }

  protected keep(structured: Json): Reply {
    if ('patient_token' in structured) this.token = structured['patient_token']
    return { outcome: String(structured['outcome']), said: String(structured['message']), ...structured }
  }
}

export class VapiBot extends VoiceBot {
  readonly platform = 'vapi'
  readonly #call = nextId('vapi-call-')

  protected request(tool: ToolName, args: Json): Json {
    return vapiCalls('vapi-tool-calls', [{ id: nextId('call_'), tool, args: this.withToken(tool, args) }], this.#call)
  }

  protected async send(body: Json): Promise<Reply> {
    const text = JSON.stringify(body)
    const answer = await this.ask('/channels/vapi', text, vapiSignature(text))
    const [result] = answer['results'] as { result?: string; error?: string }[]
    if (result?.error !== undefined) return { outcome: 'error', said: result.error }
    return this.keep(JSON.parse(result?.result ?? '') as Json)
  }
}

/** A `tool-calls` message with these calls. */
export function vapiCalls(fixture: string, calls: readonly { id: string; tool: string; args: unknown }[], callId?: string): Json {
  const request = sample(fixture)
  const message = request['message'] as Json
  const toolCallList = calls.map(({ id, tool, args }) => ({ id, type: 'function', function: { name: tool, arguments: args } }))
  const call = { ...(message['call'] as Json), ...(callId !== undefined && { id: callId }) }
  return { message: { ...message, toolCalls: toolCallList, toolCallList, toolWithToolCallList: [], call } }
}

/** The headers of Vapi's HMAC credential: `{timestamp}.{body}`. */
export function vapiSignature(body: string, at = Date.now(), secret: string = SECRETS.vapi): Record<string, string> {
  const timestamp = String(at)
  return { 'x-timestamp': timestamp, 'x-vapi-signature': createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex') }
}

export class RetellBot extends VoiceBot {
  readonly platform = 'retell'
  readonly #call = nextId('call_')

  protected request(tool: ToolName, args: Json): Json {
    const request = sample('retell-custom-function')
    return { ...request, name: tool, call: { ...(request['call'] as Json), call_id: this.#call }, args: this.withToken(tool, args) }
  }

  protected async send(body: Json): Promise<Reply> {
    const text = JSON.stringify(body)
    return this.keep(await this.ask(`/channels/retell/${String(body['name'])}`, text, await retellSignature(text)))
  }
}

/** Made by Retell's own SDK. */
export async function retellSignature(body: string, secret: string = SECRETS.retell): Promise<Record<string, string>> {
  return { 'x-retell-signature': await Retell.sign(body, secret) }
}

/** Dialogflow CX keeps session parameters: those that the webhook sets, and without those that it sets to null. */
export class DialogflowCxBot extends Bot {
  readonly platform = 'dialogflow-cx'
  readonly remembers = true
  readonly #session = `projects/p/locations/global/agents/a/sessions/${nextId('s')}`
  #parameters: Json = {}

  /** `@sys.date` gives a date in parts. */
  override intake(type: string, patient: Readonly<Record<string, string>>): Promise<Reply> {
    const [year, month, day] = (patient['birth_date'] ?? '').split('-').map(Number)
    return this.call('start_intake', { type, ...patient, birth_date: { year, month, day } })
  }

  protected request(tool: ToolName, args: Json): Json {
    this.#parameters = { ...this.#parameters, ...args }
    return {
      ...sample('dialogflow-cx-webhook'),
      detectIntentResponseId: nextId('turn-'),
      fulfillmentInfo: { tag: tool },
      sessionInfo: { session: this.#session, parameters: this.#parameters },
    }
  }

  protected async send(body: Json): Promise<Reply> {
    const answer = await this.ask('/channels/dialogflow-cx', JSON.stringify(body), { authorization: `Bearer ${SECRETS['dialogflow-cx']}` })
    const { parameters } = answer['sessionInfo'] as { parameters: Json }
    this.#parameters = withoutNulls({ ...this.#parameters, ...parameters })
    const { messages } = answer['fulfillmentResponse'] as { messages: { text: { text: string[] } }[] }
    return { outcome: String(parameters['outcome']), said: messages.map(({ text }) => text.text.join(' ')).join(' '), ...this.#parameters }
  }
}

/** Rasa keeps slots. */
export class RasaBot extends Bot {
  readonly platform = 'rasa'
  readonly remembers = true
  readonly #sender = nextId('sender-')
  #slots: Json = {}

  protected request(tool: ToolName, args: Json): Json {
    const request = sample('rasa-action-call')
    const tracker = request['tracker'] as Json
    this.#slots = { ...this.#slots, ...args }
    return {
      ...request,
      next_action: `action_${tool}`,
      sender_id: this.#sender,
      tracker: {
        ...tracker,
        sender_id: this.#sender,
        slots: this.#slots,
        latest_message: { ...(tracker['latest_message'] as Json), message_id: nextId('m') },
      },
    }
  }

  protected async send(body: Json): Promise<Reply> {
    const authorization = `Basic ${Buffer.from(`rasa:${SECRETS.rasa}`).toString('base64')}`
    const answer = await this.ask('/channels/rasa/webhook', JSON.stringify(body), { authorization })
    const events = answer['events'] as { event: string; name: string; value: unknown }[]
    for (const { name, value } of events) this.#slots = { ...this.#slots, [name]: value }
    const responses = answer['responses'] as { text: string; buttons: { title: string }[] }[]
    const said = responses.map(({ text, buttons }) => [text, ...buttons.map(({ title }) => title)].join(' ')).join(' ')
    return { outcome: String(this.#slots['outcome']), said, ...withoutNulls(this.#slots) }
  }
}

/** GPT Actions, and whatever else reads `/openapi.gpt.json`: the model itself passes the token on. */
export class ActionsBot extends VoiceBot {
  readonly platform = 'tools'
  readonly #key: string

  constructor(post: Post, key: string) {
    super(post)
    this.#key = key
  }

  protected request(tool: ToolName, args: Json): Json {
    return this.withToken(tool, args)
  }

  protected async send(body: Json, tool: ToolName): Promise<Reply> {
    return this.keep(await this.ask(`/channels/tools/${tool}`, JSON.stringify(body), { authorization: `Bearer ${this.#key}` }))
  }
}

/** One bot on each platform. */
export function allBots(post: Post, clientKey: string): PlatformBot[] {
  return [new VapiBot(post), new RetellBot(post), new DialogflowCxBot(post), new RasaBot(post), new ActionsBot(post, clientKey)]
}

function withoutNulls(values: Json): Json {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

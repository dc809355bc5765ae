import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Gateway } from '../desk/gateway.ts'
import { parsedArguments } from './arguments.ts'
import { jsonLine, objectOf, objectsOf, oneLine, textOf, type JsonObject } from './json.ts'
import { ofChannel, openChannel } from './open-channel.ts'
import { headerOf, isOneOf, isRecent, isSigned, sharedSecret, type Proof } from './proof.ts'
import { PlatformTools, type PlatformAnswer } from './run-tool.ts'
import { baseUrlOf, vapiDefinitions } from './tool-definitions.ts'

/** More calls at once than any assistant makes; the rest is refused, so that the answer stays within Vapi's time limit. */
const MAX_CALLS = 8

/** One entry of `results` (Vapi `ToolCallResult`): `result` or `error`, each on a single line. */
interface VapiResult {
  readonly name: string
  readonly toolCallId: string
  readonly result?: string
  readonly error?: string
}

/** `POST /channels/vapi`: Vapi's server URL. */
export function vapiRoutes(app: FastifyInstance, gateway: Gateway): void {
  openChannel(app, gateway, {
    name: 'vapi',
    proof: vapiProof,
    routes: (scope) => {
      const tools = new PlatformTools(gateway, 'vapi')
      scope.post('/channels/vapi', ofChannel, (request) => answer(tools, request))
    },
    openRoutes: (open) => {
      const { all } = new PlatformTools(gateway, 'vapi')
      open.get('/channels/vapi/tools', ofChannel, (request) => vapiDefinitions(all, baseUrlOf(request, gateway)))
    },
  })
}

/** A bearer token, `X-Vapi-Secret`, or `X-Vapi-Signature`: HMAC-SHA256 in hex of `{timestamp}.{body}`, with the time in `X-Timestamp`. */
export const vapiProof: Proof = (evidence, secrets) => {
  const { headers, rawBody, now } = evidence
  if (sharedSecret(evidence, secrets) || isOneOf(secrets, headerOf(headers, 'x-vapi-secret'))) return true
  const signature = headerOf(headers, 'x-vapi-signature')
  const timestamp = headerOf(headers, 'x-timestamp')
  if (signature === undefined || timestamp === undefined) return false
  return isRecent(millisecondsOf(timestamp), now) && isSigned(secrets, `${timestamp}.${rawBody}`, signature.replace(/^sha256=/i, ''))
}

/** Seconds, milliseconds or ISO 8601: Vapi's page does not say which. */
function millisecondsOf(timestamp: string): number {
  if (!/^\d+$/.test(timestamp)) return Date.parse(timestamp)
  return timestamp.length <= 10 ? Number(timestamp) * 1000 : Number(timestamp)
}

/** Of the messages only `tool-calls` wants an answer; all others are acknowledged. Always 200: Vapi ignores every other answer. */
async function answer(tools: PlatformTools, request: FastifyRequest): Promise<{ results: VapiResult[] } | Record<string, never>> {
  const message = objectOf(objectOf(request.body)?.['message'])
  if (message?.['type'] !== 'tool-calls') return {}
  const conversation = textOf(objectOf(message['call'])?.['id']) ?? textOf(objectOf(message['chat'])?.['id'])
  const results: VapiResult[] = []
  // One after the other: an assistant that holds two times wants the first one first.
  for (const [index, call] of callsOf(message).entries()) {
    results.push(index < MAX_CALLS ? await run(tools, request, call, conversation) : refuse(call))
  }
  return { results }
}

interface VapiCall {
  readonly id: string
  readonly name: string
  readonly args: unknown
}

async function run(tools: PlatformTools, request: FastifyRequest, call: VapiCall, conversation: string | undefined): Promise<VapiResult> {
  const callId = call.id === '' ? undefined : call.id
  const result = await tools.run(request, { tool: call.name, args: call.args, conversation, callId })
  const known = { name: tools.find(call.name)?.name ?? '', toolCallId: call.id }
  return isFault(result) ? { ...known, error: oneLine(result.text) } : { ...known, result: jsonLine(result.structured) }
}

function refuse({ id }: VapiCall): VapiResult {
  return { name: '', toolCallId: id, error: `Too many tools at once. Call at most ${MAX_CALLS}, then read their results.` }
}

/** What the model can only mend by calling differently, or not at all. What the clinic refuses is a result like any other. */
function isFault({ structured }: PlatformAnswer): boolean {
  return structured.outcome === 'invalid_request' || structured.outcome === 'internal'
}

/** `toolCallList`, in the three forms in which Vapi writes a call; or, where it is missing, what stands beside the tools' definitions. */
function callsOf(message: JsonObject): VapiCall[] {
  const list = objectsOf(message['toolCallList'])
  if (list.length > 0) return list.map((call) => callOf(call))
  return objectsOf(message['toolWithToolCallList']).map((entry) => callOf(objectOf(entry['toolCall']) ?? {}, textOf(entry['name'])))
}

function callOf(call: JsonObject, beside?: string): VapiCall {
  const named = objectOf(call['function']) ?? call
  return {
    id: textOf(call['id']) ?? '',
    name: textOf(named['name']) ?? beside ?? '',
    args: parsedArguments(named['arguments'] ?? named['parameters']),
  }
}

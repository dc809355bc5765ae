import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Gateway } from '../desk/gateway.ts'
import type { ToolBody } from '../tools/tool.ts'
import { rememberAfter, spokenOffers, type Remembered } from './conversation-state.ts'
import { objectOf, oneLine, textOf, type JsonObject } from './json.ts'
import { ofChannel, openChannel } from './open-channel.ts'
import { sharedSecret } from './proof.ts'
import { argumentsFrom } from './remembered-arguments.ts'
import { PlatformTools, type PlatformCall } from './run-tool.ts'

/** Dialogflow CX waits 5 s unless told otherwise, and the answer has a way to go. In milliseconds, from when the request was read. */
const ANSWER_WITHIN_MS = 4_600

/** `google.cloud.dialogflow.cx.v3.WebhookResponse`, as far as it is used. */
interface WebhookResponse {
  readonly fulfillmentResponse: { readonly messages: readonly { readonly text: { readonly text: readonly string[] } }[] }
  readonly sessionInfo: { readonly parameters: Remembered }
}

/** `POST /channels/dialogflow-cx`: a standard webhook; the tag of the fulfillment names the tool. */
export function dialogflowCxRoutes(app: FastifyInstance, gateway: Gateway): void {
  openChannel(app, gateway, {
    name: 'dialogflow-cx',
    proof: sharedSecret,
    routes: (scope) => {
      const tools = new PlatformTools(gateway, 'dialogflow-cx')
      scope.post('/channels/dialogflow-cx', ofChannel, (request) => answer(tools, request, gateway))
    },
  })
}

async function answer(tools: PlatformTools, request: FastifyRequest, gateway: Gateway): Promise<WebhookResponse> {
  const body = objectOf(request.body) ?? {}
  const session = objectOf(body['sessionInfo']) ?? {}
  const name = textOf(objectOf(body['fulfillmentInfo'])?.['tag']) ?? ''
  const tool = tools.find(name)
  const { timeZone } = gateway.booking.mapping.clinic
  const args = tool ? argumentsFrom(objectOf(session['parameters']) ?? {}, tool, timeZone) : {}
  const running = tools.run(request, { tool: name, args, ...identityOf(body, session) }).then(({ structured }) => structured)
  const structured = await Promise.race([running, sleep(ANSWER_WITHIN_MS, STILL_WAITING, { ref: false })])
  return {
    fulfillmentResponse: { messages: sentencesOf(structured).map((sentence) => ({ text: { text: [oneLine(sentence)] } })) },
    sessionInfo: { parameters: tool ? rememberAfter(tool.name, structured) : { outcome: structured.outcome } },
  }
}

/** What is under way goes on: whether it took effect, the next call of the tool finds out. */
const STILL_WAITING: ToolBody = {
  outcome: 'pending',
  message: 'I am still waiting for the clinic to confirm that. Let me check again in a moment.',
  next_actions: ['repeat_same_call'],
}

/** The session, and the turn in it: a webhook that is called again for the same turn is the same call. */
function identityOf(body: JsonObject, session: JsonObject): Pick<PlatformCall, 'conversation' | 'callId'> {
  const conversation = textOf(session['session'])
  return { conversation, callId: conversation === undefined ? undefined : textOf(body['detectIntentResponseId']) }
}

function sentencesOf(body: ToolBody): string[] {
  return [body.message, ...spokenOffers(body)]
}

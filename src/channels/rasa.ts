import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Gateway } from '../desk/gateway.ts'
import type { ToolBody } from '../tools/tool.ts'
import { rememberAfter, wordsOf, type Remembered } from './conversation-state.ts'
import { objectOf, objectsOf, textOf, type JsonObject } from './json.ts'
import { ofChannel, openChannel } from './open-channel.ts'
import { sharedSecret } from './proof.ts'
import { argumentsFrom } from './remembered-arguments.ts'
import { PlatformTools, type PlatformCall } from './run-tool.ts'

/** Rasa's actions are named after the tools: `action_find_times`. */
const PREFIX = 'action_'

/** `POST /channels/rasa/webhook`, `GET /channels/rasa/actions`, `GET /channels/rasa/health`: an action server. */
export function rasaRoutes(app: FastifyInstance, gateway: Gateway): void {
  openChannel(app, gateway, {
    name: 'rasa',
    proof: sharedSecret,
    routes: (scope) => {
      const tools = new PlatformTools(gateway, 'rasa')
      scope.post('/channels/rasa/webhook', ofChannel, (request, reply) => answer(tools, request, reply, gateway))
      scope.get('/channels/rasa/actions', ofChannel, () => tools.all.map(({ name }) => ({ name: `${PREFIX}${name}` })))
    },
    openRoutes: (open) => {
      open.get('/channels/rasa/health', ofChannel, () => ({ status: 'ok' }))
    },
  })
}

/** `{events, responses}` of Rasa's action server; 404 with `{error, action_name}` for an action that is not here, as its SDK answers. */
async function answer(tools: PlatformTools, request: FastifyRequest, reply: FastifyReply, gateway: Gateway): Promise<FastifyReply> {
  const body = objectOf(request.body) ?? {}
  const action = textOf(body['next_action']) ?? ''
  const name = action.startsWith(PREFIX) ? action.slice(PREFIX.length) : action
  const tool = tools.find(name)
  if (!tool) return reply.code(404).send({ error: 'No such action. GET /channels/rasa/actions lists them.', action_name: action })
  const tracker = objectOf(body['tracker']) ?? {}
  const args = argumentsFrom(objectOf(tracker['slots']) ?? {}, tool, gateway.booking.mapping.clinic.timeZone)
  const { structured } = await tools.run(request, { tool: name, args, ...identityOf(body, tracker) })
  return reply.send({ events: slotEvents(rememberAfter(tool.name, structured), body['domain']), responses: [responseOf(structured)] })
}

/** The conversation, and the user's message in it: an action that is called again for the same message is the same call. */
function identityOf(body: JsonObject, tracker: JsonObject): Pick<PlatformCall, 'conversation' | 'callId'> {
  const conversation = textOf(tracker['sender_id']) ?? textOf(body['sender_id'])
  const message = textOf(objectOf(tracker['latest_message'])?.['message_id'])
  return { conversation, callId: conversation === undefined ? undefined : message }
}

/** Rasa logs an error for every slot that its domain does not have, so only those it has are set. */
function slotEvents(remembered: Remembered, domain: unknown): JsonObject[] {
  const known = objectOf(objectOf(domain)?.['slots'])
  const names = Object.keys(remembered).filter((name) => known === undefined || Object.hasOwn(known, name))
  return names.map((name) => ({ event: 'slot', timestamp: null, name, value: remembered[name] }))
}

/** A message as the SDK's dispatcher writes it: the sentence, and a button for each offer, which sets the slot `slot_id`. */
function responseOf(body: ToolBody): JsonObject {
  const offers = [...objectsOf(body['slots']), ...objectsOf(body['alternatives'])]
  const buttons = offers.map((offer) => ({ title: wordsOf(offer), payload: `/SetSlots(slot_id=${textOf(offer['slot_id']) ?? ''})` }))
  return { text: body.message, buttons, elements: [], custom: {}, template: null, response: null, image: null, attachment: null }
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Gateway } from '../desk/gateway.ts'
import { parsedArguments } from './arguments.ts'
import { jsonLine, objectOf, textOf } from './json.ts'
import { ofChannel, openChannel } from './open-channel.ts'
import { headerOf, isRecent, isSigned, type Proof } from './proof.ts'
import { PlatformTools, type PlatformCall } from './run-tool.ts'
import { baseUrlOf, retellDefinitions } from './tool-definitions.ts'

/** `POST /channels/retell` and `POST /channels/retell/{tool}`: Retell's custom functions. */
export function retellRoutes(app: FastifyInstance, gateway: Gateway): void {
  openChannel(app, gateway, {
    name: 'retell',
    proof: retellProof,
    routes: (scope) => {
      const tools = new PlatformTools(gateway, 'retell')
      const answer = async (request: FastifyRequest, reply: FastifyReply, name?: string) => {
        const { structured } = await tools.run(request, callOf(request.body, name))
        // A JSON object on one line: what Retell shows the model, and takes its response variables from.
        return reply.type('application/json').send(jsonLine(structured))
      }
      scope.post('/channels/retell', ofChannel, (request, reply) => answer(request, reply))
      scope.post<{ Params: { tool: string } }>('/channels/retell/:tool', ofChannel, (request, reply) =>
        answer(request, reply, request.params.tool),
      )
    },
    openRoutes: (open) => {
      const { all } = new PlatformTools(gateway, 'retell')
      open.get('/channels/retell/tools', ofChannel, (request) => retellDefinitions(all, baseUrlOf(request, gateway)))
    },
  })
}

/** `X-Retell-Signature: v=<milliseconds>,d=<HMAC-SHA256 of body and milliseconds, hex>`, made with the account's API key. */
export const retellProof: Proof = ({ headers, rawBody, now }, secrets) => {
  const [, timestamp, digest] = /^v=(\d+),d=([0-9a-f]+)$/i.exec(headerOf(headers, 'x-retell-signature') ?? '') ?? []
  if (timestamp === undefined || digest === undefined) return false
  return isRecent(Number(timestamp), now) && isSigned(secrets, `${rawBody}${timestamp}`, digest)
}

/**
 * `{name, call, args}`, or the arguments alone where the function is set to "args only".
 * Retell names the conversation, but not the single call: two holds of one time within a conversation, with a release between them,
 * would look the same. So a repetition is recognized by patient and target, except where there is neither.
 */
function callOf(body: unknown, nameInPath?: string): PlatformCall {
  const object = objectOf(body) ?? {}
  const tool = nameInPath ?? textOf(object['name']) ?? ''
  const isWhole = objectOf(object['call']) !== undefined || Object.hasOwn(object, 'args')
  if (!isWhole) return { tool, args: object }
  return { tool, args: parsedArguments(object['args']), conversation: textOf(objectOf(object['call'])?.['call_id']) }
}

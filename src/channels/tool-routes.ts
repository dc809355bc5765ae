import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../desk/gateway.ts'
import { clientOf } from '../http/request-context.ts'
import { callTool } from '../tools/call-tool.ts'
import { buildTools } from '../tools/catalog.ts'
import { withoutBlanks } from './arguments.ts'
import { gptDocument } from './openapi-gpt.ts'
import { recordResult } from './run-tool.ts'
import { baseUrlOf } from './tool-definitions.ts'

/**
 * `POST /channels/tools/{tool}`: the tools for platforms that take an OpenAPI description (GPT Actions and others), one path each,
 * with a client key. `GET /openapi.gpt.json` describes them.
 * The REST calls would not do: GPT Actions send no headers, and the patient's token stands in one where there is no body.
 */
export function toolRoutes(app: FastifyInstance, gateway: Gateway): void {
  const tools = buildTools(gateway)
  for (const tool of tools) {
    app.post(`/channels/tools/${tool.name}`, { config: { scope: tool.scope }, schema: { hide: true } }, async (request) => {
      const caller = { client: clientOf(request), requestId: request.id }
      const result = await callTool(gateway, tool, withoutBlanks(request.body ?? {}), caller)
      recordResult(request, gateway, { door: 'tools', tool: tool.name, result })
      return result.structured
    })
  }
  app.get('/openapi.gpt.json', { config: { scope: 'public' }, schema: { hide: true } }, (request) =>
    gptDocument(tools, baseUrlOf(request, gateway)),
  )
}

import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Gateway } from '../desk/gateway.ts'
import type { Tool } from '../tools/tool.ts'
import { objectOf, type JsonObject } from './json.ts'

/** Where the platform calls: PUBLIC_URL, or else what this request calls the gateway. No slash at its end. */
export function baseUrlOf(request: FastifyRequest, { publicUrl }: Pick<Gateway, 'publicUrl'>): string {
  if (publicUrl !== undefined) return publicUrl
  const isHost = /^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(request.host)
  return isHost ? `${request.protocol}://${request.host}` : ''
}

/** The JSON Schema (2020-12) of what a tool takes or gives, from its zod schema. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

/** The variable in which Vapi and Retell keep the patient's token between the tools: no model has to copy its 230 characters. */
const TOKEN = 'patient_token'
const STORED_TOKEN = `{{${TOKEN}}}`

/**
 * Vapi's form of the tools (`POST https://api.vapi.ai/tool`, one call each). `start_intake` keeps the token in a variable
 * (`variableExtractionPlan`), the others send it as a static parameter, which Vapi adds behind the model's back.
 */
export function vapiDefinitions(tools: readonly Tool[], baseUrl: string): JsonObject[] {
  return tools.map((tool) => {
    const { parameters, takesToken } = parametersOf(tool)
    return {
      type: 'function',
      async: false,
      function: { name: tool.name, description: tool.description, parameters },
      server: { url: `${baseUrl}/channels/vapi` },
      ...(takesToken && { parameters: [{ key: TOKEN, value: STORED_TOKEN }] }),
      ...(givesToken(tool) && { variableExtractionPlan: { aliases: [{ key: TOKEN, value: `{{ $.${TOKEN} }}` }] } }),
    }
  })
}

/** Retell's form of the tools (an agent's `general_tools`), with the token in a response variable and a constant of the parameters. */
export function retellDefinitions(tools: readonly Tool[], baseUrl: string): JsonObject[] {
  return tools.map((tool) => {
    const { parameters, takesToken } = parametersOf(tool)
    const { properties, required } = parameters
    const token = { type: 'string', const: STORED_TOKEN }
    return {
      type: 'custom',
      name: tool.name,
      description: tool.description,
      url: `${baseUrl}/channels/retell/${tool.name}`,
      method: 'POST',
      timeout_ms: 10_000,
      // A repetition has one effect, so Retell may try again when the connection breaks.
      max_retry: 1,
      speak_during_execution: !tool.annotations.readOnlyHint,
      speak_after_execution: true,
      parameters: {
        type: 'object',
        properties: { ...objectOf(properties), ...(takesToken && { [TOKEN]: token }) },
        required: required ?? [],
      },
      ...(givesToken(tool) && { response_variables: { [TOKEN]: TOKEN } }),
    }
  })
}

/** What the model fills in: neither the token nor, for clients that may name any patient, the patient. */
function parametersOf(tool: Tool): { parameters: JsonObject; takesToken: boolean } {
  const schema = schemaOf(tool.input, 'input')
  const properties = objectOf(schema['properties']) ?? {}
  const isForModel = (name: string): boolean => name !== TOKEN && !(name === 'patient' && objectOf(properties[name])?.['type'] === 'string')
  const names = Object.keys(properties).filter(isForModel)
  const required = Array.isArray(schema['required']) ? schema['required'].filter((name) => names.includes(String(name))) : []
  return {
    parameters: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, properties[name]])), required },
    takesToken: TOKEN in properties,
  }
}

function givesToken(tool: Tool): boolean {
  return TOKEN in tool.output.shape
}

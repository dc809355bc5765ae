import { problemSchema } from '../desk/schemas.ts'
import type { Tool } from '../tools/tool.ts'
import { objectOf, type JsonObject } from './json.ts'
import { schemaOf } from './tool-definitions.ts'

/** What GPT Actions take of a description, in characters: of an operation, and of a parameter. */
export const GPT_LIMITS = { operation: 300, parameter: 700 } as const

/**
 * The OpenAPI 3.1 description for GPT Actions, made from the tools: their names, words, zod schemas and annotations.
 * @param baseUrl where the gateway is reached; GPT Actions need https there
 */
export function gptDocument(tools: readonly Tool[], baseUrl: string): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Clinic booking',
      version: '0.1.0',
      license: { name: 'All rights reserved', identifier: 'LicenseRef-proprietary' },
      description: 'Find, hold, book, move and cancel visits. Every time is held first and read to the patient before it is booked.',
    },
    servers: [{ url: baseUrl === '' ? '/' : baseUrl }],
    security: [{ clientKey: [] }],
    paths: Object.fromEntries(tools.map((tool) => [`/channels/tools/${tool.name}`, { post: operationOf(tool) }])),
    components: {
      securitySchemes: { clientKey: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: schemaOf(problemSchema.pick(OF_A_PROBLEM), 'output') },
    },
  }
}

function operationOf(tool: Tool): JsonObject {
  return {
    operationId: tool.name,
    summary: clipped(tool.title, GPT_LIMITS.operation),
    description: clipped(tool.description, GPT_LIMITS.operation),
    'x-openai-isConsequential': !tool.annotations.readOnlyHint,
    requestBody: { required: true, content: json(withShortWords(schemaOf(tool.input, 'input'))) },
    responses: {
      200: {
        description: '`outcome` says how it went, `message` what to tell the patient, `next_actions` what to call next.',
        content: json(withShortWords(schemaOf(tool.output, 'output'))),
      },
      ...Object.fromEntries(Object.entries(REFUSED).map(([status, description]) => [status, { description, content: PROBLEM }])),
    },
  }
}

const REFUSED = {
  400: 'The body is not JSON.',
  401: 'The client key is missing or wrong.',
  403: 'The client key lacks the scope.',
  429: 'Too many requests: wait as long as Retry-After says.',
  503: 'Busy: nothing was done, try again.',
} as const
/** Of a problem body: what no tool is needed for. */
const OF_A_PROBLEM = { title: true, status: true, detail: true, code: true, message: true, retryable: true } as const
const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }

function json(schema: unknown): JsonObject {
  return { 'application/json': { schema } }
}

/** The schema with no description longer than GPT Actions take. */
function withShortWords(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withShortWords)
  const object = objectOf(schema)
  if (!object) return schema
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      name,
      name === 'description' && typeof value === 'string' ? clipped(value, GPT_LIMITS.parameter) : withShortWords(value),
    ]),
  )
}

/** The text within the limit: cut after a whole sentence where that leaves half of it, otherwise after a word. */
export function clipped(text: string, limit: number): string {
  if (text.length <= limit) return text
  const head = text.slice(0, limit)
  const sentence = Math.max(head.lastIndexOf('. '), head.lastIndexOf('; '))
  if (sentence >= limit / 2) return head.slice(0, sentence + 1)
  const word = head.lastIndexOf(' ')
  return `${text.slice(0, word > 0 ? word : limit - 1)}…`
}

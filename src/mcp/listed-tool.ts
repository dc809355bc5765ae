import type { Tool as ListedTool } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Tool } from '../tools/tool.ts'

const listed = new WeakMap<Tool, ListedTool>()

/** A tool as `tools/list` shows it. The JSON Schemas are made once: the catalog does not change while the process runs. */
export function listedTool(tool: Tool): ListedTool {
  const known = listed.get(tool) ?? describe(tool)
  listed.set(tool, known)
  return known
}

function describe(tool: Tool): ListedTool {
  const { name, title, description, annotations } = tool
  return {
    name,
    title,
    description,
    inputSchema: schemaOf(tool.input, 'input'),
    outputSchema: schemaOf(tool.output, 'output'),
    annotations: { ...annotations },
  }
}

/** Without `$schema`: clients of 2025 check answers with draft-07 and stop at the name of a newer one. Both read what is used here alike. */
function schemaOf(zodSchema: z.ZodObject, io: 'input' | 'output'): ListedTool['inputSchema'] {
  const { $schema: _, ...schema } = portable(z.toJSONSchema(zodSchema, { io })) as Record<string, unknown>
  return { ...schema, type: 'object' }
}

/** Says the same so that hosts with a poorer dialect understand it: one type in each schema, and nothing where anything goes. */
function portable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(portable)
  if (typeof schema !== 'object' || schema === null) return schema
  const { type, additionalProperties: more, ...others } = schema as Record<string, unknown>
  const rest = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, portable(value)]))
  const isAnything = typeof more === 'object' && more !== null && Object.keys(more).length === 0
  return {
    ...(Array.isArray(type) ? { anyOf: type.map((one: unknown) => ({ type: one })) } : type !== undefined && { type: portable(type) }),
    ...rest,
    ...(more !== undefined && !isAnything && { additionalProperties: portable(more) }),
  }
}

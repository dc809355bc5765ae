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
    inputSchema: objectSchema(z.toJSONSchema(tool.input, { io: 'input' })),
    outputSchema: objectSchema(z.toJSONSchema(tool.output, { io: 'output' })),
    annotations: { ...annotations },
  }
}

/** Without `$schema`: clients of 2025 check answers with draft-07 and stop at the name of a newer one. Both read what is used here alike. */
function objectSchema({ $schema: _, ...schema }: Record<string, unknown>): ListedTool['inputSchema'] {
  return { ...schema, type: 'object' }
}

import { McpServer, ProtocolError, ProtocolErrorCode, type CallToolRequest, type CallToolResult } from '@modelcontextprotocol/server'
import type { Gateway } from '../desk/gateway.ts'
import { VERSION } from '../desk/version.ts'
import { callTool, type ToolCaller, type ToolResult } from '../tools/call-tool.ts'
import type { Tool } from '../tools/tool.ts'
import { instructionsFor } from './instructions.ts'
import { listedTool } from './listed-tool.ts'

/** The list changes with a new mapping or another key only; clients need not ask before each turn. */
const LIST_KEPT_MS = 60_000

/** What a server of one request needs. */
export interface McpRequest {
  readonly gateway: Gateway
  /** The whole catalog; what the client may not call is not listed. */
  readonly tools: readonly Tool[]
  readonly caller: ToolCaller
  /** Told of each call as it ends. */
  called(tool: Tool, result: ToolResult): void
}

/**
 * The MCP server of one HTTP request. Nothing outlives it: every replica can answer every request.
 * The protocol's own methods (initialize, server/discover, ping) are the SDK's.
 */
export function buildServer(request: McpRequest): McpServer {
  const { gateway, tools, caller } = request
  const { name: clinic } = gateway.booking.mapping.clinic
  const mcp = new McpServer(
    { name: 'fhir-scheduling-gateway', title: `Scheduling of ${clinic}`, version: VERSION },
    {
      capabilities: { tools: { listChanged: false } },
      instructions: instructionsFor(clinic),
      cacheHints: { 'tools/list': { ttlMs: LIST_KEPT_MS, cacheScope: 'private' } },
    },
  )
  const allowed = tools.filter((tool) => caller.client.scopes.includes(tool.scope))
  mcp.server.setRequestHandler('tools/list', () => ({ tools: allowed.map(listedTool) }))
  mcp.server.setRequestHandler('tools/call', ({ params }) => answerCall(request, params))
  return mcp
}

/** @throws ProtocolError for a name that is no tool, and for a key or conversation that is none */
async function answerCall(request: McpRequest, params: CallToolRequest['params']): Promise<CallToolResult> {
  const { gateway, tools, caller } = request
  const tool = tools.find(({ name }) => name === params.name)
  if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such tool. tools/list names all there are.')
  // A tool that the client may not call is refused there, like everything else: as a result that says what to do.
  const result = await callTool(gateway, tool, params.arguments, {
    ...caller,
    idempotencyKey: named(params._meta, 'idempotency_key'),
    conversation: named(params._meta, 'conversation_id') ?? caller.conversation,
  })
  request.called(tool, result)
  const { outcome } = result.structured
  return {
    content: [{ type: 'text', text: result.text }],
    structuredContent: { ...result.structured },
    // Some agent frameworks end the run at an error: what is everyday business for a clinic is none.
    isError: outcome === 'invalid_request' || outcome === 'internal',
  }
}

/** What the host's own program says in `_meta`: which call it is (a repetition has no second effect), and of which conversation. */
function named(meta: Readonly<Record<string, unknown>> | undefined, name: 'idempotency_key' | 'conversation_id'): string | undefined {
  const value = meta?.[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value)) return value
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `_meta.${name} must be 1 to 255 printable ASCII characters.`)
}

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientOf2025 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportOf2025 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

/** What a tool answered, whichever client asked. */
export interface ToolAnswer {
  readonly body: Readonly<Record<string, unknown>> & { readonly outcome: string; readonly message: string }
  readonly text: string
  readonly isError: boolean
}

/** An official MCP client that is connected: the clients have different types, and do the same. */
export interface McpFace {
  readonly instructions: string | undefined
  readonly server: { readonly name: string; readonly version: string } | undefined
  tools(): Promise<{ name: string }[]>
  call(name: string, args: Readonly<Record<string, unknown>>, meta?: Readonly<Record<string, unknown>>): Promise<ToolAnswer>
  close(): Promise<void>
}

/** How to get in. */
export interface McpAccess {
  /** `http://…/mcp`. */
  readonly url: string
  /** Client key or access token. */
  readonly key: string
}

/** The official clients in TypeScript, by what they speak. */
export const CLIENTS = {
  'client v2, revision 2026-07-28': (access) => connectV2(access, { pin: '2026-07-28' }),
  'client v2, negotiating': (access) => connectV2(access, 'auto'),
  'client v2, revisions of 2025': (access) => connectV2(access, 'legacy'),
  'client v1': connectV1,
} satisfies Record<string, (access: McpAccess) => Promise<McpFace>>

const WHO = { name: 'test', version: '1.0.0' }
const withKey = (key: string) => ({ requestInit: { headers: { authorization: `Bearer ${key}` } } })

/** Client and server packages of 2026 (`@modelcontextprotocol/client`). */
export async function connectV2({ url, key }: McpAccess, mode: 'auto' | 'legacy' | { pin: string }): Promise<McpFace> {
  const client = new Client(WHO, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), withKey(key)))
  return {
    instructions: client.getInstructions(),
    server: client.getServerVersion(),
    tools: async () => (await client.listTools()).tools,
    call: async (name, args, meta) => answerOf(await client.callTool({ name, arguments: args, ...(meta && { _meta: meta }) })),
    close: () => client.close(),
  }
}

/** The package of 2025 (`@modelcontextprotocol/sdk`), as most programs still have it. */
export async function connectV1({ url, key }: McpAccess): Promise<McpFace> {
  const client = new ClientOf2025(WHO)
  await client.connect(new TransportOf2025(new URL(url), withKey(key)))
  return {
    instructions: client.getInstructions(),
    server: client.getServerVersion(),
    // It checks every answer against the output schema of the list.
    tools: async () => (await client.listTools()).tools,
    call: async (name, args, meta) => answerOf(await client.callTool({ name, arguments: args, ...(meta && { _meta: meta }) })),
    close: () => client.close(),
  }
}

/** @throws Error for a result that is not one text and structured content */
export function answerOf(result: unknown): ToolAnswer {
  const { structuredContent, content, isError } = result as {
    structuredContent?: ToolAnswer['body']
    content: { type: string; text: string }[]
    isError?: boolean
  }
  const [only, ...more] = content
  if (structuredContent === undefined || only?.type !== 'text' || more.length > 0) throw new Error('not one text and structured content')
  return { body: structuredContent, text: only.text, isError: isError === true }
}

import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as ClientOf2025 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as TransportOf2025 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { answerOf, type McpAccess, type McpFace } from './mcp-clients.ts'

const WHO = { name: 'test', version: '1.0.0' }

/** `npm run mcp` as a host starts it, with a client of 2026 or of 2025 at its ends. */
export async function connectStdio({ url, key }: McpAccess, era: 2026 | 2025): Promise<McpFace> {
  const start = {
    command: process.execPath,
    args: ['scripts/bootstrap.mjs', 'scripts/mcp.ts'],
    env: { PATH: process.env['PATH'] ?? '', GATEWAY_URL: new URL(url).origin, GATEWAY_KEY: key },
    stderr: 'ignore' as const,
  }
  const client = era === 2026 ? new Client(WHO, { versionNegotiation: { mode: { pin: '2026-07-28' } } }) : new ClientOf2025(WHO)
  if (client instanceof Client) await client.connect(new StdioClientTransport(start))
  else await client.connect(new TransportOf2025(start))
  return {
    instructions: client.getInstructions(),
    server: client.getServerVersion(),
    tools: async () => (await client.listTools()).tools,
    call: async (name, args, meta) => answerOf(await client.callTool({ name, arguments: args, ...(meta && { _meta: meta }) })),
    close: () => client.close(),
  }
}

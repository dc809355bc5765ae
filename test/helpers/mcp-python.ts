import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ensurePython } from '../../scripts/testing/python.ts'
import { answerOf, type McpAccess, type McpFace } from './mcp-clients.ts'

/** The official Python client. */
const PACKAGES = ['mcp==2.3.0']
/** Making its environment takes a minute at the first time, in milliseconds. */
export const PYTHON_WITHIN_MS = 300_000

/** Starts the client in a process of its own and connects it. @param mode `auto`, `legacy`, or a revision */
export async function connectPython({ url, key }: McpAccess, mode: string): Promise<McpFace> {
  const bin = await ensurePython(PACKAGES)
  const child = spawn(join(bin, 'python'), [join(import.meta.dirname, 'mcp_client.py')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, MCP_URL: url, MCP_KEY: key, MCP_MODE: mode },
  })
  let complaints = ''
  child.stderr.on('data', (bytes: Buffer) => (complaints += bytes.toString('utf8')))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`the Python client has ended: ${complaints.slice(-1_000)}`)
    return JSON.parse(value) as Record<string, unknown>
  }
  const ask = (command: object): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify(command)}\n`)
    return next()
  }
  const { instructions, server } = (await next()) as unknown as Pick<McpFace, 'instructions' | 'server'>
  return {
    instructions,
    server,
    tools: async () => (await ask({ method: 'tools' }))['tools'] as { name: string }[],
    call: async (name, args, meta) => answerOf(await ask({ method: 'call', name, args, meta })),
    close: async () => {
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}

/**
 * npm run --silent mcp      an MCP server on standard input and output, for hosts that start their servers themselves
 *
 * A bridge to a running gateway: GATEWAY_URL (default http://127.0.0.1:3000) and GATEWAY_KEY (a client key; default dev-key on this
 * machine). It holds no secret but that key and reaches neither the FHIR server nor Redis. Standard output carries the protocol and
 * nothing else; what goes wrong stands on standard error.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { VERSION } from '../src/desk/version.ts'

const DEV_KEY = 'dev-key'
/** The gateway answers within 5 s; more is a broken connection. */
const ANSWER_WITHIN_MS = 15_000

const settings = readSettings()
try {
  const gateway = await connect(settings)
  process.stderr.write(`Connected to ${settings.url.origin}. Waiting for a client on standard input.\n`)
  serveStdio(() => bridgeTo(gateway))
} catch (error) {
  fail(`${settings.url.origin} cannot be used: ${error instanceof Error ? error.message : String(error)}`)
}

function readSettings(): { url: URL; key: string } {
  const base = URL.parse(process.env['GATEWAY_URL'] ?? 'http://127.0.0.1:3000')
  if (!base || !/^https?:$/.test(base.protocol)) return fail('GATEWAY_URL must be an http or https address, e.g. http://127.0.0.1:3000')
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(base.hostname)
  // The key opens the gateway for whoever reads it on the way.
  if (!isHere && base.protocol !== 'https:') return fail('GATEWAY_URL on another machine must be an https address.')
  const key = process.env['GATEWAY_KEY'] ?? (isHere ? DEV_KEY : undefined)
  if (key === undefined) return fail('GATEWAY_KEY is missing: a client key of that gateway.')
  return { url: new URL('/mcp', base), key }
}

async function connect({ url, key }: { url: URL; key: string }): Promise<Client> {
  const client = new Client({ name: 'fhir-scheduling-gateway-stdio', version: VERSION }, { versionNegotiation: { mode: 'auto' } })
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers: { authorization: `Bearer ${key}` } } })
  await client.connect(transport, { timeout: ANSWER_WITHIN_MS })
  return client
}

/** Passes on what the gateway says, to the letter: tools, answers, errors. Arguments are checked there. */
function bridgeTo(gateway: Client): McpServer {
  const instructions = gateway.getInstructions()
  const about = gateway.getServerVersion() ?? { name: 'fhir-scheduling-gateway', version: VERSION }
  const mcp = new McpServer(about, {
    capabilities: { tools: { listChanged: false } },
    ...(instructions !== undefined && { instructions }),
  })
  const options = { timeout: ANSWER_WITHIN_MS }
  mcp.server.setRequestHandler('tools/list', async () => ({ tools: (await gateway.listTools(undefined, options)).tools }))
  mcp.server.setRequestHandler('tools/call', ({ params }) => gateway.callTool(params, options))
  return mcp
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

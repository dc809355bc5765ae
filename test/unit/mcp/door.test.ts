import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import type { Gateway } from '../../../src/desk/gateway.ts'
import { BEGINNING } from '../../simulation/world.ts'
import { ADA, CHATBOT, memoryGateway } from '../helpers/memory-gateway.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const ALL = { ...CHATBOT, key_sha256: sha256('all') }
const READER = { id: 'reader', key_sha256: sha256('reader'), scopes: ['availability:read' as const] }
const NAMES = [
  'start_intake',
  'what_day_is_it',
  'find_times',
  'hold_time',
  'confirm_booking',
  'my_appointments',
  'reschedule',
  'cancel',
  'ask_for_staff',
]

let gateway: Gateway
let app: FastifyInstance
let lines: Record<string, unknown>[] = []
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(BEGINNING)
  await open()
})
beforeEach(() => {
  lines = []
})
afterAll(async () => {
  await app.close()
  vi.useRealTimers()
})

async function open(changes: Partial<Gateway> = {}): Promise<void> {
  gateway = { ...memoryGateway().gateway, clients: [ALL, READER], ...changes }
  app = await buildApp(gateway, pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) }))
}

/** Does it with a gateway that differs. */
async function withGateway(changes: Partial<Gateway>, doIt: () => Promise<void>): Promise<void> {
  const [usualGateway, usualApp] = [gateway, app]
  await open(changes)
  await doIt().finally(async () => {
    await app.close()
    ;[gateway, app] = [usualGateway, usualApp]
  })
}

interface Ask {
  readonly key?: string | undefined
  readonly headers?: Record<string, string>
  readonly meta?: Record<string, unknown>
}

const MODERN = { protocolVersion: '2026-07-28', clientCapabilities: {}, clientInfo: { name: 'test', version: '1' } }

/** Sends a message of revision 2026-07-28. */
async function send(method: string, params: Record<string, unknown> = {}, { key = 'all', headers = {}, meta = {} }: Ask = {}) {
  const claims = Object.fromEntries(Object.entries(MODERN).map(([name, value]) => [`io.modelcontextprotocol/${name}`, value]))
  const answer = await post(
    { jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: { ...claims, ...meta } } },
    {
      key,
      headers: {
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(typeof params['name'] === 'string' && { 'mcp-name': params['name'] }),
        ...headers,
      },
    },
  )
  return { ...answer, result: (answer.body as { result?: Record<string, unknown> }).result ?? {} }
}

async function post(payload: unknown, { key = 'all', headers = {} }: Ask = {}) {
  const answer = await app.inject({
    method: 'POST',
    url: '/mcp',
    headers: {
      ...(key !== '' && { authorization: `Bearer ${key}` }),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  })
  const isJson = String(answer.headers['content-type']).includes('json')
  return { status: answer.statusCode, headers: answer.headers, body: isJson ? answer.json<unknown>() : answer.body }
}

async function call(name: string, args: Record<string, unknown>, ask: Ask = {}) {
  const { status, result, body } = await send('tools/call', { name, arguments: args }, ask)
  const { structuredContent = {}, isError } = result as { structuredContent?: Record<string, unknown>; isError?: boolean }
  return { status, body, isError, content: result['content'] as { type: string; text: string }[], structured: structuredContent }
}

describe('before anything is read', () => {
  test('a key is asked for', async () => {
    for (const key of ['', 'invented']) {
      const { status, headers, body } = await send('tools/list', {}, { key })
      expect(status).toBe(401)
      expect(headers['www-authenticate']).toBe('Bearer realm="fhir-scheduling-gateway"')
      expect(body).toMatchObject({ code: 'unauthenticated' })
    }
  })

  test('a client that asks too often waits', async () => {
    const counters = { count: () => Promise.resolve({ count: 6, leftMs: 9_000 }) }
    await withGateway({ rateLimit: { perMinute: 5, counters } }, async () => {
      const { status, headers, body } = await send('tools/list')
      expect(status).toBe(429)
      expect(headers['retry-after']).toBe('9')
      expect(body).toMatchObject({ code: 'rate_limited', retryable: true })
    })
  })

  test('64 KiB are enough', async () => {
    expect((await call('find_times', { type: 'x'.repeat(64 * 1024) })).status).toBe(413)
  })

  test.for([
    ['not JSON', '{', 400],
    ['nothing', '', 400],
    ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'tools/list' }], 400],
    ['a prototype', '{"jsonrpc":"2.0","id":1,"method":"ping","__proto__":{}}', 400],
    ['no message', { hello: 'world' }, 400],
    ['a number', '7', 400],
  ] as const)('%s is refused', async ([, payload, expected]) => {
    const { status, body } = await post(payload)
    expect(status).toBe(expected)
    expect(JSON.stringify(body)).not.toMatch(/hello|world/)
  })

  test('nobody listens for changes: there are none, and a stream would stay open', async () => {
    const { status, body } = await send('subscriptions/listen', { notifications: { toolsListChanged: true } })
    expect([status, body]).toEqual([404, { jsonrpc: '2.0', id: 7, error: { code: -32601, message: 'Method not found' } }])
  })

  test.for(['GET', 'DELETE', 'PUT', 'PATCH'] as const)('there is no stream and no session: %s is answered with 405', async (method) => {
    const answer = await app.inject({ method, url: '/mcp', headers: { authorization: 'Bearer all' } })
    expect(answer.statusCode).toBe(405)
    expect(answer.headers.allow).toBe('POST')
  })
})

describe('web pages', () => {
  const page = (origin: string) => ({ headers: { origin, host: 'evil.example' } })

  test('of unknown origins are refused, also where their name points here', async () => {
    const { status, headers, body } = await send('tools/list', {}, page('http://evil.example'))
    expect(status).toBe(403)
    expect(body).toMatchObject({ code: 'forbidden' })
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })

  test('of allowed origins can call, and read refusals', async () => {
    await withGateway({ origins: { allowed: ['https://chat.example'], local: false } }, async () => {
      for (const [key, status] of [['all', 200] as const, ['', 401] as const]) {
        const answer = await send('tools/list', {}, { key, ...page('https://chat.example') })
        expect(answer.status).toBe(status)
        expect(answer.headers).toMatchObject({ 'access-control-allow-origin': 'https://chat.example', vary: 'Origin' })
        expect(answer.headers['access-control-expose-headers']).toContain('www-authenticate')
      }
      expect((await send('tools/list', {}, page('http://localhost:3000'))).status).toBe(403)
    })
  })

  test('ask before they call', async () => {
    const ask = (origin: string | undefined) => app.inject({ method: 'OPTIONS', url: '/mcp', headers: { ...(origin && { origin }) } })
    const local = await ask('http://localhost:5173')
    expect(local.statusCode).toBe(204)
    expect(local.headers['access-control-allow-headers']).toContain('authorization')
    expect((await ask('https://evil.example')).statusCode).toBe(403)
    expect((await ask(undefined)).statusCode).toBe(403)
  })
})

describe('tools/list', () => {
  test('has every tool in the order of a conversation, with all annotations and both schemas', async () => {
    const { result } = await send('tools/list')
    const tools = result['tools'] as Record<string, Record<string, unknown>>[]
    expect(tools.map(({ name }) => name)).toEqual(NAMES)
    for (const { annotations, inputSchema, outputSchema, description, title } of tools) {
      expect(Object.keys(annotations!).sort()).toEqual(['destructiveHint', 'idempotentHint', 'openWorldHint', 'readOnlyHint', 'title'])
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
      expect(outputSchema).toMatchObject({ type: 'object', required: ['outcome', 'message', 'next_actions'] })
      expect([typeof description, typeof title]).toEqual(['string', 'string'])
    }
    expect((await send('tools/list')).body).toEqual((await send('tools/list')).body)
  })

  test('shows a client what it may call, and nothing else', async () => {
    const { result } = await send('tools/list', {}, { key: 'reader' })
    const names = (result['tools'] as { name: string }[]).map(({ name }) => name)
    expect(names).toContain('find_times')
    expect(names).not.toContain('hold_time')
    expect(names).not.toContain('start_intake')
  })

  test('tells clients how long it keeps, for this client alone', async () => {
    expect((await send('tools/list')).result).toMatchObject({ ttlMs: 60_000, cacheScope: 'private' })
  })
})

describe('tools/call', () => {
  test('answers with structured content and one line of text', async () => {
    const { status, isError, content, structured } = await call('find_times', { type: 'short', limit: 2 })
    expect([status, isError]).toEqual([200, false])
    expect(structured).toMatchObject({ outcome: 'ok', slots: [{}, {}] })
    expect(content).toHaveLength(1)
    expect(content[0]?.text).not.toMatch(/\n/)
    expect(content[0]?.text).toContain((structured['slots'] as { slot_id: string }[])[0]?.slot_id)
  })

  test('what the clinic refuses is a result, no error', async () => {
    expect(await call('my_appointments', {})).toMatchObject({ isError: false, structured: { outcome: 'patient_required' } })
    const { patient_token } = (await call('start_intake', { type: 'short', patient: ADA })).structured
    expect(await call('hold_time', { slot_id: 'invented', patient_token })).toMatchObject({
      isError: false,
      structured: { outcome: 'invalid_slot_id' },
    })
  })

  test('arguments that do not fit are an error that names the argument and not its value', async () => {
    const { isError, structured, body } = await call('find_times', { type: 'short', limit: 'Nora Fields' })
    expect([isError, structured['outcome'], structured['path']]).toEqual([true, 'invalid_request', 'limit'])
    expect(JSON.stringify(body)).not.toContain('Nora')
  })

  test('a tool beyond the scopes is refused', async () => {
    expect(await call('start_intake', { type: 'short', patient: ADA }, { key: 'reader' })).toMatchObject({
      isError: false,
      structured: { outcome: 'forbidden' },
    })
  })

  test('there is no other tool, and its name is not repeated', async () => {
    for (const name of ['book_now', '__proto__', 'constructor', 'Nora Fields']) {
      const { body } = await call(name, {})
      expect(body).toMatchObject({ error: { code: -32602 } })
      expect(JSON.stringify(body)).not.toContain(name)
    }
  })

  test('a key in _meta names the call', async () => {
    const patient_token = (await call('start_intake', { type: 'short', patient: ADA })).structured['patient_token']
    const slots = (await call('find_times', { type: 'short' })).structured['slots'] as { slot_id: string }[]
    const meta = { idempotency_key: 'turn-1' }
    const hold = (index: number) => call('hold_time', { slot_id: slots[index]!.slot_id, patient_token }, { meta })
    expect((await hold(0)).structured).toMatchObject({ outcome: 'ok', replayed: false })
    expect((await hold(0)).structured).toMatchObject({ outcome: 'ok', replayed: true })
    expect((await hold(1)).structured).toMatchObject({ outcome: 'idempotency_key_reused' })
  })

  test.for(['idempotency_key', 'conversation_id'])('what is no %s is refused', async (name) => {
    for (const bad of [7, '', 'ä', 'x'.repeat(256)]) {
      const { body } = await call('find_times', { type: 'short' }, { meta: { [name]: bad } })
      expect(body).toMatchObject({ error: { code: -32602 } })
    }
  })

  test.for<readonly [how: string, ask: (name: string) => Ask]>([
    ['in _meta', (name) => ({ meta: { conversation_id: name } })],
    ['in X-Conversation-Id', (name) => ({ headers: { 'x-conversation-id': name } })],
  ])('a conversation that is named %s has attempts of its own to say who it is', async ([how, ask]) => {
    const guess = async (name: string, index: number) => {
      const patient = { mrn: `${how}-${name}-${index}`, birth_date: '1980-02-29' }
      return (await call('start_intake', { type: 'short', patient }, ask(`${how} ${name}`))).structured['outcome']
    }
    const many: unknown[] = []
    for (let index = 0; index < 12; index++) many.push(await guess('one', index))
    expect(many[0]).toBe('identity_unverified')
    expect(many.at(-1)).toBe('needs_staff')
    expect(await guess('two', 0)).toBe('identity_unverified')
  })
})

describe('the record of a call', () => {
  test('names route, tool and outcome, and nothing that was said', async () => {
    await call('start_intake', { type: 'short', patient: { ...ADA, mrn: 'Nora-Fields' } }, { headers: { 'x-request-id': 'turn-17' } })
    await call('find_times', { type: 'none-of-these' })
    const [intake, times] = lines.filter(({ msg }) => msg === 'request')
    expect(intake).toMatchObject({
      route: 'POST /mcp',
      client: 'chatbot',
      tool: 'start_intake',
      outcome: 'identity_unverified',
      status: 200,
    })
    expect(times).toMatchObject({ tool: 'find_times', outcome: 'invalid_request', code: 'invalid_request' })
    expect(JSON.stringify(lines)).not.toMatch(/Nora|1980|none-of-these/)
    const metrics = await gateway.metrics.registry.metrics()
    expect(metrics).toContain('fsg_tool_calls_total{door="mcp",tool="start_intake",outcome="identity_unverified"} 1')
    expect(metrics).toMatch(/fsg_http_requests_total\{route="POST \/mcp",status="200",code="ok"\} \d/)
    expect(metrics).not.toMatch(/Nora/)
  })

  test("has the caller's request id, also in the answer", async () => {
    const { headers } = await send('tools/list', {}, { headers: { 'x-request-id': 'turn-18' } })
    expect(headers['x-request-id']).toBe('turn-18')
    expect(headers['cache-control']).toBe('no-store')
  })

  test('a fault is one line without its message, and tells the caller nothing', async () => {
    const { booking } = gateway
    const directories = { ...booking.directories, current: () => Promise.reject(new Error('Nora Fields')) }
    await withGateway({ booking: { ...booking, directories } }, async () => {
      const { isError, structured, body } = await call('find_times', { type: 'short' })
      expect([isError, structured['outcome']]).toEqual([true, 'internal'])
      expect(lines.find(({ msg }) => msg === 'unexpected error')).toMatchObject({ level: 50, err: { type: 'Error' } })
      expect(JSON.stringify([body, lines])).not.toMatch(/Nora/)
    })
  })
})

import { connect as connectSocket } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { instant, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { inEhr, slotStatuses } from '../helpers/ehr-changes.ts'
import { recordFact } from '../helpers/facts.ts'
import { clientsFile, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { CLIENTS, type McpAccess, type McpFace, type ToolAnswer } from '../helpers/mcp-clients.ts'
import { connectPython, PYTHON_WITHIN_MS } from '../helpers/mcp-python.ts'
import { connectStdio } from '../helpers/mcp-stdio.ts'
import { metric } from '../helpers/metrics.ts'
import { hapiOnPostgres, isFullRun } from '../helpers/servers.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { expectSound, until } from '../helpers/writes.ts'

const MAX_ANSWER_BYTES = 2_048
const RACES = isFullRun ? 40 : 8
const DAY_MS = 24 * 60 * 60_000

/** A chatbot as a clinic sets it up: no scope for any patient, and none for operators. */
const BOT: TestClient = {
  id: unique('bot'),
  key: unique('bot-key'),
  scopes: ['availability:read', 'intake:write', 'holds:write', 'appointments:read', 'appointments:write', 'escalations:write'],
}
const OPERATOR: TestClient = { id: unique('operator'), key: 'dev-key', scopes: ['staff'] }

const FACES: Record<string, (access: McpAccess) => Promise<McpFace>> = {
  ...CLIENTS,
  'client in Python, negotiating': (access) => connectPython(access, 'auto'),
  'client in Python, revisions of 2025': (access) => connectPython(access, 'legacy'),
  'npm run mcp (stdio), client v2': (access) => connectStdio(access, 2026),
  'npm run mcp (stdio), client v1': (access) => connectStdio(access, 2025),
}

const fhir = hapiOnPostgres()
let proxy: TcpProxy
/** Two replicas: nothing is remembered between requests, so a client may talk to both. */
let gateways: readonly [GatewayProcess, GatewayProcess]
beforeAll(async () => {
  proxy = await startProxy(fhir.baseUrl)
  const environment = clientsFile([BOT, OPERATOR])
  const start = () => startGateway({ fhirBaseUrl: proxy.fhirBaseUrl, environment })
  gateways = await Promise.all([start(), start()])
})
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()))
  await proxy.stop()
})

const access = (replica: 0 | 1 = 0): McpAccess => ({ url: `${gateways[replica].api.baseUrl}/mcp`, key: BOT.key })

/** Calls a tool; whatever it answers is short. */
async function call(client: McpFace, name: string, args: Record<string, unknown>): Promise<ToolAnswer['body']> {
  const { body, text, isError } = await client.call(name, args)
  expect(isError, text).toBe(false)
  expect(Buffer.byteLength(JSON.stringify(body)), name).toBeLessThan(MAX_ANSWER_BYTES)
  return body
}

async function tokenOf(client: McpFace, desk: Desk, index = 0): Promise<string> {
  const { identifier, birthDate } = await fhir.read('Patient', desk.patients[index]?.split('/')[1] ?? '')
  const answer = await call(client, 'start_intake', { type: 'short', patient: { mrn: identifier?.[0]?.value, birth_date: birthDate } })
  expect(answer.outcome).toBe('eligible')
  return answer['patient_token'] as string
}

/** The free times of the desk, soonest first. */
async function offers(client: McpFace, desk: Desk, limit = 3): Promise<string[]> {
  const start = Date.parse(desk.slots[0]?.start ?? '')
  const span = { start: instant(start), end: instant(start + DAY_MS) }
  const found = await call(client, 'find_times', { type: 'short', provider: desk.provider, ...span, limit })
  return (found['slots'] as { slot_id: string }[]).map((slot) => slot.slot_id)
}

describe('from intake to cancel, on a real EHR', () => {
  test.for(Object.entries(FACES))('%s', { timeout: PYTHON_WITHIN_MS }, async ([, connect]) => {
    const desk = await openDesk(fhir, { slots: 4, patients: 1 })
    const client = await connect(access())
    expect((await client.tools()).map(({ name }) => name)).toEqual(expect.arrayContaining(['start_intake', 'confirm_booking']))
    const patient_token = await tokenOf(client, desk)
    const [first, second, ...more] = await offers(client, desk)
    expect(more).toHaveLength(1)
    const held = await call(client, 'hold_time', { slot_id: first, patient_token })
    expect(held).toMatchObject({ outcome: 'ok', state: 'held', replayed: false })
    const { hold_id } = held as unknown as { hold_id: string }
    for (const replayed of [false, true]) {
      expect(await call(client, 'confirm_booking', { hold_id, patient_token })).toMatchObject({ outcome: 'ok', state: 'booked', replayed })
    }
    expect((await inEhr(fhir, hold_id)).status).toBe('booked')
    for (const replayed of [false, true]) {
      const moved = await call(client, 'reschedule', { appointment_id: hold_id, slot_id: second, patient_token })
      expect(moved).toMatchObject({ outcome: 'ok', appointment_id: hold_id, replayed })
    }
    expect((await call(client, 'my_appointments', { patient_token }))['appointments']).toMatchObject([{ appointment_id: hold_id }])
    for (const replayed of [false, true]) {
      expect(await call(client, 'cancel', { appointment_id: hold_id, patient_token })).toMatchObject({ state: 'cancelled', replayed })
    }
    expect(await slotStatuses(fhir, desk)).toEqual(['free', 'free', 'free', 'free'])
    await expectSound(fhir, desk, { live: 0, all: 1 })
    await client.close()
  })
})

describe('two patients', () => {
  test(`race for one time over MCP, ${RACES} times: one has it, the other hears of times nearby`, async () => {
    const desk = await openDesk(fhir, { slots: RACES + 4, patients: 2 })
    const [ada, bo] = await Promise.all([CLIENTS['client v2, revision 2026-07-28'](access(0)), CLIENTS['client v1'](access(1))])
    const bots = [
      { client: ada, patient_token: await tokenOf(ada, desk, 0) },
      { client: bo, patient_token: await tokenOf(bo, desk, 1) },
    ]
    let worstMs = 0
    for (let race = 0; race < RACES; race++) {
      const [slot_id] = await offers(ada, desk, 1)
      const began = performance.now()
      const holds = await Promise.all(bots.map(({ client, patient_token }) => call(client, 'hold_time', { slot_id, patient_token })))
      worstMs = Math.max(worstMs, performance.now() - began)
      expect(holds.map(({ outcome }) => outcome).sort()).toEqual(['ok', 'slot_taken'])
      const winner = holds[0]?.outcome === 'ok' ? 0 : 1
      expect(holds[1 - winner]?.['alternatives']).not.toEqual([])
      const { client, patient_token } = bots[winner]!
      const booked = await call(client, 'confirm_booking', { hold_id: holds[winner]?.['hold_id'], patient_token })
      expect(booked.outcome).toBe('ok')
    }
    recordFact(`${RACES} races of two MCP clients for one time`, `one winner each, slowest answer ${Math.round(worstMs)} ms`)
    await expectSound(fhir, desk, { live: RACES, all: RACES })
    await Promise.all([ada.close(), bo.close()])
  })
})

describe('whoever hangs up', () => {
  /** Sends a tool call of a 2025 client over a socket of its own, and destroys that before an answer can come. */
  async function callAndHangUp(name: string, args: object): Promise<void> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } })
    const head = [
      'POST /mcp HTTP/1.1',
      'Host: gateway',
      `Authorization: Bearer ${BOT.key}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ]
    const socket = connectSocket(Number(new URL(gateways[0].api.baseUrl).port), '127.0.0.1')
    await once(socket, 'connect')
    proxy.forget()
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
    await until('the write is on its way to the EHR', 5_000, () => Promise.resolve(proxy.seen.some(({ kind }) => kind === 'transaction')))
    socket.destroy()
  }

  test('has booked all the same, and asking again gives the result', async () => {
    const desk = await openDesk(fhir, { slots: 2, patients: 1 })
    const client = await CLIENTS['client v2, revision 2026-07-28'](access())
    const patient_token = await tokenOf(client, desk)
    const [slot_id] = await offers(client, desk)
    const { hold_id } = (await call(client, 'hold_time', { slot_id, patient_token })) as unknown as { hold_id: string }
    proxy.next('transaction', { delayMs: 700 })
    await callAndHangUp('confirm_booking', { hold_id, patient_token })
    expect((await inEhr(fhir, hold_id)).status).toBe('pending')
    await until('the visit is booked', 5_000, async () => (await inEhr(fhir, hold_id)).status === 'booked')
    // Through another replica, as a balancer would send it.
    const again = await CLIENTS['client v1'](access(1))
    expect(await call(again, 'confirm_booking', { hold_id, patient_token })).toMatchObject({
      outcome: 'ok',
      state: 'booked',
      replayed: true,
    })
    const { api } = gateways[0]
    await until(
      'the call is in the record',
      5_000,
      async () => (await metric(api, 'fsg_tool_calls_total{door="mcp",tool="confirm_booking",outcome="ok"}')) > 0,
    )
    expect(await metric(api, 'fsg_http_requests_total{route="POST /mcp",status="499",code="client_gone"}')).toBe(1)
    await expectSound(fhir, desk, { live: 1, all: 1 })
    await Promise.all([client.close(), again.close()])
  })
})

describe('while the EHR is down', () => {
  test('the model hears that nothing was booked, and what to do', async () => {
    const desk = await openDesk(fhir, { slots: 2, patients: 1 })
    const client = await CLIENTS['client v2, negotiating'](access())
    const patient_token = await tokenOf(client, desk)
    const [slot_id] = await offers(client, desk)
    await proxy.refuse()
    const answer = await call(client, 'hold_time', { slot_id, patient_token }).finally(() => proxy.accept())
    expect(answer).toMatchObject({ outcome: 'ehr_unavailable', retryable: true })
    expect(answer['next_actions']).toContain('repeat_same_call')
    await client.close()
  })
})

import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { assemble, type Assembly } from '../../src/deps.ts'
import { escalate as escalateNow } from '../../src/escalation/escalate.ts'
import { deliverKept } from '../../src/escalation/escalate-or-keep.ts'
import type { EscalationRequest } from '../../src/escalation/ports.ts'
import { Turnstile } from '../../src/booking/turnstile.ts'
import { newCall } from '../../src/booking/call.ts'
import { openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { recordsOf, tasksOf } from '../helpers/escalations.ts'
import { hapiOnH2, hapiOnPostgres } from '../helpers/servers.ts'
import { startProxy, type Fault, type TcpProxy } from '../helpers/tcp-proxy.ts'

/** The gateway in this process, with a backlog that the test sees; everything else is as `main.ts` puts it together. */
const fhir = hapiOnH2()
const kept: EscalationRequest[] = []
let keeps = true
let proxy: TcpProxy
let assembly: Assembly
let app: FastifyInstance
let desk: Desk

beforeAll(async () => {
  proxy = await startProxy(fhir.baseUrl)
  assembly = assemble(
    readConfig({ FHIR_BASE_URL: proxy.fhirBaseUrl, REDIS_URL: process.env['TEST_REDIS_URL'], LOG_LEVEL: 'silent', NODE_ENV: 'test' }),
  )
  await assembly.start()
  const backlog = {
    keep: (request: EscalationRequest) => {
      if (keeps) kept.push(request)
      return Promise.resolve(keeps)
    },
  }
  const { gateway } = assembly
  app = await buildApp({ ...gateway, escalation: { ...gateway.escalation, backlog } }, pino({ level: 'silent' }))
  desk = await openDesk(fhir, { slots: 1, patients: 8 })
})
afterEach(() => {
  proxy.pass()
  keeps = true
  kept.length = 0
})
afterAll(async () => {
  await app.close()
  await assembly.stop()
  await proxy.stop()
})

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** One escalation, which has to be answered in the promised time. */
async function escalate(body: object = { reason: 'other', patient: desk.patients[0] }): Promise<Answered> {
  const started = performance.now()
  const answer = await app.inject({ method: 'POST', url: '/escalations', headers: { authorization: 'Bearer dev-key' }, payload: body })
  expect(performance.now() - started).toBeLessThan(5_000)
  return { status: answer.statusCode, body: answer.json() }
}

async function expectOneTask(id: unknown): Promise<void> {
  const tasks = await tasksOf(fhir, String(id))
  expect(tasks).toHaveLength(1)
  expect(await recordsOf(fhir, tasks[0]!)).toHaveLength(1)
}

describe('while the EHR is down', () => {
  test('an escalation is kept: 202 with the id it will have, and it stands once it is delivered', async () => {
    await proxy.refuse()
    const body = { reason: 'exception_requested', patient: desk.patients[1] }
    const answer = await escalate(body).finally(() => proxy.accept())
    expect(answer).toMatchObject({
      status: 202,
      body: {
        escalation_id: expect.stringMatching(/^esc-/) as unknown,
        state: 'pending',
        message: expect.stringMatching(/the clinic will be told as soon as its system answers/) as unknown,
      },
    })
    expect(kept).toHaveLength(1)
    const deliver = () =>
      deliverKept(assembly.gateway.escalation, JSON.parse(JSON.stringify(kept[0])) as EscalationRequest, newCall('r', 'worker'))
    expect(await deliver()).toMatchObject({ escalationId: answer.body['escalation_id'], replayed: false })
    expect(await deliver()).toMatchObject({ replayed: true })
    await expectOneTask(answer.body['escalation_id'])
    expect(await escalate(body)).toMatchObject({ status: 201, body: { replayed: true, escalation_id: answer.body['escalation_id'] } })
  })

  test('one that cannot be kept either is 503, and the sentence has the phone', async () => {
    keeps = false
    await proxy.refuse()
    const answer = await escalate().finally(() => proxy.accept())
    expect(answer).toMatchObject({ status: 503, body: { code: 'ehr_unavailable', retryable: true } })
    expect(answer.body['message']).toMatch(/^I cannot reach the staff right now\. Please call them at .*555-0100\.$/)
    expect(Object.keys(answer.body)).not.toContain('escalation_id')
    expect(await escalate()).toMatchObject({ status: 201, body: { replayed: false } })
  })
})

describe('a transaction', () => {
  test.each(['cut-answer', 'cut-midway', 'lose-request'] as const)(
    'that meets "%s" is looked up before anything is said',
    async (fault) => {
      proxy.next('transaction', fault)
      const answer = await escalate({ reason: 'other', patient: desk.patients[2], idempotency_key: unique('key') })
      expect(answer).toMatchObject({ status: 201, body: { replayed: false } })
      await expectOneTask(answer.body['escalation_id'])
      expect(kept).toEqual([])
    },
  )

  test.each<Fault>(['stall-answer', 'hold-request'])(
    'whose every answer is lost by "%s" is kept; late and repeated sends make one Task',
    async (fault) => {
      proxy.rule(({ kind }) => (kind === 'transaction' ? fault : 'pass'))
      const answer = await escalate({ reason: 'other', patient: desk.patients[3], idempotency_key: unique('key') })
      expect(answer).toMatchObject({ status: fault === 'stall-answer' ? 201 : 202 })
      proxy.pass()
      if (fault === 'hold-request') {
        expect(await deliverKept(assembly.gateway.escalation, kept[0]!, newCall('r', 'worker'))).toMatchObject({ replayed: false })
        expect(await proxy.deliverHeld()).toEqual(expect.arrayContaining([expect.stringMatching(/^HTTP\/1.1 (409|412) /)]))
      }
      await expectOneTask(answer.body['escalation_id'])
    },
  )

  test('that the EHR refuses is 502, and the sentence has the phone', async () => {
    const body = '{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","diagnostics":"Ann Muster"}]}'
    proxy.next('transaction', {
      answer: `HTTP/1.1 422 Unprocessable\r\nContent-Type: application/fhir+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    })
    const answer = await escalate({ reason: 'other', patient: desk.patients[4] })
    expect(answer).toMatchObject({ status: 502, body: { code: 'ehr_rejected', message: expect.stringContaining('555-0100') as unknown } })
    expect(JSON.stringify(answer.body)).not.toContain('Muster')
    expect(kept).toEqual([])
  })
})

test('what the gateway escalates itself is kept too', async () => {
  const patient = { family_name: unique('Nobody'), given_name: 'X', birth_date: '1911-11-11', phone: '555-1' }
  proxy.rule(({ kind }) => (kind === 'transaction' ? 'lose-request' : 'pass'))
  const answer = await app.inject({
    method: 'POST',
    url: '/intake',
    headers: { authorization: 'Bearer dev-key' },
    payload: { type: 'follow-up', patient },
  })
  proxy.pass()
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toMatchObject({ outcome: 'identity_unverified', escalation_id: expect.stringMatching(/^esc-/) as unknown })
  expect(kept.map((request) => request.reason)).toEqual(['identity_unverified'])
  expect(JSON.stringify(kept)).not.toContain(patient.family_name)
  await deliverKept(assembly.gateway.escalation, kept[0]!, newCall('r', 'worker'))
  await expectOneTask(answer.json<Record<string, unknown>>()['escalation_id'])
})

test('50 identical triggers from as many processes are one Task', async () => {
  const postgres = hapiOnPostgres()
  const elsewhere = assemble(readConfig({ FHIR_BASE_URL: postgres.baseUrl, REDIS_URL: process.env['TEST_REDIS_URL'], LOG_LEVEL: 'silent' }))
  await elsewhere.start()
  try {
    const request = { reason: 'other', clientId: 'c', requestId: 'r', trail: [], key: unique('key') }
    // What processes do not share is the turnstile.
    const deps = () => ({ ...elsewhere.gateway.escalation, turnstile: new Turnstile() })
    const results = await Promise.all(Array.from({ length: 50 }, () => escalateNow(deps(), request, newCall('r', 'c'))))
    expect(results.filter((result) => !result.replayed)).toHaveLength(1)
    const tasks = await tasksOf(postgres, results[0]!.escalationId)
    expect(tasks).toHaveLength(1)
    expect(await recordsOf(postgres, tasks[0]!)).toHaveLength(1)
  } finally {
    await elsewhere.stop()
  }
})

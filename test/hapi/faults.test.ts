import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../helpers/api.ts'
import { openDesk, unique } from '../helpers/clinic.ts'
import { tasksOf } from '../helpers/escalations.ts'
import { recordFact } from '../helpers/facts.ts'
import { freePort, startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { expectProblem } from '../helpers/problem-body.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { startProxy, type Fault, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { expectSound, prepareWrite, succeed, until, WRITES, type PreparedWrite } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const ANSWER_WITHIN_MS = 5_000
const NO_PATIENT = WRITES.filter((name) => name !== 'hold without patient')
let proxy: TcpProxy
let gateway: GatewayProcess
beforeAll(async () => {
  proxy = await startProxy(fhir.baseUrl)
  gateway = await startGateway({ fhirBaseUrl: proxy.fhirBaseUrl, environment: { LOG_LEVEL: 'fatal' } })
})
afterEach(() => {
  proxy.pass()
})
afterAll(async () => {
  await gateway.stop()
  await proxy.stop()
})

const api = () => gateway.api
let slowestMs = 0

/** The answer, which has to come within the promised time. */
async function inTime(asked: Promise<Answer>): Promise<Answer> {
  const started = performance.now()
  const answer = await asked
  const took = performance.now() - started
  slowestMs = Math.max(slowestMs, took)
  expect(took).toBeLessThan(ANSWER_WITHIN_MS)
  return answer
}

const http = (status: string, type: string, body: string, length = Buffer.byteLength(body)): Fault => ({
  answer: `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
})
const NONSENSE: readonly (readonly [string, Fault])[] = [
  ['an HTML page', http('200 OK', 'text/html', '<html><body>Log in, please</body></html>')],
  ['JSON that ends in the middle', http('200 OK', 'application/fhir+json', '{"resourceType":"Bundle","type":"batch-resp')],
  ['an answer that breaks off', http('200 OK', 'application/fhir+json', '{"resourceType":"Bundle",', 5_000)],
  ['an empty Bundle', http('200 OK', 'application/fhir+json', '{"resourceType":"Bundle","type":"transaction-response"}')],
  ['a redirect', http('302 Found\r\nLocation: http://127.0.0.1:9/elsewhere', 'text/plain', '')],
  ['status 500', http('500 Internal Server Error', 'application/fhir+json', '{"resourceType":"OperationOutcome"}')],
  ['status 503 as HTML', http('503 Service Unavailable', 'text/html', '<html>no upstream</html>')],
]

describe.each(NO_PATIENT)('%s', (name) => {
  test.each(['cut-answer', 'cut-midway', 'lose-request'] as const)(
    'whose transaction meets "%s" still has its one effect, and the client is told',
    async (fault) => {
      const write = await prepareWrite(name, fhir, api())
      proxy.next('transaction', fault)
      const answer = await inTime(write.send(api(), { key: unique('key') }))
      expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: write.status, body: { replayed: false } })
      await expectSound(fhir, write.desk, { live: write.live, all: 1 })
    },
  )
})

/** One write that meets a fault from its first transaction on, told from the others by its X-Request-Id. */
interface Stalled {
  readonly write: PreparedWrite
  readonly key: string
  readonly answer: Answer
}

/** Every write at the same time, because a stalled one takes nearly all of its five seconds. */
async function stallAll(first: Fault, later: Fault): Promise<Stalled[]> {
  const writes: PreparedWrite[] = []
  for (const name of NO_PATIENT) writes.push(await prepareWrite(name, fhir, api()))
  const stalled = new Map(writes.map((write) => [unique('request'), { write, begun: false }]))
  proxy.rule(({ kind, requestId }) => {
    const one = stalled.get(requestId ?? '')
    if (!one || (kind !== 'transaction' && !one.begun)) return 'pass'
    if (one.begun) return later
    one.begun = true
    return first
  })
  return Promise.all(
    [...stalled].map(async ([requestId, { write }]) => {
      const key = unique('key')
      return { write, key, answer: await inTime(write.send(api(), { key, headers: { 'x-request-id': requestId } })) }
    }),
  )
}

describe('hold, book, confirm, reschedule and cancel', () => {
  test('whose answer stalls still have their one effect, and the client is told in time', async () => {
    for (const { write, answer } of await stallAll('stall-answer', 'pass')) {
      expect(answer, `${write.name} ${JSON.stringify(answer.body)}`).toMatchObject({ status: write.status, body: { replayed: false } })
      await expectSound(fhir, write.desk, { live: write.live, all: 1 })
    }
  })

  test('whose answers all stall end in 202, and the operation in succeeded', async () => {
    const stalled = await stallAll('stall-answer', 'stall-answer')
    proxy.pass()
    for (const { write, key, answer } of stalled) {
      expect(answer, write.name).toMatchObject({ status: 202, body: { state: 'pending' } })
      const operation = () => api().get(`/operations/${answer.body.operation_id}`)
      await until('the operation is settled', ANSWER_WITHIN_MS, async () => (await operation()).body.state !== 'pending')
      const { body } = await operation()
      expect(body).toMatchObject({ state: 'succeeded' })
      const repeated = await write.send(api(), { key })
      expect(repeated).toMatchObject({ status: write.status, body: { appointment_id: body.appointment_id, replayed: true } })
      await expectSound(fhir, write.desk, { live: write.live, all: 1 })
    }
  })

  test('whose transaction arrives after it was sent again have one effect', async () => {
    const stalled = await stallAll('hold-request', 'pass')
    proxy.pass()
    for (const { write, key, answer } of stalled) {
      expect([write.status, 202], write.name).toContain(answer.status)
      if (answer.status === 202) await succeed(write.send(api(), { key }))
    }
    const late = await proxy.deliverHeld()
    expect(late).toEqual(stalled.map(() => expect.stringMatching(/^HTTP\/1.1 (409|412) /) as unknown))
    for (const { write, key } of stalled) {
      expect(await write.send(api(), { key }), write.name).toMatchObject({ status: write.status, body: { replayed: true } })
      await expectSound(fhir, write.desk, { live: write.live, all: 1 })
    }
  })
})

describe.each(NO_PATIENT)('%s that the EHR refuses', (name) => {
  // HAPI's words quote what was sent, and what is stored.
  const issue = [{ severity: 'error', code: 'invalid', diagnostics: 'HAPI-9999: Muster, 555-0123' }]
  const outcome = JSON.stringify({ resourceType: 'OperationOutcome', issue })
  const refusals = ['400 Bad Request', '422 Unprocessable Entity'].map((status) => http(status, 'application/fhir+json', outcome))

  test('is 502 without a word of its diagnostics; nothing is written, and the same request can succeed later', async () => {
    const write = await prepareWrite(name, fhir, api())
    const state = async () => [
      await fhir.search('Slot', `schedule=Schedule/${write.desk.schedule}`),
      await fhir.search('Appointment', `actor=Practitioner/${write.desk.provider}`),
    ]
    const before = await state()
    const key = unique('key')
    const escalations = new Set<string>()
    for (const refusal of refusals) {
      proxy.next('transaction', refusal)
      const requestId = unique('request')
      const answer = await inTime(write.send(api(), { key, headers: { 'x-request-id': requestId } }))
      const escalation_id = String(answer.body['escalation_id'])
      expectProblem(answer, 'ehr_rejected', { escalation_id, message: expect.stringMatching(/call you by .*\.$/) as unknown })
      expect(JSON.stringify([answer.body, [...answer.headers]])).not.toMatch(/HAPI|Muster|0123/)
      // The same write again would not help: the only other transaction is the Task for the staff.
      const sent = proxy.seen.filter((request) => request.kind === 'transaction' && request.requestId === requestId)
      expect(sent.length).toBeLessThanOrEqual(2)
      expect(await state()).toEqual(before)
      escalations.add(escalation_id)
    }
    expect(escalations.size).toBe(1)
    expect(await tasksOf(fhir, [...escalations][0]!)).toMatchObject([{ code: { coding: [{ code: 'ehr_rejected' }] } }])
    expect(await write.send(api(), { key })).toMatchObject({ status: write.status, body: { replayed: false } })
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  })
})

/** What the demo clinic lets the gateway accept while its EHR is down (`whenEhrIsDown.accept` of the mapping, by default). */
const ACCEPTED = ['confirm', 'cancel'] as const

describe('an EHR that is down', () => {
  test.each(ACCEPTED)('%s: 202, accepted for later, and the same request succeeds once it is back', async (name) => {
    const write = await prepareWrite(name, fhir, api())
    const key = unique('key')
    await proxy.refuse()
    try {
      const answer = await inTime(write.send(api(), { key }))
      expect(answer).toMatchObject({ status: 202, body: { state: 'pending', operation_id: expect.any(String) as string } })
    } finally {
      await proxy.accept()
    }
    expect(await write.send(api(), { key })).toMatchObject({ status: write.status, body: { replayed: false } })
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  })

  test.each(NO_PATIENT.filter((name) => !ACCEPTED.some((one) => one === name)))('%s: 503 with Retry-After, and the same request succeeds once it is back', async (name) => {
    const write = await prepareWrite(name, fhir, api())
    const key = unique('key')
    await proxy.refuse()
    try {
      const answer = await inTime(write.send(api(), { key }))
      expect(answer).toMatchObject({ status: 503, body: { code: 'ehr_unavailable', retryable: true } })
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    } finally {
      await proxy.accept()
    }
    expect(await write.send(api(), { key })).toMatchObject({ status: write.status, body: { replayed: false } })
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  })

  test('reads say so too', async () => {
    const write = await prepareWrite('book', fhir, api())
    const { appointment_id: id } = (await succeed(write.send(api()))).body
    await proxy.refuse()
    try {
      const patient = { headers: { 'x-patient': write.patient } }
      const answers = [
        await inTime(api().get(`/appointments/${id}`)),
        await inTime(api().get('/appointments', patient)),
        await inTime(api().get(`/availability?type=short&provider=${write.desk.provider}`)),
        await inTime(api().post('/intake', { type: 'short', patient: { mrn: 'x', birth_date: '1980-01-02' } })),
      ]
      for (const answer of answers) expect(answer).toMatchObject({ status: 503, body: { code: 'ehr_unavailable' } })
    } finally {
      await proxy.accept()
    }
    expect((await api().get(`/appointments/${id}`)).status).toBe(200)
  })
})

describe.each(NONSENSE)('an EHR that answers with %s', (_name, fault) => {
  test('to a read: 503, nothing written, and the same request succeeds afterwards', async () => {
    const write = await prepareWrite('book', fhir, api())
    proxy.next('batch', fault)
    expect(await inTime(write.send(api()))).toMatchObject({ status: 503, body: { code: 'ehr_unavailable' } })
    await expectSound(fhir, write.desk, { live: 0, all: 0 })
    expect(await write.send(api())).toMatchObject({ status: 201, body: { replayed: false } })
    await expectSound(fhir, write.desk, { live: 1, all: 1 })
  })

  test('to one transaction: the booking is made all the same', async () => {
    const write = await prepareWrite('book', fhir, api())
    proxy.next('transaction', fault)
    expect(await inTime(write.send(api()))).toMatchObject({ status: 201, body: { replayed: false } })
    await expectSound(fhir, write.desk, { live: 1, all: 1 })
  })

  test('to every transaction: 202, never a failure; repeating the request books once', async () => {
    const write = await prepareWrite('book', fhir, api())
    const key = unique('key')
    proxy.rule((request) => (request.kind === 'transaction' ? fault : 'pass'))
    expect(await inTime(write.send(api(), { key }))).toMatchObject({ status: 202, body: { state: 'pending' } })
    proxy.pass()
    expect(await write.send(api(), { key })).toMatchObject({ status: 201, body: { replayed: false } })
    await expectSound(fhir, write.desk, { live: 1, all: 1 })
  })
})

test('without Redis the whole flow works', async () => {
  const alone = await startGateway({
    fhirBaseUrl: fhir.baseUrl,
    environment: { REDIS_URL: `redis://127.0.0.1:${await freePort()}`, LOG_LEVEL: 'fatal' },
  })
  try {
    const desk = await openDesk(fhir, { slots: 2, patients: 1 })
    const offers = await alone.api.offers('short', desk.provider)
    const [patient] = desk.patients
    const hold = await succeed(inTime(alone.api.post('/holds', { slot_id: offers[0]?.slot_id, patient })))
    const id = (await succeed(inTime(alone.api.post('/appointments', { hold_id: hold.body.hold_id })))).body.appointment_id
    await succeed(inTime(alone.api.post(`/appointments/${id}/reschedule`, { slot_id: offers[1]?.slot_id })))
    expect((await inTime(alone.api.post(`/appointments/${id}/cancel`, {}))).body.status).toBe('cancelled')
    await expectSound(fhir, desk, { live: 0, all: 1 })
  } finally {
    await alone.stop()
  }
})

test('every answer came in time', () => {
  expect(slowestMs).toBeGreaterThan(0)
  recordFact('slowest answer with a broken EHR', `${(slowestMs / 1000).toFixed(1)} s`)
})

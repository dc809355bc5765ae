import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Patient } from 'fhir/r4.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SCOPES } from '../../src/config.ts'
import { Api, type Answer, type Ask } from '../helpers/api.ts'
import { MRN_SYSTEM, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { tasksOf } from '../helpers/escalations.ts'
import { clientsFile, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { leaksIn, type Secrets } from '../helpers/leaks.ts'
import { contentOf, ownRedisUrl } from '../helpers/redis.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { startProxy, type Fault, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { startReceiver, type WebhookReceiver } from '../helpers/webhook-receiver.ts'
import { expectSound, succeed, until } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const STAFF: TestClient = {
  id: unique('desk'),
  key: unique('staff-key'),
  scopes: SCOPES,
}
const BOT: TestClient = { id: unique('bot'), key: unique('bot-key'), scopes: SCOPES.filter((scope) => scope !== 'patients:any') }
const redisUrl = ownRedisUrl()
const WEBHOOK_SECRET = `whsec_${Buffer.from('a webhook secret of the tests, 32 b').toString('base64')}`

/** What this patient would not want to be read anywhere. */
const FAMILY = `Quixworthington-${unique('name')}`
const GIVEN = 'Zephyrine'
const BIRTH_DATE = '1937-11-29'
const MRN = `ZQ-${unique('mrn')}-XW`
const PHONE = '(415) 555-7391'
const EMAIL = 'zq.private@secret.example'
const COMPLAINT = 'haemorrhoids'
const ID = unique('prv')
const SECRETS: Secrets = {
  FAMILY,
  GIVEN,
  BIRTH_DATE,
  MRN,
  PHONE,
  'digits of PHONE': '4155557391',
  EMAIL,
  COMPLAINT,
  'Patient id': ID,
}
const EVERYTHING = `${GIVEN} ${FAMILY} ${BIRTH_DATE} ${MRN} ${PHONE} ${EMAIL} ${COMPLAINT} Patient/${ID}`

const PATIENT: Patient = {
  resourceType: 'Patient',
  id: ID,
  active: true,
  name: [{ family: FAMILY, given: [GIVEN] }],
  birthDate: BIRTH_DATE,
  identifier: [{ system: MRN_SYSTEM, value: MRN }],
  telecom: [
    { system: 'phone', value: PHONE },
    { system: 'email', value: EMAIL },
  ],
}

let proxy: TcpProxy
let gateway: GatewayProcess
let desk: Desk
let receiver: WebhookReceiver
/** Every answer so far, with its headers, as text. */
const answers: string[] = []
/** All that Redis held, whenever it was looked into. */
const inRedis: string[] = []
/** Credentials and ids of visits: not for the log either. */
const credentials: Record<string, string> = { 'key of a client': STAFF.key, 'key of the bot': BOT.key }

beforeAll(async () => {
  proxy = await startProxy(fhir.baseUrl)
  receiver = await startReceiver(WEBHOOK_SECRET)
  const webhooks = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'webhooks.json')
  writeFileSync(webhooks, JSON.stringify([{ id: 'zap', url: receiver.url(), secret: WEBHOOK_SECRET }]))
  gateway = await startGateway({
    fhirBaseUrl: proxy.fhirBaseUrl,
    capture: true,
    role: 'all',
    environment: {
      ...clientsFile([STAFF, BOT]),
      LOG_LEVEL: 'trace',
      REDIS_URL: redisUrl,
      WEBHOOKS_FILE: webhooks,
      WEBHOOKS_ALLOW_PRIVATE_TARGETS: 'true',
    },
  })
  await fhir.put(PATIENT)
  desk = await openDesk(fhir, { slots: 12, patients: 2 })
})
afterAll(async () => {
  await gateway.stop()
  await receiver.stop()
  await proxy.stop()
})

async function send(method: string, path: string, body?: unknown, ask: Ask = {}, client = STAFF): Promise<Answer> {
  const answer = await gateway.api.send(method, path, body, { auth: `Bearer ${client.key}`, ...ask })
  answers.push(JSON.stringify([method, answer.status, answer.body, [...answer.headers]]))
  return answer
}
const get = (path: string, ask: Ask = {}) => send('GET', path, undefined, ask)
const post = (path: string, body: unknown, ask: Ask = {}, client = STAFF) => send('POST', path, body, ask, client)
const inUrl = encodeURIComponent

/** Sends bytes that are no proper HTTP, and keeps what comes back. */
async function sendRaw(bytes: string): Promise<void> {
  const socket = connect(Number(new URL(gateway.api.baseUrl).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
  socket.on('error', () => undefined) // the gateway may close before everything is sent
  socket.write(bytes)
  await new Promise((resolve) => socket.once('close', resolve))
  answers.push(answer)
}

/** A FHIR server's refusal, which quotes what it was sent. */
const quoting = (status: string): Fault => {
  const issue = [{ severity: 'error', code: 'processing', diagnostics: `HAPI-9999: ${EVERYTHING}` }]
  const body = JSON.stringify({ resourceType: 'OperationOutcome', issue })
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/fhir+json\r\nContent-Length: ${Buffer.byteLength(body)}`
  return { answer: `${head}\r\nConnection: close\r\n\r\n${body}` }
}

const identity = { mrn: MRN, birth_date: BIRTH_DATE }
const byName = { family_name: FAMILY, given_name: GIVEN, birth_date: BIRTH_DATE, phone: PHONE, email: EMAIL }
const intake = (patient: unknown, extra: Record<string, unknown> = {}, client = STAFF) =>
  post('/intake', { type: 'short', patient, ...extra }, {}, client)

async function offersOf(): Promise<string[]> {
  const offers = await new Api(gateway.api.baseUrl, STAFF.key).offers('short', desk.provider)
  return offers.map((offer) => offer.slot_id)
}

describe('a patient does all there is to do', () => {
  let token: string
  let offers: string[]

  test('identity: verified, not verified, refused', async () => {
    const verified = await succeed(intake(identity))
    expect((await intake(byName)).body).toMatchObject({ outcome: 'eligible' })
    token = verified.body.patient_token
    credentials['patient_token'] = token
    const outcomes = [
      await intake({ ...identity, birth_date: '1937-11-30' }),
      await intake({ ...byName, phone: '555-0000' }),
      await intake({ family_name: FAMILY }),
      await intake({ email: EMAIL, given_name: GIVEN }),
      await intake(identity, { reason: `It is my ${COMPLAINT}` }),
      await intake(identity, { reason: `${GIVEN} has chest pain and ${COMPLAINT}` }),
      await intake({}, { reason: `suicidal because of ${COMPLAINT}`, type: FAMILY.slice(0, 40) }),
      await intake(identity, { reason: `${COMPLAINT} pills 20mg for ${EVERYTHING}`.slice(0, 500) }),
      await intake(identity, { exception: 'overbook', reason: COMPLAINT }),
      await intake({ ...byName, given_name: `${GIVEN}a` }, { new_patient: true, reason: COMPLAINT }),
    ]
    expect(outcomes.map((answer) => answer.body['outcome'])).toEqual([
      ...Array.from({ length: 4 }, () => 'identity_unverified'),
      'eligible',
      'urgent',
      'urgent',
      ...Array.from({ length: 3 }, () => 'needs_staff'),
    ])
    const escalations = outcomes.filter((answer) => answer.body['outcome'] === 'urgent').map((answer) => String(answer.body['escalation_id']))
    const stored = await Promise.all(escalations.map((id) => tasksOf(fhir, id)))
    expect(stored.map((found) => found.length)).toEqual([1, 1])
    expect(JSON.stringify(stored)).not.toMatch(new RegExp(`${COMPLAINT}|${GIVEN}|${FAMILY}`, 'i'))
  })

  test('hold, book, show, move, cancel, lose, be refused', async () => {
    offers = await offersOf()
    const by = { patient_token: token }
    const key = { key: `${GIVEN} ${FAMILY}, ${BIRTH_DATE}` }
    const { hold_id: id } = (await succeed(post('/holds', { slot_id: offers[0], ...by }, key))).body
    credentials['appointment_id'] = id
    const booked = await succeed(post('/appointments', { hold_id: id, ...by }))
    credentials['confirmation_code'] = booked.body.confirmation_code
    for (const path of [`/appointments/${id}`, `/holds/${id}`, '/appointments', `/appointments/${id}/calendar.ics`])
      expect((await get(path, { token })).status).toBe(200)
    expect((await get(`/appointments?patient=Patient/${ID}`)).status).toBe(200)
    expect((await get('/appointments', { headers: { 'x-patient': `Patient/${ID}` } })).status).toBe(200)
    await succeed(post(`/appointments/${id}/reschedule`, { slot_id: offers[1], ...by }))
    expect((await post(`/appointments/${id}/cancel`, { reason: COMPLAINT, ...by })).status).toBe(400)
    await succeed(post(`/appointments/${id}/cancel`, { reason: 'transport', ...by }))
    await succeed(post('/appointments', { slot_id: offers[0], patient: desk.patients[0] }))
    expect((await post('/appointments', { slot_id: offers[0], patient: `Patient/${ID}` })).body.code).toBe('slot_taken')
    const escalation = { reason: 'exception_requested', ...by }
    await succeed(post('/escalations', escalation))
    await succeed(post('/escalations', { ...escalation, appointment_id: id }))
    expect((await post('/escalations', { ...escalation, note: `${GIVEN} has ${COMPLAINT}` })).status).toBe(400)
    for (const index of [2, 3, 4]) await succeed(post('/holds', { slot_id: offers[index], patient: `Patient/${ID}` }))
    expect((await post('/holds', { slot_id: offers[5], ...by })).body['policy']).toBe('too_many_holds')
    expect((await post('/holds', { slot_id: offers[5], patient: `Patient/${ID}` }, {}, BOT)).status).toBe(403)
    expect((await post('/appointments', { slot_id: offers[5], ...by }, {}, BOT)).status).toBe(403)
    await expectSound(fhir, desk, { live: 4, all: 5 })
  })

  /** Books with a fault on the way, which no other request meets. */
  async function bookDespite(fault: Fault, slot_id: string | undefined): Promise<Answer> {
    const requestId = unique('request')
    proxy.rule((request) => (request.kind === 'transaction' && request.requestId === requestId ? fault : 'pass'))
    const headers = { 'x-request-id': requestId }
    const answer = await post('/appointments', { slot_id, patient_token: token }, { headers })
    proxy.pass()
    return answer
  }

  test('with a FHIR server that fails, quotes the patient, or gives no answer', async () => {
    const failed: Answer[] = []
    for (const status of ['500 Internal Server Error', '400 Bad Request']) {
      proxy.rule(() => quoting(status))
      failed.push(await intake(identity), await post('/appointments', { slot_id: offers[6], patient_token: token }))
      failed.push(await get('/appointments', { token }))
    }
    proxy.pass()
    expect(failed.map((answer) => answer.body.code)).toEqual(failed.map(() => 'ehr_unavailable'))
    await untilBack()
    expect((await bookDespite(quoting('422 Unprocessable Entity'), offers[6])).body.code).toBe('ehr_rejected')
    const unknown = await bookDespite(quoting('500 Internal Server Error'), offers[6])
    expect(unknown.status).toBe(202)
    expect((await get(`/operations/${unknown.body.operation_id}`)).status).toBe(200)
    await untilBack()
    await succeed(bookDespite('cut-answer', offers[7]))
  })

  test('with a FHIR server that is down: what is accepted for later waits in Redis', async () => {
    const by = { patient_token: token }
    const listed = (await get('/appointments', { token })).body['appointments'] as { appointment_id: string; state: string }[]
    const { appointment_id: id } = listed.find((visit) => visit.state === 'booked')!
    await proxy.refuse()
    const refused = [await intake(identity), await get('/appointments', { token })]
    refused.push(await post('/appointments', { slot_id: offers[8], ...by }))
    const accepted = await post(`/appointments/${id}/cancel`, { reason: 'transport', ...by })
    const kept = await post('/escalations', { reason: 'other', ...by })
    inRedis.push(await contentOf(redisUrl))
    await proxy.accept()
    expect(refused.map((answer) => answer.body.code)).toEqual(refused.map(() => 'ehr_unavailable'))
    expect([accepted.status, kept.status]).toEqual([202, 202])
    const operation = () => get(`/operations/${accepted.body.operation_id}`)
    await until('the cancel is made', 30_000, async () => (await operation()).body.state === 'succeeded')
    await untilBack()
  })

  /** The gateway may keep away from a server that failed, for a while. */
  const untilBack = () =>
    until('the FHIR server is used again', 30_000, async () => (await get('/availability?type=short&limit=1')).status === 200)
})

describe('a chatbot puts the data where it does not belong', () => {
  test('into fields', async () => {
    const [slot_id] = await offersOf()
    const refused = [
      await post('/holds', { slot_id: EVERYTHING }),
      await post('/holds', { slot_id: `${FAMILY}.${'A'.repeat(24)}` }),
      await post('/holds', { slot_id, patient: `${GIVEN} ${FAMILY}` }),
      await post('/holds', { slot_id, patient: `Patient/${FAMILY}` }),
      await post('/holds', { slot_id, patient_token: EVERYTHING }),
      await post('/holds', { slot_id, idempotency_key: `${EMAIL}\n` }),
      await post('/holds', { slot_id, [EMAIL]: PHONE, [`${GIVEN} ${FAMILY}`]: BIRTH_DATE, [MRN]: 1, [ID]: 2, [`my ${COMPLAINT}`]: 3 }),
      await post('/appointments', { hold_id: FAMILY, slot_id: MRN }),
      await post('/appointments', { hold_id: `ap-${FAMILY}`, patient: `Patient/${ID}` }),
      await post('/intake', { type: EVERYTHING.slice(0, 40), patient: identity }),
      await post('/intake', { type: 'short', modality: FAMILY, patient: identity }),
      await post('/intake', { type: 'short', patient: EVERYTHING }),
      await post('/intake', { type: 'short', patient: { ...identity, birth_date: `${BIRTH_DATE}, ${FAMILY}` } }),
      await post('/intake', { type: 'short', patient: { ...identity, [FAMILY]: GIVEN } }),
      await post('/intake', { type: 'short', patient: identity, window: { start: BIRTH_DATE, end: FAMILY } }),
      await post('/appointments/x/cancel', { reason: FAMILY, expected_version: MRN }),
      await post('/holds', EVERYTHING),
      await post('/holds', `{"slot_id":"${EVERYTHING}`),
      await post('/holds', [EVERYTHING]),
      await post('/holds', { slot_id: EVERYTHING.repeat(1000) }),
      await post('/holds', EVERYTHING, { headers: { 'content-type': 'text/plain' } }),
      await post('/intake', `name=${FAMILY}`, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
      await post('/intake', `--${FAMILY}`, { headers: { 'content-type': `multipart/form-data; boundary=${FAMILY}` } }),
    ]
    for (const answer of refused) expect(answer.status, JSON.stringify(answer.body)).toBeGreaterThanOrEqual(400)
    for (const answer of refused) expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500)
  })

  test('into headers', async () => {
    const [slot_id] = await offersOf()
    const headers = [
      { 'x-patient': `${GIVEN} ${FAMILY}` },
      { 'x-patient-token': EVERYTHING },
      { 'x-conversation-id': EVERYTHING },
      { 'if-match': MRN },
      { 'x-request-id': EVERYTHING },
      { authorization: `Bearer ${FAMILY}` },
      { authorization: `Basic ${Buffer.from(EVERYTHING).toString('base64')}` },
      { cookie: `patient=${FAMILY}`, referer: `https://chat.example/${FAMILY}`, 'user-agent': EMAIL },
      { 'accept-version': FAMILY, accept: FAMILY, 'accept-encoding': FAMILY, origin: `https://${FAMILY}.example` },
    ]
    for (const one of headers) {
      await send('GET', '/appointments', undefined, { headers: one })
      await post('/holds', { slot_id }, { headers: one })
      await post(`/appointments/ap-${ID}/cancel`, {}, { headers: one })
      await post('/intake', { type: 'short', patient: identity, reason: COMPLAINT }, { headers: one })
    }
    expect(answers.length).toBeGreaterThan(headers.length)
  })

  test('into paths and queries', async () => {
    const paths = [
      `/patients/${GIVEN}/${FAMILY}?birth_date=${BIRTH_DATE}&mrn=${MRN}`,
      `/appointments/${FAMILY}`,
      `/appointments/ehr-${ID}`,
      `/appointments/${inUrl(EVERYTHING)}/calendar.ics`,
      `/holds/${BIRTH_DATE}`,
      `/operations/${inUrl(EMAIL)}`,
      `/operations/rcpt-${FAMILY}`,
      `/appointments/${FAMILY}%`,
      `/appointments/%E0%A4${FAMILY}`,
      `/appointments/${FAMILY.repeat(20)}`,
      `/appointments?patient=${inUrl(`${GIVEN} ${FAMILY}`)}`,
      `/appointments?${FAMILY}=${PHONE}&${inUrl(EMAIL)}=1`,
      `/availability?type=${FAMILY}`,
      `/availability?type=short&provider=${FAMILY}`,
      `/availability?type=short&provider=${inUrl(EVERYTHING)}`,
      `/availability?type=short&location=${ID}`,
      `/availability?type=short&start=${BIRTH_DATE}&end=${FAMILY}&limit=${MRN}`,
      `/docs/${FAMILY}`,
      `/health/live?name=${FAMILY}`,
    ]
    for (const path of paths) {
      const answer = await get(path)
      expect(answer.status, path).toBeLessThan(500)
      for (const method of ['DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'POST']) await send(method, path, method === 'POST' ? {} : undefined)
    }
  })

  test('into what is not HTTP', async () => {
    await sendRaw(`GET /appointments/${FAMILY} HTTP/9.9\r\n\r\n`)
    await sendRaw(`GET /appointments/${FAMILY} HTTP/1.1\r\nHost: x\r\n${GIVEN} ${FAMILY}\r\n\r\n`)
    await sendRaw(`${FAMILY} /${MRN}\r\n\r\n`)
    await sendRaw(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${EVERYTHING.repeat(1000)}\r\n\r\n`)
    await sendRaw(`POST /holds HTTP/1.1\r\nHost: x\r\nContent-Length: ${FAMILY}\r\n\r\n${EVERYTHING}`)
    await sendRaw(`POST /holds HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${FAMILY}\r\n`)
  })
})

describe('none of it is found afterwards', () => {
  /** Each text in which a secret stands, with the name of the secret. */
  const leaks = (texts: readonly string[], secrets: Secrets = { ...SECRETS, ...credentials }) =>
    texts.flatMap((text) => leaksIn(text, secrets).map((name) => `${name}: ${text.slice(0, 500)}`))

  test('in any answer, header or error body', () => {
    expect(answers.length).toBeGreaterThan(150)
    expect(leaks(answers, SECRETS)).toEqual([])
  })

  test('in the metrics', async () => {
    const metrics = String((await get('/metrics')).body['text'])
    expect(metrics).toContain('fsg_http_requests_total{route="POST /appointments"')
    expect(leaks(metrics.split('\n'))).toEqual([])
  })

  test('in Redis, neither in keys nor in values', async () => {
    inRedis.push(await contentOf(redisUrl))
    expect(inRedis.every((content) => content.includes(STAFF.id))).toBe(true)
    // Ids of visits are what jobs are about.
    const { appointment_id: _, ...secrets } = { ...SECRETS, ...credentials }
    expect(leaks(inRedis.flatMap((content) => content.split('\n')), secrets)).toEqual([])
  })

  test('in a webhook, where only ids are', async () => {
    const told = (await receiver.take()).map(({ path, headers, body }) => JSON.stringify([path, headers, body]))
    expect(told.filter((text) => text.includes('appointment.booked')).length).toBeGreaterThan(1)
    const { appointment_id: _, ...secrets } = { ...SECRETS, ...credentials }
    expect(leaks(told, secrets)).toEqual([])
  })

  test('in a URL that the gateway asks the FHIR server for', () => {
    expect(proxy.seen.filter(({ line }) => line.startsWith('POST /fhir/Patient/_search')).length).toBeGreaterThan(5)
    expect(leaks(proxy.seen.map(({ line, requestId }) => `${line} ${requestId ?? ''}`))).toEqual([])
  })

  test('in the log, at its most talkative', async () => {
    await gateway.stop()
    const lines = gateway.output().split('\n')
    expect(lines.filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThan(150)
    expect(lines.some((line) => line.includes('"level":10'))).toBe(true)
    expect(leaks(lines)).toEqual([])
  })

  test('in the FHIR server, as far as it is why the patient comes', async () => {
    const records = await fhir.search('AuditEvent', `patient=Patient/${ID}`)
    const tasks = await fhir.search('Task', `patient=Patient/${ID}`)
    expect(records.length).toBeGreaterThan(5)
    expect(tasks.length).toBeGreaterThan(1)
    expect(leaks([...records, ...tasks].map((resource) => JSON.stringify(resource)), { COMPLAINT })).toEqual([])
  })

  test('while the FHIR server has it, where it belongs', async () => {
    const visits = await fhir.search('Appointment', `patient=Patient/${ID}`)
    expect(visits.filter((visit) => visit.status === 'pending')).toHaveLength(3)
    expect(visits.filter((visit) => visit.status === 'cancelled').length).toBeGreaterThan(1)
    await until('the look-ups are stored', 5_000, async () => {
      return (await fhir.search('AuditEvent', `patient=Patient/${ID}`)).length >= 8
    })
  })
})

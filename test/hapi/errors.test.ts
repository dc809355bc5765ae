import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { clientsFile, freePort, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { expectProblem } from '../helpers/problem-body.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { expectSound, succeed } from '../helpers/writes.ts'

const fhir = hapiOnH2()
const STAFF: TestClient = {
  id: unique('desk'),
  key: unique('staff-key'),
  scopes: ['availability:read', 'holds:write', 'appointments:read', 'appointments:write', 'intake:write', 'patients:any'],
}
const BOT: TestClient = {
  id: unique('bot'),
  key: unique('bot-key'),
  scopes: ['availability:read', 'holds:write', 'appointments:read', 'appointments:write', 'intake:write'],
}
const READER: TestClient = { id: unique('reader'), key: unique('reader-key'), scopes: ['availability:read'] }
const as = (client: TestClient) => ({ auth: `Bearer ${client.key}` })

let gateway: GatewayProcess
let desk: Desk
let offers: string[]
const api = () => gateway.api
const post = (path: string, body: unknown, client = STAFF) => api().post(path, body, as(client))
const options = () => ({ fhirBaseUrl: fhir.baseUrl, environment: clientsFile([STAFF, BOT, READER]) })

async function offersOf(provider = desk.provider): Promise<string[]> {
  const answer = await api().get(`/availability?type=short&provider=${provider}&limit=50&end=${encodeURIComponent(FAR)}`, as(STAFF))
  return answer.body.slots.map((slot) => slot.slot_id)
}
const FAR = new Date(Date.now() + 380 * 24 * 60 * 60_000).toISOString()

beforeAll(async () => {
  gateway = await startGateway(options())
  desk = await openDesk(fhir, { slots: 12, patients: 4 })
  offers = await offersOf()
})
afterAll(async () => {
  await gateway.stop()
})

describe('400', () => {
  const slot = () => offers[0]
  test.each([
    ['an unknown body field', () => post('/holds', { slot_id: slot(), patient: desk.patients[0], colour: 'blue' }), 'colour'],
    ['a missing field', () => post('/holds', { patient: desk.patients[0] }), 'slot_id'],
    ['a field of the wrong type', () => post('/holds', { slot_id: 7 }), 'slot_id'],
    ['hold_id and slot_id at once', () => post('/appointments', { slot_id: slot(), hold_id: 'x' }), 'hold_id'],
    ['neither hold_id nor slot_id', () => post('/appointments', { patient: desk.patients[0] }), 'hold_id'],
    ['a patient that is no reference', () => post('/holds', { slot_id: slot(), patient: 'Muster' }), 'patient'],
    ['a patient who does not exist', () => post('/holds', { slot_id: slot(), patient: 'Patient/nobody-here' }), 'patient'],
    ['a key with a line break', () => post('/holds', { slot_id: slot(), idempotency_key: 'a\nb' }), 'idempotency_key'],
    ['a field inside an object', () => post('/intake', { type: 'short', patient: { birth_date: '2.1.1980' } }), 'patient.birth_date'],
    ['an unknown visit type', () => api().get('/availability?type=surgery', as(STAFF)), 'type'],
    ['a modality the type has not', () => api().get('/availability?type=long&modality=phone', as(STAFF)), 'modality'],
    ['an unknown query parameter', () => api().get('/availability?type=short&doctor=x', as(STAFF)), 'doctor'],
    ['an unknown cancel reason', () => post('/appointments/x/cancel', { reason: 'bored' }), 'reason'],
  ])('%s names the path', async (_name, ask, path) => {
    expectProblem(await ask(), 'invalid_request', { path })
  })

  test('a body that is not JSON, and one that is no object', async () => {
    expectProblem(await post('/holds', '{"slot_id":'), 'invalid_request')
    expectProblem(await post('/holds', '[1]'), 'invalid_request', { path: '' })
  })

  test('an altered or invented slot_id', async () => {
    const genuine = offers[0]!
    const dot = genuine.lastIndexOf('.')
    const flip = (at: number) => genuine.slice(0, at) + (genuine[at] === 'A' ? 'B' : 'A') + genuine.slice(at + 1)
    // The last character of 24 carries 6 bits of the MAC, every one before it too: none may be changed.
    const altered = Array.from({ length: 24 }, (_, index) => flip(dot + 1 + index))
    const otherSlot = offers[1]!.slice(0, offers[1]!.lastIndexOf('.')) + genuine.slice(dot)
    const invented = ['slot-1', 'Slot/123', `${genuine}x`, `${genuine.slice(0, dot)}.${'A'.repeat(24)}`, '../../etc/passwd', ' ']
    for (const slot_id of [...altered, otherSlot, ...invented]) {
      expectProblem(await post('/holds', { slot_id, patient: desk.patients[0] }), 'invalid_slot_id', { path: 'slot_id' })
    }
    await expectSound(fhir, desk, { live: 0, all: 0 })
  })
})

describe('401 and 403', () => {
  test('no key, an unknown one, and one in the wrong form', async () => {
    for (const auth of [null, 'Bearer nobody', `Basic ${STAFF.key}`, STAFF.key, 'Bearer ']) {
      const answer = await api().post('/holds', { slot_id: offers[0] }, { auth })
      expectProblem(answer, 'unauthenticated')
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
    }
  })

  test('a client without the scope, and one that names patients without leave to', async () => {
    expectProblem(await post('/holds', { slot_id: offers[0], patient: desk.patients[0] }, READER), 'forbidden')
    expectProblem(await api().get('/metrics', as(STAFF)), 'forbidden')
    expectProblem(await post('/holds', { slot_id: offers[0], patient: desk.patients[0] }, BOT), 'forbidden')
    expectProblem(await api().get('/appointments', { ...as(BOT), headers: { 'x-patient': desk.patients[0]! } }), 'forbidden')
  })

  test('a booking without a verified patient', async () => {
    const slot_id = offers[0]
    expectProblem(await post('/appointments', { slot_id }, BOT), 'patient_required')
    expectProblem(await post('/appointments', { slot_id, patient_token: 'made-up' }, BOT), 'patient_required')
    expectProblem(await api().get('/appointments', as(BOT)), 'patient_required')
    const hold = await succeed(api().post('/holds', { slot_id }, { ...as(BOT), key: unique('key') }))
    expectProblem(await post('/appointments', { hold_id: hold.body.hold_id }, BOT), 'patient_required')
    await succeed(api().delete(`/holds/${hold.body.hold_id}`, as(BOT)))
    await expectSound(fhir, desk, { live: 0 })
  })
})

test('404: an id that is unknown and one that is somebody else’s answer alike, byte for byte', async () => {
  const shop = await openDesk(fhir, { slots: 2 })
  const [slot, other] = await offersOf(shop.provider)
  const booked = await succeed(post('/appointments', { slot_id: slot, patient: shop.patients[0] }))
  const foreign = booked.body.appointment_id
  const unknown = `${foreign.slice(0, -2)}${foreign.endsWith('00') ? '11' : '00'}`
  const stranger = { ...as(STAFF), headers: { 'x-patient': shop.patients[1]!, 'x-request-id': 'same' } }
  const bodies = async (id: string) => {
    const by = { patient: shop.patients[1] }
    const answers = [
      await api().get(`/appointments/${id}`, stranger),
      await api().get(`/holds/${id}`, stranger),
      await api().get(`/appointments/${id}/calendar.ics`, stranger),
      await api().delete(`/holds/${id}`, stranger),
      await post('/appointments', { hold_id: id, ...by }),
      await post(`/appointments/${id}/cancel`, by),
      await post(`/appointments/${id}/reschedule`, { slot_id: other, ...by }),
    ]
    for (const answer of answers) expectProblem(answer, 'not_found')
    return answers.map((answer) => JSON.stringify(answer.body))
  }
  const known = await bodies(foreign)
  expect(await bodies(unknown)).toEqual(known)
  expect(new Set(known)).not.toContain(expect.stringContaining(foreign))
  expectProblem(await api().get('/no/such/path', as(STAFF)), 'not_found')
  expectProblem(await api().get('/operations/rcpt-made-up', as(STAFF)), 'not_found')
  await expectSound(fhir, shop, { live: 1, all: 1 })
})

test("HTTP's own refusals: 405, 413, 415", async () => {
  const answer = await api().send('PATCH', '/holds', {}, as(STAFF))
  expectProblem(answer, 'invalid_request', { status: 405 })
  expect(answer.headers.get('allow')).toBe('POST')
  expectProblem(await post('/holds', { slot_id: 'x'.repeat(65 * 1024) }), 'invalid_request', { status: 413 })
  const xml = { ...as(STAFF), headers: { 'content-type': 'application/xml' } }
  expectProblem(await api().post('/holds', '<hold/>', xml), 'invalid_request', { status: 415 })
})

test('429 for a client that asks too often, and only for that one', async () => {
  // Counters live in Redis, by client: these two have asked for nothing yet.
  const [eager, calm] = [
    { ...READER, id: unique('eager'), key: unique('key') },
    { ...READER, id: unique('calm'), key: unique('key') },
  ]
  const environment = { ...clientsFile([eager, calm]), RATE_LIMIT_PER_MINUTE: '5' }
  const strict = await startGateway({ fhirBaseUrl: fhir.baseUrl, environment })
  try {
    const ask = (client: TestClient) => strict.api.get('/availability?type=short&limit=1', as(client))
    for (let index = 0; index < 5; index++) expect((await ask(eager)).status).toBe(200)
    expectProblem(await ask(eager), 'rate_limited')
    expect((await ask(calm)).status).toBe(200)
  } finally {
    await strict.stop()
  }
})

test('503 while the EHR was never reached: nothing is read or written, the gateway answers', async () => {
  const lonely = await startGateway({
    ...options(),
    fhirBaseUrl: `http://127.0.0.1:${await freePort()}/fhir`,
    environment: { ...options().environment, LOG_LEVEL: 'fatal' },
    until: 'live',
  })
  try {
    expectProblem(await lonely.api.post('/holds', { slot_id: offers[0], patient: desk.patients[0] }, as(STAFF)), 'ehr_unavailable')
    expectProblem(await lonely.api.get('/availability?type=short', as(STAFF)), 'ehr_unavailable')
    expect((await lonely.api.get('/health/ready', { auth: null })).status).toBe(503)
  } finally {
    await lonely.stop()
  }
})

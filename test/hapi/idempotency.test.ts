import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SCOPES } from '../../src/config.ts'
import type { Answer } from '../helpers/api.ts'
import { openDesk, unique } from '../helpers/clinic.ts'
import { recordFact } from '../helpers/facts.ts'
import { clientsFile, startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnPostgres, isFullRun } from '../helpers/servers.ts'
import { expectSound, prepareWrite, statuses, succeed, WRITES, type PreparedWrite } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const REPEATS = 50
let gateways: GatewayProcess[]
beforeAll(async () => {
  gateways = await Promise.all([startGateway({ fhirBaseUrl: fhir.baseUrl }), startGateway({ fhirBaseUrl: fhir.baseUrl })])
})
afterAll(() => Promise.all(gateways.map((gateway) => gateway.stop())))

/** The two processes in turn, as a load balancer would. */
const api = (index = 0) => gateways[index % gateways.length]!.api
const times = (count: number) => Array.from({ length: count }, (_, index) => index)
const ids = (answers: readonly Answer[]) => [...new Set(answers.map((answer) => answer.body.appointment_id))]
const firsts = (answers: readonly Answer[]) => answers.filter((answer) => answer.body['replayed'] === false)

describe.each(WRITES)('%s', (name) => {
  test(`the same key ${REPEATS} times at once over two processes, then ${REPEATS} times in a row: one effect, one answer`, async () => {
    const write = await prepareWrite(name, fhir, api())
    const key = unique('key')
    const atOnce = await Promise.all(times(REPEATS).map((index) => write.send(api(index), { key })))
    expect(statuses(atOnce)).toEqual({ [write.status]: REPEATS })
    expect(firsts(atOnce)).toHaveLength(1)
    expect(ids(atOnce)).toHaveLength(1)
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })

    const { replayed: _, ...first } = firsts(atOnce)[0]!.body
    for (const index of times(REPEATS)) {
      const again = await write.send(api(index), { key })
      expect(again).toMatchObject({ status: write.status, body: { ...first, replayed: true } })
    }
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  })

  test('the same key with another request is refused, the first effect stands', async () => {
    const write = await prepareWrite(name, fhir, api())
    const key = unique('key')
    expect((await write.send(api(), { key })).status).toBe(write.status)
    expect(await write.sendOther(api(1), { key })).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  })

  test('the key in the header (RFC 8941 string or bare) and in the body is the same key', async () => {
    const write = await prepareWrite(name, fhir, api())
    const key = unique('key')
    const answers = [
      await write.send(api(), { key: `"${key}"` }),
      await write.send(api(), { key }),
      await write.send(api(), {}, { idempotency_key: key }),
      await write.send(api(), { key: `"${key}"` }, { idempotency_key: key }),
    ]
    expect(statuses(answers)).toEqual({ [write.status]: 4 })
    expect(answers.map((answer) => answer.body['replayed'])).toEqual([false, true, true, true])
    expect(await write.send(api(), { key }, { idempotency_key: unique('key') })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', path: 'idempotency_key' },
    })
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  })
})

test('a key outlives the process that took it and an emptied Redis', async () => {
  const done: { write: PreparedWrite; key: string; first: Answer }[] = []
  for (const name of WRITES) {
    const write = await prepareWrite(name, fhir, api())
    const key = unique('key')
    done.push({ write, key, first: await succeed(write.send(api(), { key })) })
  }
  await Promise.all(gateways.map((gateway) => gateway.stop()))
  const redis = new Redis(process.env['TEST_REDIS_URL']!)
  await redis.flushall()
  redis.disconnect()
  gateways = [await startGateway({ fhirBaseUrl: fhir.baseUrl })]
  for (const { write, key, first } of done) {
    const again = await write.send(api(), { key })
    expect(again, write.name).toMatchObject({ status: write.status, body: { ...first.body, replayed: true } })
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  }
})

describe('one key, different Slots at once', () => {
  const rounds = isFullRun ? 20 : 5
  test.each(['hold', 'book'] as const)(`%s: one claim, no orphan, the others are refused (${rounds} rounds)`, async (operation) => {
    for (const round of times(rounds)) {
      const desk = await openDesk(fhir, { slots: 8, patients: 1 })
      const offers = await api().offers('short', desk.provider)
      const key = unique('key')
      const path = operation === 'hold' ? '/holds' : '/appointments'
      // A hold without patient meets no rule about the patient's other visits: only the receipt stands in its way.
      const patient = operation === 'hold' ? undefined : desk.patients[0]
      const answers = await Promise.all(offers.map((offer, index) => api(index).post(path, { slot_id: offer.slot_id, patient }, { key })))
      expect(statuses(answers), `round ${round}`).toEqual({ 201: 1, '422 idempotency_key_reused': 7 })
      await expectSound(fhir, desk, { live: 1, all: 1 })
    }
    recordFact(`one key, 8 different Slots at once (${operation})`, `${rounds} rounds, one claim in each, no orphan`)
  })
})

describe('without a key', () => {
  const named = WRITES.filter((name) => name !== 'hold without patient')
  test.each(named)('%s: the same patient asking the same again is a repetition', async (name) => {
    const write = await prepareWrite(name, fhir, api())
    const first = await write.send(api())
    expect(first).toMatchObject({ status: write.status, body: { replayed: false } })
    const { replayed: _, ...shown } = first.body
    expect(await write.send(api(1))).toMatchObject({ status: write.status, body: { ...shown, replayed: true } })
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  })

  test.each(named)('%s: 20 repetitions at once make one Appointment', async (name) => {
    const write = await prepareWrite(name, fhir, api())
    const answers = await Promise.all(times(20).map((index) => write.send(api(index))))
    expect(statuses(answers)).toEqual({ [write.status]: 20 })
    expect(ids(answers)).toHaveLength(1)
    expect(firsts(answers)).toHaveLength(1)
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  })

  test('asking again after a cancel or a release is a new request', async () => {
    const desk = await openDesk(fhir, { slots: 1, patients: 1 })
    const body = { slot_id: (await api().offers('short', desk.provider))[0]!.slot_id, patient: desk.patients[0] }
    const hold = await succeed(api().post('/holds', body))
    await succeed(api().delete(`/holds/${hold.body.hold_id}`))
    const held = await succeed(api().post('/holds', body))
    await succeed(api().delete(`/holds/${held.body.hold_id}`))
    const booked = await succeed(api().post('/appointments', body))
    await succeed(api().post(`/appointments/${booked.body.appointment_id}/cancel`, {}))
    const rebooked = await succeed(api().post('/appointments', body))
    const answers = [hold, held, booked, rebooked]
    expect(firsts(answers)).toHaveLength(4)
    expect(ids(answers)).toHaveLength(4)
    await expectSound(fhir, desk, { live: 1, all: 4 })
  })

  test('two patients of one chatbot never share a hold: without patient a hold needs a key', async () => {
    const desk = await openDesk(fhir, { slots: 1 })
    const [offer] = await api().offers('short', desk.provider)
    expect(await api().post('/holds', { slot_id: offer!.slot_id })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', path: 'idempotency_key' },
    })
    await expectSound(fhir, desk, { live: 0, all: 0 })
  })
})

test('a replay after a cancel answers with the first status and the visit as it stands now', async () => {
  const write = await prepareWrite('book', fhir, api())
  const key = unique('key')
  const first = await succeed(write.send(api(), { key }))
  await succeed(api().post(`/appointments/${first.body.appointment_id}/cancel`, {}))
  expect(await write.send(api(), { key })).toMatchObject({
    status: 201,
    body: { appointment_id: first.body.appointment_id, status: 'cancelled', state: 'cancelled', version: '2', replayed: true },
  })
  await expectSound(fhir, write.desk, { live: 0, all: 1 })
})

test('a key belongs to its client: the same key of another client is another request', async () => {
  const clients = ['one', 'two'].map((id) => ({ id, key: unique(`secret-${id}`), scopes: SCOPES }))
  const gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl, environment: clientsFile(clients) })
  try {
    const desk = await openDesk(fhir, { slots: 2, patients: 2 })
    const offers = await api().offers('short', desk.provider)
    const key = unique('key')
    const ask = (index: number) => ({ key, auth: `Bearer ${clients[index]!.key}` })
    const book = (index: number) =>
      gateway.api.post('/appointments', { slot_id: offers[index]!.slot_id, patient: desk.patients[index] }, ask(index))
    const answers = [await book(0), await book(1), await book(0), await book(1)]
    expect(statuses(answers)).toEqual({ 201: 4 })
    expect(answers.map((answer) => answer.body['replayed'])).toEqual([false, false, true, true])
    expect(ids(answers)).toHaveLength(2)
    await expectSound(fhir, desk, { live: 2, all: 2 })
  } finally {
    await gateway.stop()
  }
})

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Appointment } from 'fhir/r4.js'
import { holdExpiresOf } from '../../src/fhir/appointment.ts'
import { openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { inEhr, slotStatuses } from '../helpers/ehr-changes.ts'
import { recordFact } from '../helpers/facts.ts'
import { freePort, startGateway, type GatewayOptions, type GatewayProcess } from '../helpers/gateway-process.ts'
import { onRedis, ownRedisUrl } from '../helpers/redis.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { expectSound, prepareWrite, succeed, until } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const redisUrl = ownRedisUrl()
const environment = { REDIS_URL: redisUrl }
const HOLD_SECONDS = 1
const options: GatewayOptions = { fhirBaseUrl: fhir.baseUrl, environment, mapping: { holds: { ttlSeconds: HOLD_SECONDS, perPatient: 20 } } }
const worker = () => startGateway({ ...options, role: 'worker', until: 'started' })
let gateway: GatewayProcess
beforeAll(async () => {
  gateway = await startGateway(options)
})
afterAll(() => gateway.stop())
beforeEach(() => onRedis(redisUrl, (redis) => redis.flushdb()))

/** Holds on a desk of their own. */
async function holdAll(slots: number): Promise<{ desk: Desk; ids: string[] }> {
  const desk = await openDesk(fhir, { slots, patients: slots })
  const offers = await gateway.api.offers('short', desk.provider)
  const holds = await Promise.all(
    offers.map((offer, index) => succeed(gateway.api.post('/holds', { slot_id: offer.slot_id, patient: desk.patients[index] }))),
  )
  return { desk, ids: holds.map((hold) => hold.body.hold_id) }
}

const read = (ids: readonly string[]) => Promise.all(ids.map((id) => inEhr(fhir, id)))
const untilEnded = (ids: readonly string[], withinMs: number) =>
  until('the holds are ended', withinMs, async () => (await read(ids)).every((hold) => hold.status === 'cancelled'))
/** By the EHR's clock, in milliseconds. */
const lateness = (hold: Appointment) => Date.parse(hold.meta?.lastUpdated ?? '') - (holdExpiresOf(hold) ?? 0)

describe('expired holds', () => {
  test('are ended at their time by their own jobs: never early, at most 5 s late', async () => {
    const running = await worker()
    try {
      const late: number[] = []
      for (let round = 0; round < 3; round++) {
        const { desk, ids } = await holdAll(16)
        await untilEnded(ids, 20_000)
        late.push(...(await read(ids)).map(lateness))
        expect(await slotStatuses(fhir, desk)).toEqual(desk.slots.map(() => 'free'))
        await expectSound(fhir, desk, { live: 0, all: 16 })
      }
      expect(Math.min(...late)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...late)).toBeLessThan(5_000)
      recordFact('end of an expired hold', `${late.length} holds: latest ${(Math.max(...late) / 1000).toFixed(1)} s after its time, none early`)
    } finally {
      await running.stop()
    }
  })

  test('are ended when their jobs were lost, together with the scheduler', async () => {
    const running = await worker()
    try {
      const { desk, ids } = await holdAll(8)
      await onRedis(redisUrl, (redis) => redis.flushdb())
      await untilEnded(ids, 20_000)
      expect(Math.min(...(await read(ids)).map(lateness))).toBeGreaterThanOrEqual(0)
      await expectSound(fhir, desk, { live: 0, all: 8 })
    } finally {
      await running.stop()
    }
  })

  test('are ended without Redis', async () => {
    const { desk, ids } = await holdAll(4)
    const alone = await startGateway({
      ...options,
      role: 'worker',
      until: 'started',
      environment: { REDIS_URL: `redis://127.0.0.1:${await freePort()}`, LOG_LEVEL: 'fatal' },
    })
    try {
      await untilEnded(ids, 30_000)
      await expectSound(fhir, desk, { live: 0, all: 4 })
    } finally {
      await alone.stop()
    }
  })

  test('are ended by another worker when one is killed', async () => {
    const first = await worker()
    const { desk, ids } = await holdAll(8)
    await first.stop('SIGKILL')
    const second = await worker()
    try {
      await untilEnded(ids, 20_000)
      await expectSound(fhir, desk, { live: 0, all: 8 })
    } finally {
      await second.stop()
    }
  })
})

describe('with an EHR that cannot be relied on', () => {
  let proxy: TcpProxy
  let api: GatewayProcess
  let running: GatewayProcess
  beforeAll(async () => {
    proxy = await startProxy(fhir.baseUrl)
    const shaky = { ...options, mapping: {}, fhirBaseUrl: proxy.fhirBaseUrl, environment: { ...environment, LOG_LEVEL: 'fatal' } }
    api = await startGateway(shaky)
    running = await startGateway({ ...shaky, role: 'worker', until: 'started' })
  })
  afterAll(async () => {
    await running.stop()
    await api.stop()
    await proxy.stop()
  })

  const receiptOf = (operation: string) => operation.split('.')[0] ?? ''
  const receiptInEhr = async (operation: string) => (await fhir.search('AuditEvent', `_id=${receiptOf(operation)}`))[0]

  test('a write that never arrived is fenced off, although nobody asks', async () => {
    const write = await prepareWrite('book', fhir, api.api)
    proxy.rule((request) => (request.kind === 'transaction' ? 'lose-request' : 'pass'))
    const answer = await write.send(api.api, { key: unique('key') })
    proxy.pass()
    expect(answer).toMatchObject({ status: 202, body: { state: 'pending' } })
    await until('the worker fences it off', 60_000, async () => (await receiptInEhr(answer.body.operation_id)) !== undefined)
    expect(await receiptInEhr(answer.body.operation_id)).toMatchObject({ outcomeDesc: 'abandoned' })
    expect((await api.api.get(`/operations/${answer.body.operation_id}`)).body).toMatchObject({ state: 'failed' })
    await expectSound(fhir, write.desk, { live: 0, all: 0 })
  }, 90_000)

  test.each(['cancel', 'confirm'] as const)('a %s is accepted while the EHR is down, and made when it is back', async (name) => {
    const write = await prepareWrite(name, fhir, api.api)
    await proxy.refuse()
    const accepted = await write.send(api.api)
    const again = await write.send(api.api)
    const asked = await api.api.get(`/operations/${accepted.body.operation_id}`)
    await proxy.accept()
    expect(accepted).toMatchObject({ status: 202, body: { state: 'pending' } })
    expect(accepted.body['message']).toMatch(/as soon as the clinic answers/)
    expect(receiptOf(again.body.operation_id)).toBe(receiptOf(accepted.body.operation_id))
    expect(asked).toMatchObject({ status: 200, body: { state: 'pending' } })
    const operation = () => api.api.get(`/operations/${accepted.body.operation_id}`)
    await until('it is made', 30_000, async () => (await operation()).body.state === 'succeeded')
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
    expect(await write.send(api.api)).toMatchObject({ status: write.status, body: { replayed: true } })
    await expectSound(fhir, write.desk, { live: write.live, all: 1 })
  }, 60_000)

  test('a new time is refused while the EHR is down: nobody knows whether it is free', async () => {
    const writes = [await prepareWrite('book', fhir, api.api), await prepareWrite('reschedule', fhir, api.api)]
    await proxy.refuse()
    const answers = await Promise.all(writes.map((write) => write.send(api.api)))
    await proxy.accept()
    for (const answer of answers) expect(answer).toMatchObject({ status: 503, body: { code: 'ehr_unavailable' } })
  })

  test('a cancellation that waited does not undo what the patient did meanwhile', async () => {
    const write = await prepareWrite('cancel', fhir, api.api)
    const [, other] = await gateway.api.offers('short', write.desk.provider)
    const [visit] = (await gateway.api.get('/appointments', { headers: { 'x-patient': write.patient } })).body['appointments'] as [
      { appointment_id: string },
    ]
    await proxy.refuse()
    const accepted = await write.send(api.api)
    expect(accepted.status).toBe(202)
    // Clocks may differ by five seconds: what was changed sooner could be the request's own doing.
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    await succeed(gateway.api.post(`/appointments/${visit.appointment_id}/reschedule`, { slot_id: other?.slot_id, patient: write.patient }))
    await proxy.accept()
    const operation = () => api.api.get(`/operations/${accepted.body.operation_id}`)
    await until('it is settled', 30_000, async () => (await operation()).body.state !== 'pending')
    expect((await operation()).body.state).not.toBe('succeeded')
    expect(await inEhr(fhir, visit.appointment_id)).toMatchObject({ status: 'booked' })
    await expectSound(fhir, write.desk, { live: 1, all: 1 })
  }, 60_000)
})

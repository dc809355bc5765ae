import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../helpers/api.ts'
import { clinicTime, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { ANSWER_WITHIN_MS, inTime } from '../helpers/in-time.ts'
import { metric } from '../helpers/metrics.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { httpAnswer, startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { expectSound, prepareWrite, statuses, succeed, until, untilServing } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
let proxy: TcpProxy
let gateway: GatewayProcess
beforeAll(async () => {
  proxy = await startProxy(fhir.baseUrl)
  gateway = await startGateway({ fhirBaseUrl: proxy.fhirBaseUrl, environment: { LOG_LEVEL: 'fatal' } })
})
afterEach(async () => {
  proxy.pass()
  await untilServing(fhir, api())
})
afterAll(async () => {
  await gateway.stop()
  await proxy.stop()
})

const api = () => gateway.api
const breaker = (kind: string) => metric(api(), `fsg_ehr_breaker_state{kind="${kind}"}`)
const ERROR = httpAnswer('500 Internal Server Error', '{"resourceType":"OperationOutcome"}')

describe('the circuit breaker', () => {
  /** Reads until the breaker is open. */
  async function openByReads(desk: Desk): Promise<Answer[]> {
    const answers: Answer[] = []
    proxy.rule(({ kind }) => (kind === 'batch' ? ERROR : 'pass'))
    await until('the breaker is open', ANSWER_WITHIN_MS, async () => {
      answers.push(await api().get(`/availability?type=short&provider=${desk.provider}`))
      return (await breaker('read')) === 1
    })
    return answers
  }

  test('opens after a second of failures, answers at once without asking the EHR, and closes by itself', async () => {
    const write = await prepareWrite('book', fhir, api())
    const failed = await openByReads(write.desk)
    expect(failed.length).toBeGreaterThanOrEqual(10)
    proxy.forget()
    const refused = await Promise.all(Array.from({ length: 20 }, () => inTime(write.send(api()))))
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'ehr_unavailable', retryable: true } })
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(answer.ms).toBeLessThan(1_000)
    }
    expect(proxy.seen.filter(({ kind }) => kind === 'batch').length).toBeLessThanOrEqual(3)
    expect(await metric(api(), 'fsg_ehr_refusals_total{kind="read",reason="open"}')).toBeGreaterThan(0)
    await expectSound(fhir, write.desk, { live: 0, all: 0 })
    proxy.pass()
    await sleep(1_100)
    await succeed(write.send(api()))
    expect(await breaker('read')).toBe(0)
  })

  test('of one kind says nothing about another: patients are looked up while readings fail', async () => {
    await openByReads(await openDesk(fhir, { slots: 1 }))
    const look = await api().post('/intake', { type: 'short', patient: { mrn: 'nobody', birth_date: '1980-01-02' } })
    expect(look).toMatchObject({ status: 200, body: { outcome: 'identity_unverified' } })
  })

  test('does not open by lost races, refusals and other 4xx', async () => {
    const write = await prepareWrite('book', fhir, api())
    proxy.rule(({ kind }) => (kind === 'transaction' ? httpAnswer('409 Conflict', '{"resourceType":"OperationOutcome"}') : 'pass'))
    for (const end = performance.now() + 1_500; performance.now() < end;) {
      expect(await write.send(api())).toMatchObject({ status: 503, body: { code: 'contention' } })
    }
    expect(await breaker('commit')).toBe(0)
    expect(await metric(api(), 'fsg_write_extra_rounds_total{reason="conflict"}')).toBeGreaterThan(10)
    proxy.pass()
    await succeed(write.send(api()))
  })

  test('that opens on the second send never makes a refusal of a write whose first one may still land', async () => {
    const bookings = []
    for (let index = 0; index < 10; index++) bookings.push({ write: await prepareWrite('book', fhir, api()), key: unique('key') })
    const late = await prepareWrite('book', fhir, api())
    proxy.rule(({ kind }) => (kind === 'transaction' ? 'hold-request' : 'pass'))
    const answers = await Promise.all(bookings.map(({ write, key }) => inTime(write.send(api(), { key }))))
    expect(answers.map(({ status }) => status)).toEqual(bookings.map(() => 202))
    expect(await breaker('commit')).toBe(1)
    expect(await metric(api(), 'fsg_ehr_refusals_total{kind="commit",reason="open"}')).toBeGreaterThanOrEqual(9)

    // Somebody who comes now was certainly not sent on, and hears so.
    expect(await inTime(late.send(api()))).toMatchObject({ status: 503, body: { code: 'ehr_unavailable' } })
    await expectSound(fhir, late.desk, { live: 0, all: 0 })

    // The first sends reach the EHR after all: they stand, which is why nobody may have been told that nothing was written.
    proxy.pass()
    // One of them may have been sent twice, as the probe of the open breaker: its receipt lets it take effect once.
    const delivered = await proxy.deliverHeld()
    expect(delivered.filter((answer) => answer.startsWith('HTTP/1.1 200 '))).toHaveLength(bookings.length)
    expect(delivered.length).toBeLessThanOrEqual(bookings.length + 2)
    for (const [index, { write, key }] of bookings.entries()) {
      expect((await api().get(`/operations/${answers[index]!.body.operation_id}`)).body).toMatchObject({ state: 'succeeded' })
      expect(await write.send(api(), { key })).toMatchObject({ status: 201, body: { replayed: true } })
      await expectSound(fhir, write.desk, { live: 1, all: 1 })
    }
  })
})

describe('many at once', () => {
  test('64 patients book 64 different Slots through one process: all succeed', async () => {
    const desk = await openDesk(fhir, { slots: 64, patients: 64, start: clinicTime('06:00') })
    const offers = [
      ...(await api().offers('short', desk.provider)),
      ...(await api().offers('short', desk.provider, `&start=${encodeURIComponent(desk.slots[50]?.start ?? '')}`)),
    ]
    const book = (patient: string, index: number) => inTime(api().post('/appointments', { slot_id: offers[index]?.slot_id, patient }))
    expect(statuses(await Promise.all(desk.patients.map(book)))).toEqual({ 201: 64 })
    await expectSound(fhir, desk, { live: 64, all: 64 })
  }, 60_000)

  test('more than can wait for a slow EHR: those are refused at once, everybody in time, and look-ups are not held up', async () => {
    const desk = await openDesk(fhir, { slots: 2 })
    const far = encodeURIComponent(new Date(clinicTime('23:00', 30)).toISOString())
    const url = `/availability?type=short&provider=${desk.provider}&end=${far}`
    await succeed(api().get(url))
    /** Refusals because too many wait for the EHR, or because the process itself is late with its work. */
    const refusals = async () =>
      (await metric(api(), 'fsg_ehr_refusals_total{kind="read",reason="full"}')) + (await metric(api(), 'fsg_overload_refusals_total'))
    const refusedBefore = await refusals()
    proxy.rule(({ kind }) => (kind === 'batch' ? { delayMs: 1_000 } : 'pass'))
    const crowd = Promise.all(Array.from({ length: 400 }, () => inTime(api().get(url))))
    await sleep(500)
    const look = await inTime(api().post('/intake', { type: 'short', patient: { mrn: 'nobody', birth_date: '1980-01-02' } }))
    expect(look.status).toBe(200)
    expect(look.ms).toBeLessThan(1_000)
    const answers = await crowd
    const [served, refused] = [answers.filter(({ status }) => status === 200), answers.filter(({ status }) => status === 503)]
    expect(served.length + refused.length).toBe(400)
    expect(served.length).toBeGreaterThanOrEqual(28)
    const early = refused.filter(({ ms }) => ms < 2_000)
    expect(early.length).toBeGreaterThanOrEqual(100)
    for (const answer of early) {
      expect(answer.body['detail']).toContain('overloaded')
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    // The others got through, but so late that the EHR could not answer in time.
    const overloaded = refused.filter(({ body }) => String(body['detail']).includes('overloaded'))
    const counted = (await refusals()) - refusedBefore
    expect(counted).toBeGreaterThanOrEqual(overloaded.length)
    // The gateway's own look-ups wait in the same line.
    expect(counted).toBeLessThanOrEqual(overloaded.length + 5)
  }, 30_000)
})

describe('a slow EHR', () => {
  test('a reading that takes too long is given up while there is time, a transaction may take longer', async () => {
    const write = await prepareWrite('book', fhir, api())
    proxy.next('batch', { delayMs: 4_000 })
    const slowRead = await inTime(write.send(api()))
    expect(slowRead).toMatchObject({ status: 503, body: { code: 'ehr_unavailable' } })
    expect(slowRead.ms).toBeGreaterThan(2_400)
    expect(slowRead.ms).toBeLessThan(3_200)
    proxy.next('transaction', { delayMs: 2_500 })
    expect(await inTime(write.send(api()))).toMatchObject({ status: 201, body: { replayed: false } })
    await expectSound(fhir, write.desk, { live: 1, all: 1 })
  })
})

describe('the process itself', () => {
  test('after a stall, requests that waited are refused at once; health checks are not, and a moment later all is well', async () => {
    const desk = await openDesk(fhir, { slots: 1 })
    const url = `/availability?type=short&provider=${desk.provider}`
    await succeed(api().get(url))
    gateway.process.kill('SIGSTOP')
    const [health, ...waiting] = [api().get('/health/live'), ...Array.from({ length: 10 }, () => api().get(url))]
    await sleep(2_000)
    gateway.process.kill('SIGCONT')
    const answers = await Promise.all(waiting)
    expect(statuses(answers)).toEqual({ '503 ehr_unavailable': 10 })
    for (const answer of answers) {
      expect(answer.body['detail']).toContain('overloaded')
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(answer.headers.get('content-type')).toContain('application/problem+json')
    }
    expect((await health).status).toBe(200)
    await sleep(250)
    expect((await api().get(url)).status).toBe(200)
    expect(await metric(api(), 'fsg_overload_refusals_total')).toBe(10)
  })
})

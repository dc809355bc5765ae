import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import type { Bundle } from 'fhir/r4.js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { unique } from '../helpers/clinic.ts'
import { recordFact } from '../helpers/facts.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { inTime } from '../helpers/in-time.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { httpAnswer, startProxy, type Fault, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { expectSound, prepareWrite, statuses, untilServing } from '../helpers/writes.ts'

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

describe('an answer that is none', () => {
  const batch = (reads: number, entry: object, type: Bundle['type'] = 'batch-response'): Fault =>
    httpAnswer('200 OK', JSON.stringify({ resourceType: 'Bundle', type, entry: Array.from({ length: reads }, () => entry) }))
  const found = (resource: object) => ({ response: { status: '200 OK' }, resource })
  const searchset = (...resources: object[]) =>
    found({ resourceType: 'Bundle', type: 'searchset', entry: resources.map((resource) => ({ resource, search: { mode: 'match' } })) })

  test.each<[string, (reads: number) => Fault]>([
    ['a Patient wherever something was asked for', (reads) => batch(reads, searchset({ resourceType: 'Patient', id: 'p' }))],
    [
      'an OperationOutcome wherever something was asked for',
      (reads) => batch(reads, found({ resourceType: 'OperationOutcome', issue: [] })),
    ],
    ['a Bundle of another type', (reads) => batch(reads, searchset(), 'transaction-response')],
    ['nothing found, and one entry too few', (reads) => batch(reads - 1, searchset())],
  ])('%s is never decided upon: nothing is written, and the same request succeeds afterwards', async (_what, fault) => {
    const unavailable = { status: 503, body: { code: 'ehr_unavailable' } }
    // The demo clinic lets the gateway accept cancellations for later.
    const accepted = { status: 202, body: { state: 'pending' } }
    for (const name of ['book', 'reschedule', 'cancel'] as const) {
      const write = await prepareWrite(name, fhir, api())
      proxy.rule(({ kind, reads }) => (kind === 'batch' ? fault(reads) : 'pass'))
      proxy.forget()
      expect(await inTime(write.send(api())), name).toMatchObject(name === 'cancel' ? accepted : unavailable)
      expect(proxy.seen.filter(({ kind }) => kind === 'transaction')).toEqual([])
      proxy.pass()
      expect(await write.send(api()), name).toMatchObject({ status: write.status, body: { replayed: false } })
      await expectSound(fhir, write.desk, { live: write.live, all: 1 })
    }
  })

  const LARGE = Buffer.from(`{"resourceType":"Bundle","type":"batch-response","entry":[{"x":"${'x'.repeat(50_000_000)}"}]}`)
  test.each<[string, Fault]>([
    ['50 MB', httpAnswer('200 OK', LARGE)],
    ['50 MB, packed into 50 KB', httpAnswer('200 OK', gzipSync(LARGE), ['Content-Encoding: gzip'])],
    ['50 MB of an error', httpAnswer('500 Internal Server Error', LARGE)],
  ])('%s to 20 readings and writes at once: clear answers in time, and the memory stays bounded', async (what, fault) => {
    const writes = []
    for (let index = 0; index < 10; index++) writes.push(await prepareWrite('book', fhir, api()))
    const rss = () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(gateway.process.pid)], { encoding: 'utf8' })) / 1024
    const before = rss()
    let most = before
    const watch = setInterval(() => (most = Math.max(most, rss())), 50)
    proxy.rule(() => fault)
    const reads = writes.map((write) => inTime(api().get(`/availability?type=short&provider=${write.desk.provider}`)))
    const answers = await Promise.all([...writes.map((write) => inTime(write.send(api()))), ...reads])
    expect(statuses(answers)).toEqual({ '503 ehr_unavailable': 20 })
    proxy.pass()
    await untilServing(fhir, api())
    proxy.rule(({ kind }) => (kind === 'transaction' ? fault : 'pass'))
    const unknown = await Promise.all(writes.slice(0, 3).map((write) => inTime(write.send(api(), { key: unique('key') }))))
    expect(unknown.map(({ status }) => status)).toEqual([202, 202, 202])
    clearInterval(watch)
    recordFact(`memory while the EHR answers ${what} to 20 requests`, `${Math.round(most - before)} MB more`)
    expect(most - before).toBeLessThan(300)
    proxy.pass()
    await untilServing(fhir, api())
    expect((await writes[5]!.send(api())).status).toBe(201)
  })
})

describe('an EHR that asks to be left alone', () => {
  const in7Seconds = () => new Date(Date.now() + 7_400).toUTCString()
  test.each<[string, string, string, number]>([
    ['429, in seconds', '429 Too Many Requests', '7', 7],
    ['503, in seconds', '503 Service Unavailable', '7', 7],
    ['503, for a day', '503 Service Unavailable', '86400', 60],
  ])('by %s: the caller of a reading is told to wait as long', async (_what, status, header, seconds) => {
    const write = await prepareWrite('book', fhir, api())
    proxy.next('batch', httpAnswer(status, '{"resourceType":"OperationOutcome"}', [`Retry-After: ${header}`]))
    const answer = await inTime(write.send(api()))
    expect(answer).toMatchObject({ status: 503, body: { code: 'ehr_unavailable' } })
    expect(answer.headers.get('retry-after')).toBe(String(seconds))
  })

  test('by a date', async () => {
    const write = await prepareWrite('book', fhir, api())
    proxy.next('batch', httpAnswer('503 Service Unavailable', '', [`Retry-After: ${in7Seconds()}`]))
    expect(['6', '7', '8']).toContain((await inTime(write.send(api()))).headers.get('retry-after'))
  })

  test('by 429 to a transaction: nothing was written, and the caller is told when to come again', async () => {
    const write = await prepareWrite('book', fhir, api())
    proxy.next('transaction', httpAnswer('429 Too Many Requests', '', ['Retry-After: 7']))
    const answer = await inTime(write.send(api()))
    expect(answer).toMatchObject({ status: 503, body: { code: 'ehr_unavailable' } })
    expect(answer.headers.get('retry-after')).toBe('7')
    await expectSound(fhir, write.desk, { live: 0, all: 0 })
  })

  test('by 503 to a transaction, longer than there is time: it is sent once, and 202 says when to ask', async () => {
    const write = await prepareWrite('book', fhir, api())
    proxy.rule(({ kind }) => (kind === 'transaction' ? httpAnswer('503 Service Unavailable', '', ['Retry-After: 20']) : 'pass'))
    proxy.forget()
    const answer = await inTime(write.send(api(), { key: unique('key') }))
    expect(answer.status).toBe(202)
    expect(['19', '20']).toContain(answer.headers.get('retry-after'))
    expect(proxy.seen.filter(({ kind }) => kind === 'transaction')).toHaveLength(1)
  })

  test('for a second: the gateway waits, sends again, and the booking is made', async () => {
    const write = await prepareWrite('book', fhir, api())
    proxy.next('transaction', httpAnswer('503 Service Unavailable', '', ['Retry-After: 1']))
    const answer = await inTime(write.send(api()))
    expect(answer).toMatchObject({ status: 201, body: { replayed: false } })
    expect(answer.ms).toBeGreaterThan(900)
    await expectSound(fhir, write.desk, { live: 1, all: 1 })
  })
})

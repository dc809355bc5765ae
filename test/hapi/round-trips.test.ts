import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../helpers/api.ts'
import { instant, openDesk, unique } from '../helpers/clinic.ts'
import { setBusyInEhr } from '../helpers/ehr-changes.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { expectSound, prepareWrite, succeed, WRITES } from '../helpers/writes.ts'

const fhir = hapiOnH2()
let proxy: TcpProxy
let gateway: GatewayProcess
beforeAll(async () => {
  proxy = await startProxy(fhir.baseUrl)
  gateway = await startGateway({ fhirBaseUrl: proxy.fhirBaseUrl })
})
afterAll(async () => {
  await gateway.stop()
  await proxy.stop()
})

const api = () => gateway.api

/**
 * What one call costs: FHIR requests that really went over the wire with its X-Request-Id. The answer says the same number.
 * The directory of Schedules is read beside it, for all calls together, and carries no request id.
 */
async function cost(send: (headers: Record<string, string>) => Promise<Answer>): Promise<{ answer: Answer; kinds: string[] }> {
  const requestId = unique('request')
  proxy.forget()
  const answer = await send({ 'x-request-id': requestId })
  const kinds = proxy.seen.filter((request) => request.requestId === requestId).map((request) => request.kind)
  expect(answer.headers.get('server-timing')).toBe(`ehr;desc="${kinds.length} round trips"`)
  return { answer, kinds }
}

describe('a write costs two round trips: one batch that reads, one transaction', () => {
  test.each(WRITES)('%s', async (name) => {
    const write = await prepareWrite(name, fhir, api())
    const { answer, kinds } = await cost((headers) => write.send(api(), { key: unique('key'), headers }))
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: write.status, body: { replayed: false } })
    expect(kinds).toEqual(['batch', 'transaction'])
  })

  test.each(WRITES.filter((name) => name !== 'hold without patient'))('%s without a key', async (name) => {
    const write = await prepareWrite(name, fhir, api())
    const { answer, kinds } = await cost((headers) => write.send(api(), { headers }))
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: write.status, body: { replayed: false } })
    expect(kinds).toEqual(['batch', 'transaction'])
    const again = await cost((headers) => write.send(api(), { headers }))
    expect(again.answer).toMatchObject({ status: write.status, body: { replayed: true } })
    expect(again.kinds).toEqual(['batch'])
  })

  test('release', async () => {
    const hold = await prepareWrite('hold', fhir, api())
    const { hold_id: id } = (await succeed(hold.send(api()))).body
    const { answer, kinds } = await cost((headers) => api().delete(`/holds/${id}`, { headers }))
    expect(answer).toMatchObject({ status: 200, body: { state: 'released' } })
    expect(kinds).toEqual(['batch', 'transaction'])
  })
})

test('a conflict with alternatives costs four at most', async () => {
  const desk = await openDesk(fhir, { slots: 6, patients: 2 })
  const offers = await api().offers('short', desk.provider)
  const taken = { slot_id: offers[2]?.slot_id, patient: desk.patients[0] }
  await succeed(api().post('/appointments', taken))
  for (const path of ['/holds', '/appointments']) {
    const { answer, kinds } = await cost((headers) => api().post(path, { ...taken, patient: desk.patients[1] }, { headers }))
    expect(answer).toMatchObject({ status: 409, body: { code: 'slot_taken' } })
    expect(answer.body.alternatives).toHaveLength(3)
    expect(kinds).toEqual(['batch', 'batch'])
  }
})

test('a conflict that shows only in the transaction costs four at most', async () => {
  const desk = await openDesk(fhir, { slots: 6, patients: 1 })
  const offers = await api().offers('short', desk.provider)
  for (const [index, path] of ['/holds', '/appointments'].entries()) {
    // The EHR sets the Slot busy after the gateway has read it and before its transaction arrives.
    proxy.next('transaction', { after: () => setBusyInEhr(fhir, desk.slots[index]?.id ?? '', 'kept') })
    const body = { slot_id: offers[index]?.slot_id, patient: desk.patients[0] }
    const { answer, kinds } = await cost((headers) => api().post(path, body, { headers }))
    expect(answer).toMatchObject({ status: 409, body: { code: 'slot_taken' } })
    expect(answer.body.alternatives).toHaveLength(3)
    expect(kinds).toEqual(['batch', 'transaction', 'batch', 'batch'])
  }
  await expectSound(fhir, desk, { live: 0, all: 0 })
})

describe('reading', () => {
  test('availability costs one where the first page has enough, two at most', async () => {
    const desk = await openDesk(fhir, { slots: 6, patients: 1 })
    const ask = (query: string) => cost((headers) => api().get(`/availability?type=short&provider=${desk.provider}${query}`, { headers }))
    await ask('') // may find news of the Schedules, which is one more now and then
    const day = encodeURIComponent(instant(Date.parse(desk.slots[0]?.start ?? '')))
    expect((await ask(`&start=${day}`)).kinds).toEqual(['batch'])
    const nothing = await ask('')
    expect(nothing.answer.body.slots).toEqual([])
    expect(Date.parse(String(nothing.answer.body['next_available']))).toBe(Date.parse(desk.slots[0]?.start ?? ''))
    expect(nothing.kinds).toEqual(['batch', 'batch'])
  })

  test('one appointment, a hold, the list, the calendar entry: one each', async () => {
    const write = await prepareWrite('book', fhir, api())
    const { appointment_id: id } = (await succeed(write.send(api()))).body
    for (const path of [`/appointments/${id}`, `/holds/${id}`, '/appointments', `/appointments/${id}/calendar.ics`]) {
      const { answer, kinds } = await cost((headers) => api().get(path, { headers: { ...headers, 'x-patient': write.patient } }))
      expect(answer.status, path).toBe(200)
      expect(kinds, path).toEqual(['batch'])
    }
  })
})

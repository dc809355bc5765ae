import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Answer } from '../helpers/api.ts'
import { clinicTime, openDesk } from '../helpers/clinic.ts'
import { recordFact } from '../helpers/facts.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { expectSound, statuses } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const STOPPED_WITHIN_MS = 10_000
const BOOKINGS = 30
let proxy: TcpProxy
let gateway: GatewayProcess
beforeEach(async () => {
  proxy = await startProxy(fhir.baseUrl)
  gateway = await startGateway({ fhirBaseUrl: proxy.fhirBaseUrl, role: 'all', environment: { LOG_LEVEL: 'fatal' } })
})
afterEach(async () => {
  await gateway.stop('SIGKILL')
  await proxy.stop()
})

/** SIGTERM. @returns milliseconds until the process has ended, and its exit code */
async function terminate(): Promise<{ ms: number; code: unknown }> {
  const began = performance.now()
  const exited = once(gateway.process, 'exit')
  gateway.process.kill('SIGTERM')
  const [code] = (await exited) as [unknown]
  return { ms: performance.now() - began, code }
}

/** What becomes of a request: an answer, or no connection. */
async function come(): Promise<Answer | 'refused'> {
  return gateway.api.get('/availability?type=short').catch(() => 'refused' as const)
}

describe('SIGTERM', () => {
  test(`while ${BOOKINGS} bookings are under way: each gets its answer and stands in the EHR, nobody new is let in`, async () => {
    const desk = await openDesk(fhir, { slots: BOOKINGS, patients: BOOKINGS, start: clinicTime('06:00') })
    const offers = await gateway.api.offers('short', desk.provider)
    proxy.rule(({ kind }) => (kind === 'transaction' ? { delayMs: 700 } : 'pass'))
    const bookings = desk.patients.map((patient, index) => gateway.api.post('/appointments', { slot_id: offers[index]?.slot_id, patient }))
    await sleep(600)
    const stopped = terminate()
    const coming: Promise<Answer | 'refused'>[] = []
    for (let index = 0; index < 40; index++) {
      coming.push(come())
      await sleep(25)
    }
    const newcomers = await Promise.all(coming)
    expect(statuses(await Promise.all(bookings))).toEqual({ 201: BOOKINGS })
    // The signal takes a moment to arrive. From then on nobody gets in any more.
    const refused = newcomers.slice(newcomers.findIndex((one) => one === 'refused' || one.status === 503))
    for (const answer of refused.filter((one) => one !== 'refused')) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'ehr_unavailable', retryable: true } })
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(answer.headers.get('connection')).toBe('close')
    }
    expect(refused[0]).not.toBe('refused')
    expect(refused.at(-1)).toBe('refused')
    const { ms, code } = await stopped
    expect(ms).toBeLessThan(STOPPED_WITHIN_MS)
    expect(code).toBe(0)
    recordFact(`stop while ${BOOKINGS} bookings are under way`, `${(ms / 1000).toFixed(1)} s, all of them answered and booked`)
    await expectSound(fhir, desk, { live: BOOKINGS, all: BOOKINGS })
  })

  test('with nothing to do: within a second or two', async () => {
    await openDesk(fhir, { slots: 1 })
    expect((await come()) === 'refused').toBe(false)
    const { ms, code } = await terminate()
    expect(ms).toBeLessThan(2_000)
    expect(code).toBe(0)
  })

  test('while the EHR does not answer, and a client sends half a request and waits: in time, and what was asked gets its answer', async () => {
    const desk = await openDesk(fhir, { slots: 2, patients: 1 })
    const [offer] = await gateway.api.offers('short', desk.provider)
    proxy.rule(() => 'stall-answer')
    const booking = gateway.api.post('/appointments', { slot_id: offer?.slot_id, patient: desk.patients[0] })
    const half = connect(Number(new URL(gateway.api.baseUrl).port), '127.0.0.1')
    half.on('error', () => undefined)
    half.write(
      'POST /holds HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer dev-key\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    )
    await sleep(200)
    const { ms, code } = await terminate()
    expect(await booking).toMatchObject({ status: 503, body: { code: 'ehr_unavailable' } })
    expect(ms).toBeLessThan(STOPPED_WITHIN_MS)
    expect(code).toBe(0)
    half.destroy()
  })
})

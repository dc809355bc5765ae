import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { installErrorHandling } from '../../../src/http/errors.ts'
import type { Gateway } from '../../../src/desk/gateway.ts'
import { installOverloadRefusal, LoopClock } from '../../../src/http/overload.ts'

/** Keeps the event loop busy. */
function block(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

let app: FastifyInstance
let refusals: number
beforeEach(() => {
  refusals = 0
  app = Fastify()
  const gateway = { metrics: { overloaded: () => refusals++ } } as unknown as Gateway
  app.decorateRequest('errorCode', undefined)
  installErrorHandling(app, gateway)
  installOverloadRefusal(app, gateway)
  for (const url of ['/holds', '/health/live', '/metrics']) app.get(url, () => ({ fine: true }))
})
afterEach(() => app.close())
const ask = async (url: string) => app.inject(url)

test('a clock knows how late the event loop is, before its own tick and until the next', async () => {
  const clock = new LoopClock()
  await sleep(250)
  expect(clock.lateMs).toBeLessThan(100)
  block(700)
  expect(clock.lateMs).toBeGreaterThan(500)
  await sleep(20)
  expect(clock.lateMs).toBeGreaterThan(500)
  await sleep(250)
  expect(clock.lateMs).toBeLessThan(100)
  clock.stop()
})

test('a request is answered while the event loop is a little late', async () => {
  await ask('/holds')
  block(600)
  expect((await ask('/holds')).statusCode).toBe(200)
  expect(refusals).toBe(0)
})

test('it is refused when the event loop is late by more than a second, and answered again a moment later', async () => {
  await ask('/holds')
  block(1_400)
  const refused = await ask('/holds')
  expect(refused.statusCode).toBe(503)
  expect(refused.headers).toMatchObject({ 'retry-after': '1', 'content-type': 'application/problem+json' })
  expect(refused.json()).toMatchObject({ code: 'ehr_unavailable', retryable: true })
  expect(refusals).toBe(1)
  await sleep(250)
  expect((await ask('/holds')).statusCode).toBe(200)
})

test.each(['/health/live', '/metrics'])('%s answers however late it is', async (url) => {
  await ask('/holds')
  block(1_400)
  expect((await ask(url)).statusCode).toBe(200)
  expect(refusals).toBe(0)
})

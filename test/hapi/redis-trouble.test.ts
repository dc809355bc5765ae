import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Api } from '../helpers/api.ts'
import { openDesk, unique } from '../helpers/clinic.ts'
import { recordFact } from '../helpers/facts.ts'
import { clientsFile, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { startRedis, type RedisProcess } from '../helpers/redis-process.ts'
import { hapiOnPostgres, isFullRun } from '../helpers/servers.ts'
import { expectSound, prepareWrite, succeed, until } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const FROZEN_MS = isFullRun ? 30_000 : 8_000
const LIMIT = 20
const client = (): TestClient => ({ id: unique('bot'), key: unique('key'), scopes: ['availability:read', 'appointments:read'] })
const CLIENTS = Array.from({ length: 8 }, client)

let redis: RedisProcess
/** One with hardly any limit for bookings, two that share a low limit. */
let free: GatewayProcess
let limited: GatewayProcess[]
beforeAll(async () => {
  redis = await startRedis()
  const start = (environment: Record<string, string>) =>
    startGateway({ fhirBaseUrl: fhir.baseUrl, environment: { LOG_LEVEL: 'fatal', REDIS_URL: redis.url, ...environment } })
  const low = { ...clientsFile(CLIENTS), RATE_LIMIT_PER_MINUTE: String(LIMIT) }
  free = await start({})
  limited = [await start(low), await start(low)]
})
afterEach(async () => {
  redis.thaw()
  await untilRedisIs('ready')
})
afterAll(async () => {
  await Promise.all([free, ...limited].map((gateway) => gateway.stop()))
  await redis.stop()
})

async function untilRedisIs(state: string): Promise<void> {
  const isSo = async ({ api }: GatewayProcess) => (await api.get('/health/ready', { auth: null })).body['checks']
  for (const gateway of [free, ...limited])
    await until(`Redis is ${state}`, 5_000, async () => ((await isSo(gateway)) as { redis: string }).redis === state)
}

/** How many of so many requests get through, the processes in turn; an id that nobody has costs the EHR nothing. */
async function pass(apis: readonly Api[], { key }: TestClient, requests: number): Promise<number> {
  let passed = 0
  for (let index = 0; index < requests; index++) {
    const answer = await apis[index % apis.length]!.get('/operations/no-such-operation', { auth: `Bearer ${key}` })
    expect([404, 429]).toContain(answer.status)
    if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    else passed++
  }
  return passed
}

/** Bookings one after the other for a while, each repeated cheaply enough. @returns their times, in milliseconds, shortest first */
async function bookFor(milliseconds: number): Promise<number[]> {
  const took: number[] = []
  for (const end = performance.now() + milliseconds; performance.now() < end;) {
    const desk = await openDesk(fhir, { slots: 8, patients: 8 })
    const offers = await free.api.offers('short', desk.provider)
    for (const [index, patient] of desk.patients.entries()) {
      const began = performance.now()
      await succeed(free.api.post('/appointments', { slot_id: offers[index]?.slot_id, patient }))
      took.push(performance.now() - began)
    }
    await expectSound(fhir, desk, { live: 8, all: 8 })
  }
  return took.sort((a, b) => a - b)
}
const p99 = (took: readonly number[]) => took[Math.ceil(took.length * 0.99) - 1]!

describe('rate limits', () => {
  const [shared, frozen, thawed, down, back] = CLIENTS as [TestClient, TestClient, TestClient, TestClient, TestClient]
  const apis = () => limited.map(({ api }) => api)

  test('are shared by all processes while Redis answers', async () => {
    expect(await pass(apis(), shared, 3 * LIMIT)).toBe(LIMIT)
  })

  test('are kept by each process for itself while Redis is frozen, and shared again afterwards', async () => {
    redis.freeze()
    expect(await pass(apis(), frozen, 4 * LIMIT)).toBe(2 * LIMIT)
    redis.thaw()
    await untilRedisIs('ready')
    expect(await pass(apis(), thawed, 3 * LIMIT)).toBe(LIMIT)
  })

  test('go on from where Redis was when it goes away, also when it comes back empty', async () => {
    const [one] = apis()
    expect(await pass([one!], down, LIMIT - 5)).toBe(LIMIT - 5)
    await redis.stop()
    try {
      expect(await pass([one!], down, 2 * LIMIT)).toBe(5)
      expect(await pass([one!], back, LIMIT - 5)).toBe(LIMIT - 5)
    } finally {
      await redis.start()
    }
    await untilRedisIs('ready')
    expect(await pass([one!], down, LIMIT)).toBe(0)
    expect(await pass([one!], back, LIMIT)).toBe(5)
  })
})

test(`bookings take as long as ever while Redis is frozen (${FROZEN_MS / 1000} s) and while it is down`, async () => {
  await bookFor(1_000)
  const before = await bookFor(FROZEN_MS / 2)
  redis.freeze()
  const frozen = await bookFor(FROZEN_MS)
  redis.thaw()
  await untilRedisIs('ready')
  await redis.stop()
  const down = await bookFor(FROZEN_MS / 2)
  await redis.start()
  const words = Object.entries({ before, frozen, down }).map(([name, took]) => `${name} ${Math.round(p99(took))} ms (${took.length})`)
  recordFact('p99 of bookings while Redis is well, frozen, down', words.join(', '))
  // The machine of a test is noisy; what a waiting Redis would cost each time (50 ms and more) shows in the median.
  const median = (took: readonly number[]) => took[Math.floor(took.length / 2)]!
  expect(median(frozen), words.join()).toBeLessThan(median(before) + 25)
  expect(median(down), words.join()).toBeLessThan(median(before) + 25)
  expect(p99(frozen), words.join()).toBeLessThan(p99(before) * 2 + 100)
  expect(p99(down), words.join()).toBeLessThan(p99(before) * 2 + 100)
})

test('a frozen Redis costs the requests that meet it first some milliseconds, and all later ones nothing', async () => {
  const { api } = free
  const ask = async () => {
    const began = performance.now()
    expect((await api.get('/operations/no-such-operation')).status).toBe(404)
    return performance.now() - began
  }
  for (let index = 0; index < 50; index++) await ask()
  redis.freeze()
  const first = await ask()
  await sleep(20)
  const later: number[] = []
  for (const end = performance.now() + 3_000; performance.now() < end;) later.push(await ask())
  later.sort((a, b) => a - b)
  expect(first).toBeLessThan(250)
  expect(p99(later)).toBeLessThan(30)
  recordFact('a request while Redis is frozen', `the first ${Math.round(first)} ms, then p99 ${p99(later).toFixed(1)} ms`)
})

test('every write works without Redis', async () => {
  await redis.stop()
  try {
    for (const name of ['hold', 'book', 'confirm', 'reschedule', 'cancel'] as const) {
      const write = await prepareWrite(name, fhir, free.api)
      await succeed(write.send(free.api))
      await expectSound(fhir, write.desk, { live: write.live, all: 1 })
    }
  } finally {
    await redis.start()
  }
})

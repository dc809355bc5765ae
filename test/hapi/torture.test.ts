import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { recordFact } from '../helpers/facts.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { onRedis, ownRedisUrl } from '../helpers/redis.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { auditHistory, auditWorld } from '../torture/audit.ts'
import { misfortunes, runChaos, type Servers } from '../torture/chaos.ts'
import { Cluster } from '../torture/cluster.ts'
import { KILL_POINTS } from '../torture/kill-points.ts'
import { killGatewayAt, killWorkerAt } from '../torture/kill-scene.ts'
import { runMixedLoad, type LoadPlan } from '../torture/mixed-load.ts'
import { Random } from '../torture/random.ts'
import { FAULTED_WRITES, tortureWire } from '../torture/wire-faults.ts'
import { buildWorld, type World } from '../torture/world.ts'

// `npm run torture` does the same with large numbers, and kills HAPI and Redis too.
const fhir = hapiOnPostgres()
const redisUrl = ownRedisUrl()
const SEED = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const quiet = { REDIS_URL: redisUrl, LOG_LEVEL: 'fatal' }
beforeEach(() => onRedis(redisUrl, (redis) => redis.flushdb()))

describe('a write whose way to the EHR is cut', () => {
  let proxy: TcpProxy
  let gateway: GatewayProcess
  beforeAll(async () => {
    proxy = await startProxy(fhir.baseUrl)
    gateway = await startGateway({ fhirBaseUrl: proxy.fhirBaseUrl, environment: quiet })
  })
  afterAll(async () => {
    await gateway.stop()
    await proxy.stop()
  })

  // test/hapi/faults.test.ts has the other faults.
  test.each(FAULTED_WRITES.flatMap((write) => (['cut-request', 'reset-later'] as const).map((fault) => [write, fault] as const)))(
    '%s, %s: one effect, and its bot knows',
    async (write, fault) => {
      const { problems } = await tortureWire({ fhir, api: gateway.api, proxy }, write, fault, 4)
      expect(problems).toEqual([])
    },
  )
})

describe('kill -9', () => {
  let proxy: TcpProxy
  let cluster: Cluster
  let steady: GatewayProcess
  let hasty: GatewayProcess
  beforeAll(async () => {
    proxy = await startProxy(fhir.baseUrl)
    cluster = await Cluster.start({ fhirBaseUrl: proxy.fhirBaseUrl, redisUrl, apis: 1, workers: 1 })
    steady = await startGateway({ fhirBaseUrl: fhir.baseUrl, environment: quiet })
    hasty = await startGateway({ fhirBaseUrl: fhir.baseUrl, environment: quiet, mapping: { holds: { ttlSeconds: 1, perPatient: 3 } } })
  })
  afterAll(async () => {
    await Promise.all([cluster.stop(), steady.stop(), hasty.stop()])
    await proxy.stop()
  })

  test.each(KILL_POINTS.flatMap((point) => FAULTED_WRITES.map((write) => [write, point] as const)))(
    'of the gateway, %s, %s: the same request finds out, or does it',
    async (write, point) => {
      expect(await killGatewayAt(point, write, { fhir, proxy, cluster, api: steady.api })).toEqual([])
    },
  )

  test.each(KILL_POINTS)('of the worker that ends a hold, %s: the hold is ended', async (point) => {
    expect(await killWorkerAt(point, { fhir, proxy, cluster, api: hasty.api })).toEqual([])
  })
})

describe(`two gateways and two workers (TEST_SEED=${SEED} draws the same)`, () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start({ fhirBaseUrl: fhir.baseUrl, redisUrl, apis: 2, workers: 2 })
  })
  afterAll(() => cluster.stop())

  const openWorld = () => buildWorld(fhir, cluster.api, { slots: 40, patients: 16 })

  async function loadAndAudit(world: World, plan: LoadPlan): Promise<number> {
    const { lives, history } = await runMixedLoad(world, cluster.apis, new Random(SEED), plan)
    expect(await auditWorld(fhir, world, lives)).toEqual([])
    expect(auditHistory(history)).toEqual([])
    return history.length
  }

  test('many requests: what was acknowledged stands, and the history of every Slot is linearizable', async () => {
    const count = await loadAndAudit(await openWorld(), { requests: 500 })
    expect(count).toBeGreaterThanOrEqual(500)
  }, 120_000)

  test('an even load, while processes are killed and Redis is emptied', async () => {
    const servers: Servers = {
      flushRedis: () => onRedis(redisUrl, async (redis) => {
          await redis.flushdb()
        }),
      freezeRedis: () => onRedis(redisUrl, async (redis) => {
          await redis.call('CLIENT', 'PAUSE', '3000', 'ALL')
        }),
      fillRedis: () => Promise.resolve(),
      restartRedis: () => Promise.resolve(),
      restartHapi: () => Promise.resolve(),
    }
    // Before anything dies: what a test sets up is not what is tried.
    const world = await openWorld()
    const own = misfortunes(cluster, servers, 3_000).slice(0, -3)
    const end = performance.now() + 20_000
    let chaosEnded = false
    const chaos = runChaos(own, new Random(SEED), () => performance.now() > end, 1_500).finally(() => {
      chaosEnded = true
    })
    const count = await loadAndAudit(world, { perSecond: 10, isOver: () => chaosEnded })
    const happened = await chaos
    expect(count).toBeGreaterThan(50)
    recordFact('requests while processes die', `${count} requests, ${happened.length} misfortunes, nothing lost, nothing twice`)
  }, 180_000)
})

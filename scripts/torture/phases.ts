import type { Fhir } from '../../test/helpers/fhir.ts'
import { startGateway } from '../../test/helpers/gateway-process.ts'
import { startProxy } from '../../test/helpers/tcp-proxy.ts'
import { untilServing } from '../../test/helpers/writes.ts'
import { auditHistory, auditWorld } from '../../test/torture/audit.ts'
import { misfortunes, runChaos, type Servers } from '../../test/torture/chaos.ts'
import { Cluster } from '../../test/torture/cluster.ts'
import { KILL_POINTS } from '../../test/torture/kill-points.ts'
import { killGatewayAt, killWorkerAt } from '../../test/torture/kill-scene.ts'
import { runMixedLoad, type LoadReport } from '../../test/torture/mixed-load.ts'
import type { Random } from '../../test/torture/random.ts'
import { FAULTED_WRITES, SERVING_WITHIN_MS, tortureWire, WIRE_FAULTS } from '../../test/torture/wire-faults.ts'
import { buildWorld, type World } from '../../test/torture/world.ts'
import { say, secondsSince } from '../stack/console.ts'
import type { TortureReport } from './report.ts'

/** What every phase needs. */
export interface Rack {
  readonly fhir: Fhir
  readonly redisUrl: string
  readonly random: Random
  readonly report: TortureReport
}

/**
 * Every write, cut at every point of its way to the EHR and back. Most of the time goes into waiting for answers that do not come, so
 * the writes are tried side by side, each through a gateway and a wire of its own.
 */
export async function wirePhase({ fhir, redisUrl, report }: Rack, count: number): Promise<void> {
  const environment = { REDIS_URL: redisUrl, LOG_LEVEL: 'fatal' }
  const lanes = await Promise.all(
    FAULTED_WRITES.map(async (write) => {
      const proxy = await startProxy(fhir.baseUrl)
      return { write, proxy, gateway: await startGateway({ fhirBaseUrl: proxy.fhirBaseUrl, environment, role: 'all' }) }
    }),
  )
  try {
    const began = Date.now()
    await Promise.all(lanes.map(({ gateway }) => untilServing(fhir, gateway.api, SERVING_WITHIN_MS)))
    say(`${lanes.length} gateways serve after ${secondsSince(began)} s`)
    for (const fault of WIRE_FAULTS) {
      const tried = lanes.map(async ({ write, proxy, gateway }) => {
        const { count: done, sent, pauseMs, problems } = await tortureWire({ fhir, api: gateway.api, proxy }, write, fault, count)
        const seen = `${done} settled after ${sent} requests; the gateway served again within ${(pauseMs / 1000).toFixed(1)} s`
        report.note(`${write} meets ${fault}`, seen, problems)
      })
      await Promise.all(tried)
    }
  } finally {
    await Promise.all(lanes.map(({ gateway }) => gateway.stop()))
    await Promise.all(lanes.map(({ proxy }) => proxy.stop()))
  }
}

/** Every write, with the gateway killed at every named point, and the end of a hold, with the worker killed there. */
export async function killPhase(rack: Rack, rounds: number): Promise<void> {
  const { fhir, redisUrl, report } = rack
  const proxy = await startProxy(fhir.baseUrl)
  const hasty = { holds: { ttlSeconds: 1, perPatient: 3 } }
  const cluster = await Cluster.start({ fhirBaseUrl: proxy.fhirBaseUrl, redisUrl, apis: 1, workers: 1 })
  const [steady, brief] = await Promise.all(
    [{}, hasty].map((mapping) => startGateway({ fhirBaseUrl: fhir.baseUrl, mapping, environment: { REDIS_URL: redisUrl, LOG_LEVEL: 'fatal' } })),
  )
  if (!steady || !brief) throw new Error('no gateways')
  try {
    for (const point of KILL_POINTS) {
      for (const write of FAULTED_WRITES) {
        const problems: string[] = []
        for (let round = 0; round < rounds; round++) problems.push(...(await killGatewayAt(point, write, { fhir, proxy, cluster, api: steady.api })))
        report.note(`${write}, gateway killed ${point}`, `${rounds} times, known in the end`, problems)
      }
      const problems: string[] = []
      for (let round = 0; round < rounds; round++) problems.push(...(await killWorkerAt(point, { fhir, proxy, cluster, api: brief.api })))
      report.note(`end of a hold, worker killed ${point}`, `${rounds} times, ended`, problems)
    }
  } finally {
    await Promise.all([steady.stop(), brief.stop()])
    await cluster.stop()
    await proxy.stop()
  }
}

/** An even load, while everything dies in turn. */
export async function chaosPhase(rack: Rack, servers: Servers, plan: { seconds: number; perSecond: number; freezeMs: number }): Promise<void> {
  const { fhir, redisUrl, random, report } = rack
  const cluster = await Cluster.start({ fhirBaseUrl: fhir.baseUrl, redisUrl, apis: 2, workers: 2 })
  try {
    const world = await buildWorld(fhir, cluster.api, { slots: 80, patients: 24 })
    const started = performance.now()
    const isOver = (): boolean => performance.now() - started > plan.seconds * 1000
    let chaosEnded = false
    const chaos = runChaos(misfortunes(cluster, servers, plan.freezeMs), random.fork(), isOver, 4_000).finally(() => {
      chaosEnded = true
    })
    const load = await runMixedLoad(world, cluster.apis, random.fork(), { perSecond: plan.perSecond, isOver: () => isOver() && chaosEnded })
    const happened = await chaos
    await noteLoad(rack, `${happened.length} misfortunes under ${plan.perSecond} requests a second`, world, load)
    report.note('what happened', tally(happened), [])
  } finally {
    await cluster.stop()
  }
}

/** Two gateways and two workers, many requests, every Slot's history explained. */
export async function historyPhase(rack: Rack, size: { slots: number; patients: number; requests: number }): Promise<void> {
  const { fhir, redisUrl, random } = rack
  const cluster = await Cluster.start({ fhirBaseUrl: fhir.baseUrl, redisUrl, apis: 2, workers: 2 })
  try {
    const world = await buildWorld(fhir, cluster.api, size)
    const load = await runMixedLoad(world, cluster.apis, random.fork(), { requests: size.requests })
    await noteLoad(rack, `two gateways, two workers, ${size.slots} Slots`, world, load)
  } finally {
    await cluster.stop()
  }
}

/** The checks that hold for any load, on any gateway. */
export async function noteLoad({ fhir, report }: Rack, what: string, world: World, load: LoadReport): Promise<void> {
  const { history, lives, seconds } = load
  const sent = lives.reduce((sum, life) => sum + life.sent, 0)
  const unknown = lives.filter((life) => life.holding.kind === 'lost').length
  const seen = `${history.length} requests (${sent} sent) in ${Math.round(seconds)} s, ${unknown} of unknown outcome`
  report.note(`${what}: the EHR holds what was acknowledged, no more and no less`, seen, await auditWorld(fhir, world, lives))
  const refused = history.filter(({ outcome }) => outcome === 'taken').length
  report.note(`${what}: every Slot's history is linearizable`, `${world.places.length} Slots, ${refused} times taken`, auditHistory(history))
}

function tally(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => `${name} × ${count}`).join(', ')
}

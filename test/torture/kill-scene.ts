import type { Api } from '../helpers/api.ts'
import { checkEhr } from '../helpers/checker.ts'
import { unique } from '../helpers/clinic.ts'
import type { Fhir } from '../helpers/fhir.ts'
import type { TcpProxy } from '../helpers/tcp-proxy.ts'
import { expectSound, prepareWrite, succeed, until, type WriteName } from '../helpers/writes.ts'
import { askUntilKnown } from './bot.ts'
import type { Cluster } from './cluster.ts'
import { killAt, type KillPoint } from './kill-points.ts'

/** Where processes are killed. */
export interface KillScene {
  readonly fhir: Fhir
  readonly proxy: TcpProxy
  readonly cluster: Cluster
  /** A gateway that goes past the proxy, for what comes before. */
  readonly api: Api
}

/** Kills the gateway at a point of one write, starts it again, and lets the bot repeat itself. @returns what is wrong then */
export async function killGatewayAt(point: KillPoint, write: WriteName, { fhir, proxy, cluster, api }: KillScene): Promise<string[]> {
  const prepared = await prepareWrite(write, fhir, api)
  const requestId = unique('request')
  const dead = killAt(point, proxy, () => cluster.process('api0'), requestId)
  const told = askUntilKnown([cluster.api], (door, ask) => prepared.send(door, { ...ask, headers: { 'x-request-id': requestId } }))
  await dead
  proxy.pass()
  await cluster.start('api0', 'live')
  const { kind, answer } = await told
  const problems = kind === 'ok' ? [] : [`ended with ${answer?.status ?? 'no answer'}`]
  await expectSound(fhir, prepared.desk, { live: prepared.live, all: 1 }).catch((error: unknown) => problems.push(String(error)))
  return problems
}

/** Kills the worker at a point of ending a hold. @returns what is wrong when another one had its time */
export async function killWorkerAt(point: KillPoint, { fhir, proxy, cluster, api }: KillScene): Promise<string[]> {
  const prepared = await prepareWrite('hold', fhir, api)
  const dead = killAt(point, proxy, () => cluster.process('worker0'))
  await succeed(prepared.send(api))
  await dead
  proxy.pass()
  await cluster.start('worker0')
  const isEnded = async (): Promise<boolean> =>
    (await checkEhr(fhir, [prepared.desk.schedule], [`Practitioner/${prepared.desk.provider}`])).live.length === 0
  const problems: string[] = []
  await until('the hold is ended', 60_000, isEnded).catch((error: unknown) => problems.push(String(error)))
  await expectSound(fhir, prepared.desk, { live: 0, all: 1 }).catch((error: unknown) => problems.push(String(error)))
  return problems
}

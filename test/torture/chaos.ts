import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster, Member } from './cluster.ts'
import type { Random } from './random.ts'

/** What can be done to the servers behind the gateways. */
export interface Servers {
  flushRedis(): Promise<void>
  /** Redis hangs for so long (SIGSTOP). */
  freezeRedis(ms: number): Promise<void>
  /** Redis refuses to take anything more for so long. */
  fillRedis(ms: number): Promise<void>
  /** kill -9, and started again. */
  restartRedis(): Promise<void>
  restartHapi(): Promise<void>
}

/** One misfortune: its name, and what happens until everything runs again. */
export interface Misfortune {
  readonly name: string
  happen(): Promise<void>
}

/** All that can befall a cluster. @param freezeMs how long Redis hangs */
export function misfortunes(cluster: Cluster, servers: Servers, freezeMs: number): Misfortune[] {
  const killed = (name: string, ...members: Member[]): Misfortune => ({ name, happen: () => killAndStart(cluster, members) })
  return [
    ...cluster.members.map((member) => killed(`kill -9 ${member}`, member)),
    killed('kill -9 of all gateways and workers', ...cluster.members),
    { name: 'FLUSHALL', happen: () => servers.flushRedis() },
    { name: `SIGSTOP of Redis for ${freezeMs / 1000} s`, happen: () => servers.freezeRedis(freezeMs) },
    { name: 'Redis out of memory', happen: () => servers.fillRedis(freezeMs) },
    { name: 'kill -9 of Redis', happen: () => servers.restartRedis() },
    { name: 'kill -9 of HAPI', happen: () => servers.restartHapi() },
  ]
}

/**
 * Lets everything happen once, in random order, and goes on at random until told to stop.
 * @returns what happened, in order
 */
export async function runChaos(all: readonly Misfortune[], random: Random, isOver: () => boolean, pauseMs: number): Promise<string[]> {
  const happened: string[] = []
  const ahead = shuffled(all, random)
  while (!isOver() || ahead.length > 0) {
    const next = ahead.pop() ?? random.pick(all)
    happened.push(next.name)
    await next.happen()
    await sleep(random.next() * pauseMs)
  }
  return happened
}

async function killAndStart(cluster: Cluster, members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((member) => cluster.kill(member)))
  // Live, not ready: the EHR may be down as well.
  await Promise.all(members.map((member) => cluster.start(member, 'live')))
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((value) => ({ value, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value)
}

import { BenchClient } from './client.ts'
import type { Action, Level } from './plan.ts'
import type { Side } from './side.ts'

/** What one side did in one cell of the table (action and concurrency). */
export interface Tally {
  /** Of each request, in milliseconds. */
  readonly latencies: number[]
  /** Time in which requests were under way, in seconds. */
  seconds: number
  roundTrips: number
}

/** Both sides of one cell, and what the gateway's process spent on it. */
export interface Cell {
  readonly action: Action
  readonly concurrency: number
  readonly gateway: Tally
  readonly bare: Tally
  /** CPU of the gateway per request, in milliseconds. */
  readonly cpuMs: number
}

/**
 * Measures one action on one level: blocks of both sides in turn, the first one changing, so that what drifts (a growing database,
 * other work on the machine) meets both alike.
 */
export async function measureCell(
  sides: { readonly gateway: Side; readonly bare: Side },
  action: Action,
  level: Level,
  patients: readonly number[],
  cpuSeconds: () => Promise<number>,
): Promise<Cell> {
  const tallies = { gateway: newTally(), bare: newTally() }
  const clients = {
    gateway: new BenchClient(sides.gateway.origin, level.concurrency),
    bare: new BenchClient(sides.bare.origin, level.concurrency),
  }
  const before = await cpuSeconds()
  for (const [index, block] of blocksOf(patients, level.block).entries()) {
    const order = index % 2 === 0 ? (['gateway', 'bare'] as const) : (['bare', 'gateway'] as const)
    for (const name of order) await runBlock(sides[name], clients[name], action, block, level.concurrency, tallies[name])
  }
  const cpuMs = (((await cpuSeconds()) - before) * 1000) / patients.length
  await Promise.all([clients.gateway.close(), clients.bare.close()])
  return { action, concurrency: level.concurrency, ...tallies, cpuMs }
}

/** Runs one action for some patients, so many at a time, and adds the figures to the tally. */
async function runBlock(
  side: Side,
  client: BenchClient,
  action: Action,
  patients: readonly number[],
  concurrency: number,
  tally: Tally,
): Promise<void> {
  const tasks = patients.map((patient) => side.prepare(action, patient))
  const waiting = tasks.values()
  const work = async (): Promise<void> => {
    for (const task of waiting) {
      const started = performance.now()
      const roundTrips = await task.run(client)
      tally.latencies.push(performance.now() - started)
      tally.roundTrips += roundTrips
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: concurrency }, work))
  tally.seconds += (performance.now() - started) / 1000
  for (const task of tasks) task.settle()
}

/** Runs one action for some patients without keeping figures. */
export async function runUnmeasured(side: Side, action: Action, patients: readonly number[], concurrency: number): Promise<void> {
  const client = new BenchClient(side.origin, concurrency)
  await runBlock(side, client, action, patients, concurrency, newTally())
  await client.close()
}

function newTally(): Tally {
  return { latencies: [], seconds: 0, roundTrips: 0 }
}

/** The value below which the given share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

function blocksOf(patients: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(patients.length / size) }, (_, index) => patients.slice(index * size, (index + 1) * size))
}

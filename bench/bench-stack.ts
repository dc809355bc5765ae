import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runDir } from '../scripts/stack/paths.ts'
import { removeStack, startStack, type Stack } from '../scripts/stack/stack.ts'

const PREFIX = 'bench-'
const dir = join(runDir, `${PREFIX}${process.pid}`)

/** Starts HAPI on PostgreSQL, as a clinic would run it, and Redis, for this run alone. */
export async function startBenchStack(): Promise<Stack> {
  await removeAbandonedStacks()
  mkdirSync(dir, { recursive: true })
  return startStack({ dir, hapis: [{ database: 'postgres', heapMegabytes: 1024, quickStart: false }] })
}

let removal: Promise<void> | undefined

/** Stops the stack and deletes its data. A second call (Ctrl-C) waits for the first. */
export function removeBenchStack(): Promise<void> {
  removal ??= removeStack(dir)
  return removal
}

/** Stacks of runs that were killed before they could clean up. */
async function removeAbandonedStacks(): Promise<void> {
  if (!existsSync(runDir)) return
  const pids = readdirSync(runDir).flatMap((name) => /^bench-(\d+)$/.exec(name)?.[1] ?? [])
  for (const pid of pids.filter((one) => !isAlive(Number(one)))) await removeStack(join(runDir, PREFIX + pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runDir } from '../stack/paths.ts'
import { isRunning, readRecord, writeRecord } from '../stack/process-record.ts'
import { removeStack, startStack, type Stack } from '../stack/stack.ts'

const PREFIX = 'test-stack-'
const OWNER = 'owner'

/** The directory of this run's own stack: several test runs, and a development stack, may go on at once. */
export const testStackDir = join(runDir, `${PREFIX}${process.pid}`)

/** Starts Redis and two HAPIs: one on PostgreSQL for races, one on H2 in memory that validates every request. */
export async function startTestStack(): Promise<Stack> {
  await removeAbandonedStacks()
  mkdirSync(testStackDir, { recursive: true })
  writeRecord(testStackDir, {
    name: OWNER,
    pid: process.pid,
    port: 0,
    marks: ['scripts/test.ts'],
    spec: '',
    stopSignal: 'SIGTERM',
    log: '',
  })
  return startStack({
    dir: testStackDir,
    postgres: { durable: false },
    hapis: [
      { name: 'hapi-pg', database: 'postgres', quickStart: true },
      { name: 'hapi-h2', database: 'h2-memory', validateRequests: true },
    ],
  })
}

let removal: Promise<void> | undefined

/** Stops the stack, deletes its data and keeps the logs in .run/test-logs. A second call (Ctrl-C) waits for the first. */
export function removeTestStack(): Promise<void> {
  removal ??= remove()
  return removal
}

async function remove(): Promise<void> {
  rmSync(join(testStackDir, `${OWNER}.pid.json`), { force: true })
  keepLogs()
  await removeStack(testStackDir)
}

/** What the tests find the servers by. */
export function testEnvironment(stack: Stack): Record<string, string> {
  return {
    TEST_FHIR_PG: stack.fhirBaseUrls['hapi-pg'] ?? '',
    TEST_FHIR_H2: stack.fhirBaseUrls['hapi-h2'] ?? '',
    TEST_REDIS_URL: stack.redisUrl,
    TEST_STACK_DIR: stack.dir,
  }
}

/** Stacks of test runs that were killed before they could clean up. */
async function removeAbandonedStacks(): Promise<void> {
  mkdirSync(runDir, { recursive: true }) // absent in a fresh checkout
  const names = readdirSync(runDir).filter((name) => name.startsWith(PREFIX))
  for (const dir of names.map((name) => join(runDir, name))) {
    const owner = readRecord(dir, OWNER)
    if (owner !== undefined && isRunning(owner)) continue
    await removeStack(dir)
  }
}

function keepLogs(): void {
  if (!existsSync(testStackDir)) return // the start failed before it made one
  const kept = join(runDir, 'test-logs')
  rmSync(kept, { recursive: true, force: true })
  mkdirSync(kept, { recursive: true })
  for (const file of readdirSync(testStackDir).filter((name) => name.endsWith('.log'))) cpSync(join(testStackDir, file), join(kept, file))
}

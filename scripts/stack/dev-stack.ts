import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDockerUsable, removeContainers, showContainers, startContainers, stopContainers, type DockerPorts } from './docker.ts'
import { say } from './console.ts'
import { fhirBaseUrl } from './hapi.ts'
import { devDir, shortPath } from './paths.ts'
import { portFromEnvironment } from './ports.ts'
import { isRunning, readRecord, readRecords } from './process-record.ts'
import { removeStack, startStack, stopStack } from './stack.ts'

/** What `npm run stack` was asked for. */
export interface DevStackOptions {
  /** Absent: as it was last time, at first `h2-file`. */
  database?: 'h2-file' | 'postgres' | undefined
  /** Background processes on this machine even where Docker answers. */
  local?: boolean
}

/** The development stack and where it answers. */
export interface DevStack {
  mode: 'local' | 'docker'
  database: 'h2-file' | 'postgres'
  fhirBaseUrl: string
  redisUrl: string
  postgresUrl?: string | undefined
}

const stateFile = join(devDir, 'stack.json')

/** The development stack as it was last started, running or not. */
export function readDevStack(): DevStack | undefined {
  return existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, 'utf8')) as DevStack) : undefined
}

/** Starts the development stack; what runs already is left alone. Ports: HAPI_PORT, REDIS_PORT, POSTGRES_PORT. */
export async function startDevStack(options: DevStackOptions = {}): Promise<DevStack> {
  const docker = options.local !== true && !readRecords(devDir).some(isRunning) && (await isDockerUsable())
  const stack = docker ? await startInDocker() : await startLocally(options.database ?? readDevStack()?.database ?? 'h2-file')
  mkdirSync(devDir, { recursive: true })
  writeFileSync(stateFile, JSON.stringify(stack, undefined, 2))
  return stack
}

/** Stops the development stack and keeps its data. */
export async function stopDevStack(): Promise<void> {
  if (readDevStack()?.mode === 'docker') stopContainers(chosenPorts())
  await stopStack(devDir)
}

/** Stops the development stack and deletes its data. */
export async function resetDevStack(): Promise<void> {
  if (readDevStack()?.mode === 'docker') removeContainers(chosenPorts())
  await removeStack(devDir)
  rmSync(devDir, { recursive: true, force: true })
}

/** Prints which parts run; returns whether there is any and all of them do. */
export async function showDevStack(): Promise<boolean> {
  if (readDevStack()?.mode === 'docker') return showContainers(chosenPorts())
  const records = readRecords(devDir)
  for (const record of records) {
    const state = isRunning(record) ? 'running' : 'ended  '
    say(`${record.name.padEnd(10)} ${state}  127.0.0.1:${record.port}  pid ${record.pid}  log ${shortPath(record.log)}`)
  }
  return records.length > 0 && records.every(isRunning)
}

async function startInDocker(): Promise<DevStack> {
  const ports = chosenPorts()
  await startContainers(ports)
  return { mode: 'docker', database: 'postgres', fhirBaseUrl: fhirBaseUrl(ports.hapi), redisUrl: `redis://127.0.0.1:${ports.redis}` }
}

async function startLocally(database: 'h2-file' | 'postgres'): Promise<DevStack> {
  const ports = chosenPorts()
  const stack = await startStack({
    dir: devDir,
    redis: { port: ports.redis, portVariable: 'REDIS_PORT' },
    postgres: { port: ports.postgres, portVariable: 'POSTGRES_PORT' },
    hapis: [{ port: ports.hapi, portVariable: 'HAPI_PORT', database, heapMegabytes: database === 'postgres' ? 1024 : 768 }],
  })
  return { mode: 'local', database, fhirBaseUrl: stack.fhirBaseUrl, redisUrl: stack.redisUrl, postgresUrl: stack.postgresUrl }
}

/** The port from the environment, else the one the part was last started with, else the default. */
function chosenPorts(): DockerPorts & { postgres: number } {
  const port = (variable: string, part: string, fallback: number): number =>
    portFromEnvironment(variable) ?? readRecord(devDir, part)?.port ?? fallback
  const last = readDevStack()
  const inDocker = (url: string | undefined, fallback: number): number =>
    last?.mode === 'docker' && url !== undefined ? Number(new URL(url).port) : fallback
  return {
    hapi: port('HAPI_PORT', 'hapi', inDocker(last?.fhirBaseUrl, 8080)),
    redis: port('REDIS_PORT', 'redis', inDocker(last?.redisUrl, 6379)),
    postgres: port('POSTGRES_PORT', 'postgres', 15_432),
  }
}

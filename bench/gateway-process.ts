import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lastLines } from '../scripts/stack/command.ts'
import { StackError } from '../scripts/stack/console.ts'
import { repoRoot, shortPath } from '../scripts/stack/paths.ts'
import { freePorts } from '../scripts/stack/ports.ts'
import { BENCH_SECRET } from './gateway-side.ts'

const READY_SECONDS = 60

/** A gateway that is measured, or recorded. */
export interface BenchGateway {
  readonly baseUrl: string
  /** CPU seconds the process has used so far, as its /metrics tell. */
  cpuSeconds(): Promise<number>
  stop(): Promise<void>
}

/** Where it runs, and on what. */
export interface BenchGatewayOptions {
  readonly name: string
  readonly dir: string
  readonly fhirBaseUrl: string
  readonly redisUrl: string
  readonly mappingFile: string
  /** Writes a CPU profile into this directory when it stops. */
  readonly profileDir?: string | undefined
}

/** Starts a gateway with the log level of production, without the worker. */
export async function startGateway(options: BenchGatewayOptions): Promise<BenchGateway> {
  const [port = 0] = await freePorts(1)
  const log = join(options.dir, `${options.name}.log`)
  const file = openSync(log, 'w')
  const flags =
    options.profileDir === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${options.profileDir}`, `--cpu-prof-name=${options.name}.cpuprofile`]
  const child = spawn(process.execPath, [...flags, 'src/main.ts'], {
    cwd: repoRoot,
    stdio: ['ignore', file, file],
    env: {
      ...process.env,
      NODE_ENV: 'development',
      ROLE: 'api',
      HOST: '127.0.0.1',
      PORT: String(port),
      FHIR_BASE_URL: options.fhirBaseUrl,
      REDIS_URL: options.redisUrl,
      MAPPING_FILE: options.mappingFile,
      TOKEN_SECRET: BENCH_SECRET,
      CLIENTS_FILE: '',
      LOG_LEVEL: 'info',
      RATE_LIMIT_PER_MINUTE: '1000000',
    },
  })
  closeSync(file)
  process.on('exit', () => child.kill('SIGKILL'))
  const ended = new Promise<void>((resolve) => {
    child.on('error', () => {
      resolve()
    })
    child.on('exit', () => {
      resolve()
    })
  })
  const baseUrl = `http://127.0.0.1:${port}`
  await untilReady(baseUrl, ended, log)
  return {
    baseUrl,
    cpuSeconds: () => readCpuSeconds(baseUrl),
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function readCpuSeconds(baseUrl: string): Promise<number> {
  const answer = await fetch(`${baseUrl}/metrics`, { headers: { authorization: 'Bearer dev-key' } })
  const seconds = /^process_cpu_seconds_total (\S+)/m.exec(await answer.text())?.[1]
  if (seconds === undefined) throw new StackError('The gateway does not tell its CPU time in /metrics (process_cpu_seconds_total).')
  return Number(seconds)
}

async function untilReady(baseUrl: string, ended: Promise<void>, log: string): Promise<void> {
  const state = { ended: false }
  void ended.then(() => {
    state.ended = true
  })
  const deadline = Date.now() + READY_SECONDS * 1000
  while (Date.now() < deadline && !state.ended) {
    const answer = await fetch(`${baseUrl}/health/ready`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await sleep(100)
  }
  throw new StackError(`The gateway did not become ready. The end of ${shortPath(log)}:\n${lastLines(log)}`)
}

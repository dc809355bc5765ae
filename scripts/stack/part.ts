import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lastLines, type UserId } from './command.ts'
import { StackError, say, secondsSince, withProgress } from './console.ts'
import { shortPath } from './paths.ts'
import { requireFreePort } from './ports.ts'
import { isRunning, readRecord, stopProcess, writeRecord, type ProcessRecord } from './process-record.ts'

/** How one background process of a stack is run. */
export interface PartSpec {
  /** File name of its record and log, e.g. `hapi`. */
  name: string
  /** Name for people, e.g. `HAPI FHIR`. */
  title: string
  port: number
  /** The environment variable that moves the port; undefined when the port was picked. */
  portVariable?: string | undefined
  command: string
  args: string[]
  /** Added to the environment of the script. */
  env?: Record<string, string>
  cwd: string
  user?: UserId | undefined
  marks: string[]
  stopSignal: NodeJS.Signals
  isReady: () => Promise<boolean>
  readySeconds: number
  /** How often to start it again when it ends while starting. Default 0. */
  startRetries?: number
}

/** A background process that outlives this script. */
export interface Part {
  readonly name: string
  readonly port: number
  readonly log: string
  /** Starts it and waits until it answers; nothing happens when it already runs with the same settings. */
  start: () => Promise<void>
  /** Stops it gracefully, keeping its data. */
  stop: () => Promise<void>
  /** Kills it at once (SIGKILL) and waits for its end. */
  kill: () => Promise<void>
  pid: () => number | undefined
}

const STOP_SECONDS = 30
const RETRY_MS = 2000

/** Describes a part; nothing is started yet. */
export function createPart(dir: string, spec: PartSpec): Part {
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const record = readRecord(dir, spec.name)
    if (record !== undefined) await stopProcess(dir, record, signal, STOP_SECONDS)
  }
  return {
    name: spec.name,
    port: spec.port,
    log: logFile(dir, spec.name),
    start: () => startPart(dir, spec),
    stop: () => end(spec.stopSignal),
    kill: () => end('SIGKILL'),
    pid: () => runningRecord(dir, spec.name)?.pid,
  }
}

async function startPart(dir: string, spec: PartSpec): Promise<void> {
  const settings = JSON.stringify([spec.command, spec.args, spec.env ?? {}])
  const running = runningRecord(dir, spec.name)
  if (running?.spec === settings) {
    await waitUntilReady(spec, running.log, () => isRunning(running))
    say(`${spec.title} already runs on port ${spec.port}`)
    return
  }
  if (running !== undefined) {
    say(`${spec.title} runs with other settings: starting it anew`)
    await stopProcess(dir, running, spec.stopSignal, STOP_SECONDS)
  }
  await launchUntilReady(dir, spec, settings, spec.startRetries ?? 0)
}

async function launchUntilReady(dir: string, spec: PartSpec, settings: string, retries: number): Promise<void> {
  await requireFreePort(spec.port, spec.title, spec.portVariable)
  const started = Date.now()
  const log = logFile(dir, spec.name)
  const child = launch(spec, log)
  const record = {
    name: spec.name,
    pid: child.pid ?? 0,
    port: spec.port,
    marks: spec.marks,
    spec: settings,
    stopSignal: spec.stopSignal,
    log,
  }
  writeRecord(dir, record)
  const isAlive = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  try {
    await waitUntilReady(spec, log, isAlive)
  } catch (error) {
    if (isAlive() || retries === 0) throw error
    await sleep(RETRY_MS)
    return launchUntilReady(dir, spec, settings, retries - 1)
  }
  say(`${spec.title} answers on port ${spec.port} after ${secondsSince(started)} s`)
}

/** Starts the process in a session of its own, with its output in a file, so that it lives on when this script ends. */
function launch(spec: PartSpec, log: string): ChildProcess {
  mkdirSync(join(log, '..'), { recursive: true })
  if (existsSync(log)) renameSync(log, log.replace(/\.log$/, '.previous.log'))
  const file = openSync(log, 'a')
  const env = { ...process.env, ...spec.env }
  const child = spawn(spec.command, spec.args, { cwd: spec.cwd, env, ...spec.user, detached: true, stdio: ['ignore', file, file] })
  child.on('error', () => undefined) // no pid then: waitUntilReady reports it
  child.unref()
  closeSync(file)
  return child
}

async function waitUntilReady(spec: PartSpec, log: string, isAlive: () => boolean): Promise<void> {
  const deadline = Date.now() + spec.readySeconds * 1000
  const ready = async (): Promise<void> => {
    while (!(await spec.isReady())) {
      if (!isAlive()) throw new StackError(`${spec.title} ended while starting. The end of ${shortPath(log)}:\n${lastLines(log)}`)
      if (Date.now() > deadline)
        throw new StackError(`${spec.title} did not answer within ${spec.readySeconds} s. The end of ${shortPath(log)}:\n${lastLines(log)}`)
      await sleep(200)
    }
  }
  await withProgress(`waiting for ${spec.title}`, ready())
}

function runningRecord(dir: string, name: string): ProcessRecord | undefined {
  const record = readRecord(dir, name)
  return record !== undefined && isRunning(record) ? record : undefined
}

function logFile(dir: string, name: string): string {
  return join(dir, `${name}.log`)
}

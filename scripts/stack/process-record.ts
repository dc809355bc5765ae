import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

/** What is remembered of a background process, in `<dir>/<name>.pid.json`. */
export interface ProcessRecord {
  name: string
  pid: number
  port: number
  /** Texts of which one stands in the command line of the real process, so that a reused pid is not taken for ours. */
  marks: string[]
  /** All that it was started with; another spec means it must be started anew. */
  spec: string
  stopSignal: NodeJS.Signals
  log: string
}

const SUFFIX = '.pid.json'

/** Reads the record of one process, if there is one. */
export function readRecord(dir: string, name: string): ProcessRecord | undefined {
  const file = join(dir, name + SUFFIX)
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessRecord
  } catch {
    return undefined // cut short by a crash: as good as none
  }
}

/** All records in a stack's directory. */
export function readRecords(dir: string): ProcessRecord[] {
  if (!existsSync(dir)) return []
  const names = readdirSync(dir)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
  return names.map((name) => readRecord(dir, name)).filter((record) => record !== undefined)
}

/** Remembers a process. */
export function writeRecord(dir: string, record: ProcessRecord): void {
  writeFileSync(join(dir, record.name + SUFFIX), JSON.stringify(record, undefined, 2))
}

/** Whether the process runs and is ours. */
export function isRunning(record: ProcessRecord): boolean {
  const command = commandLine(record.pid)
  return command !== undefined && record.marks.some((mark) => command.includes(mark))
}

/** Sends the signal and waits for the end; kills after the grace time. Forgets the process. */
export async function stopProcess(dir: string, record: ProcessRecord, signal: NodeJS.Signals, graceSeconds: number): Promise<void> {
  signalProcess(record, signal)
  if (!(await hasEnded(record, graceSeconds))) {
    signalProcess(record, 'SIGKILL')
    await hasEnded(record, 10)
  }
  rmSync(join(dir, record.name + SUFFIX), { force: true })
}

function signalProcess(record: ProcessRecord, signal: NodeJS.Signals): void {
  if (!isRunning(record)) return
  try {
    process.kill(record.pid, signal)
  } catch {
    // ended in between
  }
}

async function hasEnded(record: ProcessRecord, seconds: number): Promise<boolean> {
  const deadline = Date.now() + seconds * 1000
  while (isRunning(record)) {
    if (Date.now() > deadline) return false
    await sleep(50)
  }
  return true
}

/** The command line of a running process: from /proc where there is one (slim images have no ps), else from ps. */
function commandLine(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    } catch {
      return undefined
    }
  }
  const answer = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  return answer.status === 0 ? answer.stdout : undefined
}

import { spawn } from 'node:child_process'
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { StackError, withProgress } from './console.ts'
import { shortPath } from './paths.ts'

/** How a command is run. */
export interface CommandOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Run as this user (only possible as root). */
  user?: UserId
  timeoutSeconds?: number
}

/** A user to run a process as. */
export interface UserId {
  uid: number
  gid: number
}

/** What a command answered; code 127 when it does not exist, 124 when it took too long. */
export interface CommandResult {
  code: number
  output: string
}

/** Runs a command and collects what it prints. Never rejects. */
export function capture(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const timeout = (options.timeoutSeconds ?? 60) * 1000
    const child = spawn(command, args, { cwd: options.cwd, env: options.env, ...options.user, timeout, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => {
      resolve({ code: 127, output: error.message })
    })
    child.on('close', (code) => {
      resolve({ code: code ?? 124, output: output.trim() })
    })
  })
}

/** Runs a long command with its output in a log file and a progress line every few seconds; throws with the log's end when it fails. */
export async function runLogged(
  label: string,
  command: string,
  args: readonly string[],
  log: string,
  options: CommandOptions = {},
): Promise<void> {
  mkdirSync(dirname(log), { recursive: true })
  const file = openSync(log, 'w')
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, ...options.user, stdio: ['ignore', file, file] })
  closeSync(file)
  const ended = new Promise<number>((resolve) => {
    child.on('error', () => {
      resolve(127)
    })
    child.on('close', (code) => {
      resolve(code ?? 1)
    })
  })
  const code = await withProgress(label, ended)
  if (code !== 0) {
    throw new StackError(
      `${label} failed: ${[command, ...args].join(' ')} (exit code ${code})\n${lastLines(log)}\nThe whole log: ${shortPath(log)}`,
    )
  }
}

/** The end of a text file, for error messages. */
export function lastLines(file: string, count = 20): string {
  try {
    return readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-count)
      .map((line) => `  | ${line}`)
      .join('\n')
  } catch {
    return '  | (no log)'
  }
}

/** The full path of a command on PATH or in one of the further directories. */
export function which(name: string, furtherDirectories: readonly string[] = []): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...furtherDirectories]
  return directories
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

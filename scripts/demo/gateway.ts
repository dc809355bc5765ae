import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lastLines } from '../stack/command.ts'
import { StackError, say, withProgress } from '../stack/console.ts'
import type { DevStack } from '../stack/dev-stack.ts'
import { repoRoot, runDir, shortPath } from '../stack/paths.ts'
import { isPortFree, portFromEnvironment } from '../stack/ports.ts'

const DEFAULT_PORT = 3000
const TRIED_PORTS = 50
const READY_SECONDS = 60

/** The gateway of the demo, a process of its own. */
export interface DemoGateway {
  readonly baseUrl: string
  /** Resolves when it has ended, with its exit code. */
  readonly ended: Promise<number>
  stop(): Promise<void>
}

/** Starts a gateway in front of the stack and waits until it is ready to write. */
export async function startGateway(stack: DevStack): Promise<DemoGateway> {
  const port = await choosePort()
  const log = join(runDir, 'demo/gateway.log')
  mkdirSync(join(log, '..'), { recursive: true })
  const file = openSync(log, 'w')
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: repoRoot,
    stdio: ['ignore', file, file],
    env: { ...process.env, ...demoEnvironment(stack), PORT: String(port) },
  })
  closeSync(file)
  const ended = new Promise<number>((resolve) => {
    child.on('error', () => {
      resolve(127)
    })
    child.on('exit', (code) => {
      resolve(code ?? 0)
    })
  })
  const gateway = {
    baseUrl: `http://127.0.0.1:${port}`,
    ended,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
  process.on('exit', () => child.kill('SIGTERM'))
  await withProgress('waiting for the gateway', untilReady(gateway, log))
  say(`The gateway answers on ${gateway.baseUrl} (log: ${shortPath(log)})`)
  return gateway
}

/** The demo plays by the demo clinic's rules with the development key, whatever the shell has set for other runs. */
function demoEnvironment(stack: DevStack): Record<string, string> {
  return {
    NODE_ENV: 'development',
    FHIR_BASE_URL: stack.fhirBaseUrl,
    REDIS_URL: stack.redisUrl,
    HOST: '127.0.0.1',
    ROLE: 'all',
    MAPPING_FILE: 'mappings/demo-clinic.json',
    CLIENTS_FILE: '',
    TOKEN_SECRET: '',
    RATE_LIMIT_PER_MINUTE: '',
  }
}

async function choosePort(): Promise<number> {
  const wished = portFromEnvironment('PORT') ?? DEFAULT_PORT
  for (let port = wished; port < wished + TRIED_PORTS; port += 1) {
    if (!(await isPortFree(port))) continue
    if (port !== wished) say(`Port ${wished} is taken by another program: the gateway of the demo uses ${port}`)
    return port
  }
  throw new StackError(
    `Ports ${wished} to ${wished + TRIED_PORTS - 1} are all taken. Choose another one for the gateway: PORT=4000 npm run demo`,
  )
}

async function untilReady(gateway: DemoGateway, log: string): Promise<void> {
  const state: { code?: number } = {}
  void gateway.ended.then((code) => {
    state.code = code
  })
  const deadline = Date.now() + READY_SECONDS * 1000
  while (Date.now() < deadline) {
    if (state.code !== undefined) {
      throw new StackError(`The gateway ended with code ${state.code} while starting. The end of ${shortPath(log)}:\n${lastLines(log)}`)
    }
    const answer = await fetch(`${gateway.baseUrl}/health/ready`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await sleep(100)
  }
  throw new StackError(
    `The gateway was not ready within ${READY_SECONDS} s. "npm run doctor" says whether the FHIR server is the reason.\n` +
      `The end of ${shortPath(log)}:\n${lastLines(log)}`,
  )
}

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { capture } from './command.ts'
import { StackError, say, withProgress } from './console.ts'
import { fhirBaseUrl } from './hapi.ts'
import { repoRoot } from './paths.ts'
import { requireFreePort } from './ports.ts'

const SERVICES = ['redis', 'postgres', 'hapi']
const READY_SECONDS = 300

/** The ports which the containers publish on 127.0.0.1. */
export interface DockerPorts {
  hapi: number
  redis: number
}

/** Whether a Docker engine with `docker compose` answers. */
export async function isDockerUsable(): Promise<boolean> {
  const engine = await capture('docker', ['info', '--format', '{{.ServerVersion}}'], { timeoutSeconds: 5 })
  return engine.code === 0 && (await capture('docker', ['compose', 'version'], { timeoutSeconds: 5 })).code === 0
}

/** Starts Redis, PostgreSQL and HAPI as containers and waits until HAPI answers. */
export async function startContainers(ports: DockerPorts): Promise<void> {
  const running = await runningServices(ports)
  if (!running.includes('hapi')) await requireFreePort(ports.hapi, 'HAPI FHIR', 'HAPI_PORT')
  if (!running.includes('redis')) await requireFreePort(ports.redis, 'Redis', 'REDIS_PORT')
  say('Starting Redis, PostgreSQL and HAPI with docker compose')
  compose(ports, 'up', '-d', ...SERVICES)
  await withProgress('waiting for HAPI FHIR', waitForFhir(ports.hapi))
}

/** Stops the containers; their data stays in volumes. */
export function stopContainers(ports: DockerPorts): void {
  compose(ports, 'stop', ...SERVICES)
}

/** Removes the containers and their volumes. */
export function removeContainers(ports: DockerPorts): void {
  compose(ports, 'down', '--volumes', '--remove-orphans')
}

/** Shows the containers; returns whether all of them run. */
export async function showContainers(ports: DockerPorts): Promise<boolean> {
  compose(ports, 'ps')
  const running = await runningServices(ports)
  return SERVICES.every((service) => running.includes(service))
}

async function runningServices(ports: DockerPorts): Promise<string[]> {
  const command = composeArguments('ps', '--services', '--status', 'running')
  return (await capture('docker', command, { env: composeEnvironment(ports) })).output.split('\n')
}

function compose(ports: DockerPorts, ...command: string[]): void {
  const done = spawnSync('docker', composeArguments(...command), { stdio: 'inherit', env: composeEnvironment(ports) })
  if (done.status !== 0)
    throw new StackError(`docker compose ${command.join(' ')} failed (see above). Without Docker: npm run stack -- --local`)
}

/** An own project name keeps the development containers apart from a real deployment on the same machine. */
function composeArguments(...command: string[]): string[] {
  const files = ['docker-compose.yml', 'docker-compose.dev.yml'].flatMap((file) => ['-f', join(repoRoot, file)])
  return ['compose', '-p', 'fhir-scheduling-dev', ...files, ...command]
}

/** The compose file insists on the secrets of the gateway, which does not run here; the database's password must stay the same between runs. */
function composeEnvironment(ports: DockerPorts): NodeJS.ProcessEnv {
  const unused = { TOKEN_SECRET: 'unused', CLIENTS_FILE: '/dev/null', POSTGRES_PASSWORD: 'development' }
  return { ...process.env, ...unused, HAPI_PORT: String(ports.hapi), REDIS_PORT: String(ports.redis) }
}

/** The image has no cheap health address, so a small search it is. */
async function waitForFhir(port: number): Promise<void> {
  const deadline = Date.now() + READY_SECONDS * 1000
  for (;;) {
    try {
      const answer = await fetch(`${fhirBaseUrl(port)}/Slot?_summary=count`, { signal: AbortSignal.timeout(10_000) })
      await answer.body?.cancel()
      if (answer.ok) return
    } catch {
      // not listening yet
    }
    if (Date.now() > deadline)
      throw new StackError(`HAPI did not answer within ${READY_SECONDS} s. See: docker compose -p fhir-scheduling-dev logs hapi`)
    await sleep(1000)
  }
}

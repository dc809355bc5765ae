import { setTimeout } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { buildApp, doorsOf } from './app.ts'
import { ConfigError, readConfig, type Config } from './config.ts'
import { MappingError } from './clinic/load-mapping.ts'
import { assemble, type Assembly } from './deps.ts'
import { startTelemetry } from './telemetry.ts'
import { startWorker } from './worker.ts'

const STOP_WITHIN_MS = 10_000
const PROBE_WITHIN_MS = 8_000

/** Starts the roles of this process; on a signal stops them within ten seconds. */
async function main(): Promise<void> {
  const config = readConfig(process.env)
  const assembly = assemble(config)
  const { logger } = assembly
  const stopTelemetry = config.tracedAs === undefined ? undefined : await startTelemetry({ serviceName: config.tracedAs, logger })
  const roles: (() => Promise<void>)[] = []
  // What is under way ends first, in all roles at once, and still has the EHR for it; then the connections go.
  closeWithGrace({ delay: STOP_WITHIN_MS, logger }, async () => {
    await Promise.all(roles.map((stop) => stop()))
    await assembly.stop()
    await stopTelemetry?.()
  })
  // Ready from the first request on where the EHR answers in time; where it does not, reads say so and writes stay shut.
  await Promise.race([assembly.start(), setTimeout(PROBE_WITHIN_MS, undefined, { ref: false })])
  roles.push(config.role === 'worker' ? await startWindow(config, assembly) : await startApi(config, assembly))
  if (config.role !== 'api') roles.push(startWorker(config, assembly))
}

async function startApi(config: Config, assembly: Assembly): Promise<() => Promise<void>> {
  const app = await buildApp(assembly.gateway, assembly.logger, doorsOf(config.production))
  await app.listen({ host: config.host, port: config.port })
  return () => app.close()
}

/** A worker shows its health and metrics; where the port is taken it works all the same. */
async function startWindow(config: Config, assembly: Assembly): Promise<() => Promise<void>> {
  const app = await buildApp(assembly.gateway, assembly.logger, [])
  await app.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown'
    assembly.logger.warn({ port: config.port, code }, 'cannot listen: this worker shows no health and no metrics. Set PORT to a free one')
  })
  return () => app.close()
}

main().catch((error: unknown) => {
  const known = error instanceof ConfigError || error instanceof MappingError
  process.stderr.write(`${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
})

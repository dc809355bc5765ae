/** npm run dev: the development stack, and the gateway in front of it, which restarts when a source file changes. Takes the options of `npm run stack`. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { readArguments } from './stack/arguments.ts'
import { runScript, say } from './stack/console.ts'
import { startDevStack } from './stack/dev-stack.ts'
import { repoRoot } from './stack/paths.ts'
import { portFromEnvironment, requireFreePort } from './stack/ports.ts'

await runScript(async () => {
  const { flags } = readArguments(['postgres', 'h2', 'local'], 'npm run dev -- [--postgres|--h2] [--local]')
  const port = portFromEnvironment('PORT') ?? 3000
  await requireFreePort(port, 'the gateway', 'PORT')
  const stack = await startDevStack({ database: flags.postgres ? 'postgres' : flags.h2 ? 'h2-file' : undefined, local: flags.local })
  say(`\nGateway      http://127.0.0.1:${port}  (Ctrl-C stops it)`)
  const code = await runGateway({ FHIR_BASE_URL: stack.fhirBaseUrl, REDIS_URL: stack.redisUrl, PORT: String(port) })
  say('\nThe gateway has stopped. Redis and HAPI keep running; stop them with: npm run stack -- stop')
  return code
})

/** Settings of the user's own environment win over the stack's addresses. */
function runGateway(defaults: Record<string, string>): Promise<number> {
  const main = join(repoRoot, 'src/main.ts')
  const child = spawn(process.execPath, ['--watch', main], { cwd: repoRoot, stdio: 'inherit', env: { ...defaults, ...process.env } })
  // A terminal sends Ctrl-C to the gateway by itself: this script only has to outlive it.
  process.on('SIGINT', (signal) => process.stdin.isTTY || child.kill(signal))
  process.on('SIGTERM', (signal) => child.kill(signal))
  return new Promise((resolve) => {
    child.on('exit', (code) => {
      resolve(code ?? 0)
    })
  })
}

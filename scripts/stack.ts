/**
 * npm run stack                 starts Redis and HAPI FHIR: with Docker where an engine answers, else as background processes
 * npm run stack -- --postgres   with PostgreSQL under HAPI instead of an H2 file (remembered; back with --h2)
 * npm run stack -- --local      without Docker
 * npm run stack -- status       which parts run
 * npm run stack -- stop         stops them, the data stays
 * npm run stack -- reset        stops them and deletes the data
 */
import { readArguments } from './stack/arguments.ts'
import { StackError, runScript, say } from './stack/console.ts'
import { resetDevStack, showDevStack, startDevStack, stopDevStack, type DevStack } from './stack/dev-stack.ts'

await runScript(async () => {
  const { flags, words } = readArguments(
    ['postgres', 'h2', 'local'],
    'npm run stack -- [start|stop|status|reset] [--postgres|--h2] [--local]',
  )
  const command = words[0] ?? 'start'
  switch (command) {
    case 'start':
      showAddresses(await startDevStack({ database: flags.postgres ? 'postgres' : flags.h2 ? 'h2-file' : undefined, local: flags.local }))
      return 0
    case 'status':
      if (await showDevStack()) return 0
      say('The stack does not run (completely). Start it with: npm run stack')
      return 3
    case 'stop':
      await stopDevStack()
      say('Stopped; the data stays. Start again with: npm run stack')
      return 0
    case 'reset':
      await resetDevStack()
      say('Stopped, and the data deleted.')
      return 0
    default:
      throw new StackError(`"${command}" is none of: start, stop, status, reset`)
  }
})

function showAddresses(stack: DevStack): void {
  say('')
  say(
    `FHIR server  ${stack.fhirBaseUrl}  (HAPI on ${stack.database === 'postgres' ? 'PostgreSQL' : 'an H2 file'}, ${stack.mode === 'docker' ? 'Docker' : 'background processes'})`,
  )
  say(`Redis        ${stack.redisUrl}`)
  if (stack.postgresUrl !== undefined) say(`PostgreSQL   ${stack.postgresUrl}`)
  say('They keep running. Stop them with: npm run stack -- stop')
}

/**
 * npm run demo             two patients want the same time: plays it over REST on the real stack and checks the EHR at each step
 * npm run demo -- --keep   leaves the gateway running afterwards, to try things by hand (Ctrl-C stops it)
 *
 * Can be repeated any number of times. PORT moves the gateway, HAPI_PORT and REDIS_PORT the stack.
 */
import { join } from 'node:path'
import { Temporal } from 'temporal-polyfill'
import { loadMapping } from '../src/clinic/load-mapping.ts'
import { GatewayApi } from './demo/api.ts'
import { cancelLeftovers, castOf, ensureSeeded } from './demo/cast.ts'
import { BareEhr } from './demo/ehr.ts'
import { startGateway, type DemoGateway } from './demo/gateway.ts'
import { Checks, verdict } from './demo/scene.ts'
import { Stage } from './demo/stage.ts'
import { tellStory } from './demo/story.ts'
import { printTryIt } from './demo/try-it.ts'
import { readArguments } from './stack/arguments.ts'
import { runScript, say, StackError } from './stack/console.ts'
import { startDevStack } from './stack/dev-stack.ts'
import { repoRoot } from './stack/paths.ts'

const INTERRUPTED = 130
/** The time both patients want, tomorrow by the clinic's clock. */
const WANTED = { from: '10:00', to: '12:00' }

await runScript(async () => {
  const { flags } = readArguments(['keep'], 'npm run demo -- [--keep]')
  const stack = await startDevStack()
  const mapping = loadMapping(join(repoRoot, 'mappings/demo-clinic.json'))
  const zone = mapping.clinic.timeZone
  const today = Temporal.Now.plainDateISO(zone)
  const ehr = new BareEhr(stack.fhirBaseUrl)
  await ensureSeeded(stack, mapping, today, ehr)
  const gateway = await startGateway(stack)
  const interruption = watchSignals()
  const checks = new Checks()
  try {
    const api = new GatewayApi(gateway.baseUrl)
    const { first, second, guest } = castOf(mapping)
    say('\nOn the left what bots and gateway say to each other, on the right what the EHR holds then, read past the gateway.')
    await cancelLeftovers(api, [first, second])
    await tellStory({ stage: new Stage(api, ehr), checks, first, second }, tomorrow(today, zone))
    if (flags.keep) {
      say('')
      for (const line of verdict(checks)) say(line)
      printTryIt(gateway.baseUrl, guest)
      await untilEnd(gateway, interruption)
    }
  } catch (error) {
    if (!(error instanceof StackError)) throw error
    checks.note(error.message, false, 'the story broke off')
  } finally {
    await gateway.stop()
  }
  say(`\nThe EHR and Redis keep running. Stop them with: npm run stack -- stop`)
  for (const line of verdict(checks)) say(line)
  return checks.failures.length === 0 ? 0 : 1
})

function tomorrow(today: Temporal.PlainDate, zone: string): { start: string; end: string } {
  const at = (time: string): string =>
    today
      .add({ days: 1 })
      .toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(time) })
      .toString({ timeZoneName: 'never' })
  return { start: at(WANTED.from), end: at(WANTED.to) }
}

/** While the story plays, a signal ends the demo; `waiting` turns the next one into the wished end. */
interface Interruption {
  waiting?: () => void
}

function watchSignals(): Interruption {
  const interruption: Interruption = {}
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!interruption.waiting) process.exit(INTERRUPTED)
      interruption.waiting()
    })
  }
  return interruption
}

async function untilEnd(gateway: DemoGateway, interruption: Interruption): Promise<void> {
  const signalled = new Promise<void>((resolve) => {
    interruption.waiting = resolve
  })
  await Promise.race([signalled, gateway.ended])
}

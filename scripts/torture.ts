/**
 * npm run torture                    servers that die under load, histories checked, kill -9 at every point, faults on the wire: about 40 minutes
 * npm run torture -- --quick         the same with small numbers: about five minutes
 * npm run torture -- --seed N        draws the same misfortunes again
 * npm run torture -- --only NAME     one phase: wire, kills, chaos or history
 * npm run torture -- --base-url URL --fhir URL --key KEY [--mapping FILE --type CODE]
 *                                    the black-box checks on a gateway that runs, e.g. a clinic's test installation: it makes its own
 *                                    practitioners, Slots and patients there, books with them, and cancels what is left
 *
 * Starts its own servers (except with --base-url), prints its seed, and exits non-zero when a promise was broken.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Fhir } from '../test/helpers/fhir.ts'
import { Random } from '../test/torture/random.ts'
import { runScript, say, secondsSince, StackError } from './stack/console.ts'
import { repoRoot, runDir } from './stack/paths.ts'
import { startStack } from './stack/stack.ts'
import { blackBoxPhase } from './torture/black-box.ts'
import { chaosPhase, historyPhase, killPhase, wirePhase, type Rack } from './torture/phases.ts'
import { TortureReport } from './torture/report.ts'
import { serversOf } from './torture/servers.ts'

const FULL = { wire: 200, kills: 3, chaos: { seconds: 300, perSecond: 20, freezeMs: 30_000 }, history: { slots: 200, patients: 48, requests: 20_000 } }
const QUICK = { wire: 10, kills: 1, chaos: { seconds: 60, perSecond: 20, freezeMs: 5_000 }, history: { slots: 80, patients: 32, requests: 2_000 } }
/** The wire comes last: it fills the EHR with a desk for each write, and that slows down whatever comes after. */
const PHASES = ['chaos', 'history', 'kills', 'wire'] as const

await runScript(async () => {
  const options = readOptions()
  const seed = options.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(options.seed)
  say(`Seed ${seed} (again: npm run torture -- --seed ${seed}${options.quick === true ? ' --quick' : ''})`)
  const started = Date.now()
  const report = new TortureReport()
  if (options['base-url'] === undefined) {
    const save = (missing: readonly string[]) => {
      const size = options.quick === true ? 'small numbers' : 'full numbers'
      const end = missing.length === 0 ? '' : ` Ended before its end: ${missing.join(', ')} not finished.`
      const head = `Seed ${seed}, ${size}, ${secondsSince(started)} s, ${new Date().toISOString().slice(0, 10)}.${end}`
      if (options.only === undefined) writeFileSync(join(repoRoot, 'docs/torture-results.md'), report.page([head]))
    }
    await onOwnServers(options, new Random(seed), report, save)
  } else {
    await blackBoxPhase({ ...options, baseUrl: options['base-url'] }, new Random(seed), report)
  }
  say(`\n${secondsSince(started)} s, seed ${seed}`)
  say(report.verdict())
  return report.failed ? 1 : 0
})

async function onOwnServers(
  options: ReturnType<typeof readOptions>,
  random: Random,
  report: TortureReport,
  save: (missing: readonly string[]) => void,
): Promise<void> {
  const size = options.quick === true ? QUICK : FULL
  const dir = join(runDir, `torture-${process.pid}`)
  mkdirSync(dir, { recursive: true })
  const stack = await startStack({ dir, hapis: [{ database: 'postgres', quickStart: true }] })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stack.remove().finally(() => process.exit(130)))
  try {
    const rack: Rack = { fhir: new Fhir(stack.fhirBaseUrl), redisUrl: stack.redisUrl, random, report }
    const run = {
      wire: () => wirePhase(rack, size.wire),
      kills: () => killPhase(rack, size.kills),
      chaos: () => chaosPhase(rack, serversOf(stack), size.chaos),
      history: () => historyPhase(rack, size.history),
    }
    for (const [index, phase] of PHASES.entries()) {
      if (options.only !== undefined && options.only !== phase) continue
      say(`\n== ${phase}`)
      report.noted = () => {
        save(PHASES.slice(index))
      }
      await run[phase]()
      save(PHASES.slice(index + 1))
    }
  } finally {
    await stack.remove()
  }
}

function readOptions() {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      options: { quick: { type: 'boolean' }, seed: text, only: text, 'base-url': text, fhir: text, key: text, mapping: text, type: text },
    })
    if (values.seed !== undefined && !/^\d+$/.test(values.seed)) throw new Error('--seed takes a whole number')
    if (values.only !== undefined && !PHASES.some((phase) => phase === values.only)) throw new Error(`--only takes one of ${PHASES.join(', ')}`)
    return values
  } catch (error) {
    throw new StackError(`${error instanceof Error ? error.message : 'wrong arguments'}\nUsage: see the head of scripts/torture.ts`)
  }
}

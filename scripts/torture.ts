/**
 * npm run torture                    servers that die under load, histories checked, kill -9 at every point, faults on the wire: about 90 minutes
 * npm run torture -- --quick         the same with small numbers: about six minutes
 * npm run torture -- --seed N        draws the same misfortunes again
 * npm run torture -- --only NAME     one phase: wire, kills, chaos or history
 * npm run torture -- --base-url URL --fhir URL --key KEY [--mapping FILE --type CODE]
 *                                    the black-box checks on a gateway that runs, e.g. a clinic's test installation: it makes its own
 *                                    practitioners, Slots and patients there, books with them, and cancels what is left
 *
 * Starts its own servers (except with --base-url), prints its seed, writes what full numbers have shown into docs/torture-results.md,
 * and exits non-zero when a promise was broken.
 */
import { mkdirSync } from 'node:fs'
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
import { ResultsPage } from './torture/results-page.ts'
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
  if (options['base-url'] === undefined) await onOwnServers(options, seed, report)
  else await blackBoxPhase({ ...options, baseUrl: options['base-url'] }, new Random(seed), report)
  say(`\n${secondsSince(started)} s, seed ${seed}`)
  say(report.verdict())
  return report.failed ? 1 : 0
})

async function onOwnServers(options: ReturnType<typeof readOptions>, seed: number, report: TortureReport): Promise<void> {
  const size = options.quick === true ? QUICK : FULL
  const dir = join(runDir, `torture-${process.pid}`)
  mkdirSync(dir, { recursive: true })
  const stack = await startStack({ dir, hapis: [{ database: 'postgres', quickStart: true }] })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stack.remove().finally(() => process.exit(130)))
  try {
    const page = new ResultsPage(join(repoRoot, 'docs/torture-results.md'), PHASES)
    const run = {
      wire: (rack: Rack) => wirePhase(rack, size.wire),
      kills: (rack: Rack) => killPhase(rack, size.kills),
      chaos: (rack: Rack) => chaosPhase(rack, serversOf(stack), size.chaos),
      history: (rack: Rack) => historyPhase(rack, size.history),
    }
    for (const phase of PHASES) {
      if (options.only !== undefined && options.only !== phase) continue
      say(`\n== ${phase}`)
      const started = Date.now()
      report.beginTable()
      const save = (end: string) => {
        const how = `Seed ${seed}, ${secondsSince(started)} s, ${new Date().toISOString().slice(0, 10)}${end}.`
        // Small numbers show that it runs, not how well it holds.
        if (options.quick !== true) page.write(phase, how, report.rows)
      }
      report.noted = () => {
        save('; ended before its end')
      }
      // Each phase draws from the seed anew, so that it does the same without the others.
      await run[phase]({ fhir: new Fhir(stack.fhirBaseUrl), redisUrl: stack.redisUrl, random: new Random(seed), report })
      save('')
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

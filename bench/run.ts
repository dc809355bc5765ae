/**
 * npm run bench                the gateway against the same FHIR requests sent bare, side by side: about ten minutes
 * npm run bench -- --quick     fewer of each: about three minutes, rougher figures
 * npm run bench -- --profile   also leaves a CPU profile of the gateway in .run/bench-profile (for Chrome's DevTools)
 *
 * Prints a table and writes bench/results.md and bench/results.svg. bench/README.md says how to read them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseMapping } from '../src/clinic/load-mapping.ts'
import type { ClinicMapping } from '../src/clinic/mapping.ts'
import { loadResources } from '../scripts/seed/load.ts'
import { readArguments } from '../scripts/stack/arguments.ts'
import { runScript, say, secondsSince, withProgress } from '../scripts/stack/console.ts'
import { repoRoot, runDir } from '../scripts/stack/paths.ts'
import type { Stack } from '../scripts/stack/stack.ts'
import { BareSide } from './bare-side.ts'
import { removeBenchStack, startBenchStack } from './bench-stack.ts'
import { chartOf } from './chart.ts'
import { startGateway, type BenchGateway } from './gateway-process.ts'
import { GatewaySide } from './gateway-side.ts'
import { measureCell, runUnmeasured, type Cell } from './measure.ts'
import { ACTIONS, patientsOf, planOf, type BenchPlan } from './plan.ts'
import { startRecorder, type Recorder } from './recorder.ts'
import { aimLines, resultsPage, rowsOf, tableOf } from './report.ts'
import { assertSameOutcome } from './same-outcome.ts'
import { World, type WorldName } from './world.ts'

const INTERRUPTED = 130
/** At a time, while the requests are recorded and the gateway warms up. */
const UNMEASURED_CONCURRENCY = 8

/** What every step of the run needs. */
interface Bench {
  readonly stack: Stack
  readonly plan: BenchPlan
  readonly mapping: ClinicMapping
  readonly mappingFile: string
  readonly worlds: Readonly<Record<WorldName, World>>
  readonly profile: boolean
}

await runScript(async () => {
  const { flags } = readArguments(['quick', 'profile'], 'npm run bench -- [--quick] [--profile]')
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => void removeBenchStack().finally(() => process.exit(INTERRUPTED)))
  const started = Date.now()
  const [loadBefore = Number.NaN] = loadavg()
  try {
    const bench = prepareBench(await startBenchStack(), planOf(flags.quick), flags.profile)
    await loadWorlds(bench)
    const recorder = await startRecorder(bench.stack.fhirBaseUrl)
    await withProgress('recording what the gateway sends', record(bench, recorder))
    const rows = rowsOf(await measure(bench, recorder))
    await recorder.close()
    say(`\n${tableOf(rows)}\n`)
    for (const line of aimLines(rows)) say(line)
    writeFileSync(join(repoRoot, 'bench/results.md'), resultsPage(rows, flags.quick, loadBefore))
    writeFileSync(join(repoRoot, 'bench/results.svg'), chartOf(rows))
    say(`\nWritten to bench/results.md and bench/results.svg after ${secondsSince(started)} s`)
    return 0
  } finally {
    await removeBenchStack()
  }
})

/** The demo clinic's rules, with holds that outlast the run. */
function prepareBench(stack: Stack, plan: BenchPlan, profile: boolean): Bench {
  const demo = JSON.parse(readFileSync(join(repoRoot, 'mappings/demo-clinic.json'), 'utf8')) as Record<string, unknown>
  const changed = { ...demo, holds: { ttlSeconds: 3600, perPatient: 3 } }
  const mapping = parseMapping(changed, 'the mapping of the bench')
  const mappingFile = join(stack.dir, 'mapping.json')
  writeFileSync(mappingFile, JSON.stringify(changed))
  const { total } = patientsOf(plan)
  const world = (name: WorldName, patients = total): World => new World(name, patients, mapping.clinic.timeZone)
  const worlds = { r: world('r'), g: world('g'), b: world('b'), w: world('w', plan.patientsBefore) }
  return { stack, plan, mapping, mappingFile, profile, worlds }
}

async function loadWorlds({ stack, worlds }: Bench): Promise<void> {
  const resources = Object.values(worlds).flatMap((world) => world.resources())
  await withProgress(`loading ${resources.length.toLocaleString('en')} resources`, loadResources(stack.fhirBaseUrl, resources))
}

/** Every action once for every patient, through a gateway whose requests are kept. It also warms HAPI up. */
async function record(bench: Bench, recorder: Recorder): Promise<void> {
  const gateway = await startGateway({ ...gatewayOptions(bench), name: 'recorded', fhirBaseUrl: recorder.baseUrl })
  try {
    await serveAll(bench, gateway, bench.worlds.r, patientsOf(bench.plan).total)
  } finally {
    await gateway.stop()
  }
}

/** Every action once for so many patients of a world, through a gateway, without measuring. */
async function serveAll({ mapping }: Bench, { baseUrl }: BenchGateway, world: World, count: number): Promise<void> {
  const patients = Array.from({ length: count }, (_, index) => index)
  const side = await GatewaySide.create(baseUrl, world, mapping, count)
  for (const action of ACTIONS) await runUnmeasured(side, action, patients, UNMEASURED_CONCURRENCY)
}

async function measure(bench: Bench, recorder: Recorder): Promise<Cell[]> {
  const { plan, stack, worlds } = bench
  const patients = patientsOf(plan)
  const profileDir = bench.profile ? join(runDir, 'bench-profile') : undefined
  const process = await startGateway({ ...gatewayOptions(bench), name: 'measured', fhirBaseUrl: stack.fhirBaseUrl, profileDir })
  try {
    await withProgress('warming the gateway up', serveAll(bench, process, worlds.w, plan.patientsBefore))
    const gateway = await GatewaySide.create(process.baseUrl, worlds.g, bench.mapping, patients.total)
    const bare = new BareSide(stack.fhirBaseUrl, recorder, { from: worlds.r, to: worlds.b })
    const cells: Cell[] = []
    for (const level of [plan.warmUp, ...plan.levels]) {
      say(level === plan.warmUp ? 'warming up both sides' : `measuring ${level.concurrency} at a time`)
      for (const action of ACTIONS) {
        const cell = await measureCell({ gateway, bare }, action, level, patients.of(level), () => process.cpuSeconds())
        if (level !== plan.warmUp) cells.push(cell)
      }
    }
    await assertSameOutcome(stack.fhirBaseUrl, worlds.g, worlds.b)
    return cells
  } finally {
    await process.stop()
  }
}

function gatewayOptions({ stack, mappingFile }: Bench) {
  return { dir: stack.dir, redisUrl: stack.redisUrl, mappingFile }
}

import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** The suites that have to notice a defect, quickest proof first. */
export type Suite = 'simulation' | 'unit'

/** Runs of each theme of the simulation per mutant: most defects show within a few. */
const SIMULATION_RUNS = 400
const SUITES: Readonly<Record<Suite, readonly string[]>> = {
  simulation: ['test/unit/simulation/'],
  // Whether the mutants still fit the sources is no question to a spoilt one.
  unit: ['--exclude', '**/simulation/**', '--exclude', '**/mutants.test.ts'],
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly title: string; readonly failureMessages: readonly string[] }[]
  }[]
}

/** What a suite has noticed first; `undefined` when it passed. */
export async function firstFailure(dir: string, suite: Suite): Promise<string | undefined> {
  const reportFile = join(dir, 'report.json')
  rmSync(reportFile, { force: true })
  const args = ['run', '--project', 'unit', '--bail', '1', '--reporter', 'json', `--outputFile=${reportFile}`, ...SUITES[suite]]
  const code = await run(dir, args)
  if (code === 0) return undefined
  return existsSync(reportFile) ? describe(JSON.parse(readFileSync(reportFile, 'utf8')) as Report) : `vitest ended with exit code ${code}`
}

function run(dir: string, args: readonly string[]): Promise<number> {
  const env = { ...process.env, SIMULATION_RUNS: String(SIMULATION_RUNS) }
  const child = spawn(process.execPath, [join(dir, 'node_modules/vitest/vitest.mjs'), ...args], { cwd: dir, stdio: 'ignore', env })
  return new Promise((resolve) => {
    child.on('error', () => {
      resolve(127)
    })
    child.on('exit', (code) => {
      resolve(code ?? 1)
    })
  })
}

function describe(report: Report): string {
  const failed = report.testResults.flatMap(({ assertionResults }) => assertionResults).find(({ status }) => status === 'failed')
  const broken = report.testResults.find(({ message }) => message !== '')?.message
  const text = failed ? `${failed.title}: ${failed.failureMessages[0] ?? ''}` : (broken ?? 'a failure without a name')
  return (text.split('\n')[0] ?? '').replace(/^Error: /, '')
}

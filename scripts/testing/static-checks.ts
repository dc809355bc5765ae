import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { secondsSince, say } from '../stack/console.ts'
import { repoRoot } from '../stack/paths.ts'

/** A check that needs no server; each counts as one test. */
interface StaticCheck {
  title: string
  /** Script and arguments, run by this Node at the root of the checkout. */
  run: [script: string, ...args: string[]]
}

const CHECKS: StaticCheck[] = [
  { title: 'types (tsc)', run: ['node_modules/typescript/bin/tsc', '-p', '.'] },
  { title: 'types of the demo page (tsc)', run: ['node_modules/typescript/bin/tsc', '-p', 'src/demo/page'] },
  { title: 'lint (eslint)', run: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'] },
  {
    title: 'import rules (dependency-cruiser)',
    run: ['node_modules/dependency-cruiser/bin/dependency-cruiser.mjs', 'src', '--config', '.dependency-cruiser.cjs'],
  },
  { title: 'mapping schema up to date', run: ['scripts/mapping-schema.ts', '--check'] },
]

/** Runs every check, also after one has failed, and returns the counts. */
export function runStaticChecks(): { passed: number; failed: number } {
  const results = CHECKS.filter((check) => existsSync(join(repoRoot, check.run[0]))).map(runCheck)
  const passed = results.filter(Boolean).length
  return { passed, failed: results.length - passed }
}

function runCheck(check: StaticCheck): boolean {
  header(check.title)
  const started = Date.now()
  const passed = spawnSync(process.execPath, check.run, { cwd: repoRoot, stdio: 'inherit' }).status === 0
  say(`${passed ? 'passed' : 'FAILED'}: ${check.title} (${secondsSince(started)} s)`)
  return passed
}

/** The headline of a step. */
export function header(title: string): void {
  say(`\n== ${title}`)
}

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { repoRoot, runDir } from '../stack/paths.ts'

/** Tests by outcome. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: unknown[] }[]
}

const reportFile = join(runDir, 'test-report.json')

/** Runs vitest, its output on the terminal, and counts from its report. */
export async function runVitest(args: readonly string[], env: Record<string, string>): Promise<Counts> {
  mkdirSync(dirname(reportFile), { recursive: true })
  rmSync(reportFile, { force: true })
  const vitest = join(repoRoot, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: repoRoot,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  const code = await new Promise<number>((resolve) => {
    child.on('error', () => {
      resolve(127)
    })
    child.on('exit', (status) => {
      resolve(status ?? 1)
    })
  })
  return countTests(existsSync(reportFile) ? readFileSync(reportFile, 'utf8') : undefined, code)
}

/** A crash without report, a file that does not load and an error outside of any test are failures too. */
export function countTests(report: string | undefined, exitCode: number): Counts {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 }
  const result = JSON.parse(report) as Report
  const brokenFiles = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
  const failed = result.numFailedTests + brokenFiles
  return {
    passed: result.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: result.numPendingTests + result.numTodoTests,
  }
}

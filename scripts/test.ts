/**
 * npm test                      static checks, then all tests against a real Redis and two real HAPIs of this run's own
 * npm test -- test/hapi/hold    only the test files whose path contains the text
 * npm test -- --unit            without servers: static checks and test/unit
 * npm run test:full             more rounds (TEST_FULL=1); writes docs/test-results.md
 *
 * The last line printed is always "N passed, N failed"; each static check counts as one.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readArguments } from './stack/arguments.ts'
import { ensureChromium } from './stack/chromium.ts'
import { StackError, say, secondsSince } from './stack/console.ts'
import { repoRoot } from './stack/paths.ts'
import { countLine, factsFile, writeResultsPage } from './testing/results-page.ts'
import { header, runStaticChecks } from './testing/static-checks.ts'
import { removeTestStack, startTestStack, testEnvironment } from './testing/test-stack.ts'
import { runVitest, type Counts } from './testing/vitest-run.ts'

interface TestOptions {
  full: boolean
  unit: boolean
  filters: string[]
}

const started = Date.now()
const total: Counts = { passed: 0, failed: 0, skipped: 0 }
try {
  await runTests(readOptions())
} catch (error) {
  total.failed += 1
  console.error(error instanceof StackError ? `\n${error.message}` : error)
}
say(`\n${secondsSince(started)} s in all`)
console.log(countLine(total))
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)

async function runTests(options: TestOptions): Promise<void> {
  rmSync(factsFile, { force: true })
  add({ ...runStaticChecks(), skipped: 0 })
  const tests = options.unit ? await runUnitTests(options) : await runAllTests(options)
  add(tests)
  if (tests.passed + tests.failed === 0) throw new StackError('No test ran.')
  if (options.full && !options.unit && options.filters.length === 0) await writeResultsPage(total, secondsSince(started))
}

function runUnitTests(options: TestOptions): Promise<Counts> {
  header('tests without servers (vitest)')
  return runVitest(['--project', 'unit', ...options.filters], environment(options))
}

async function runAllTests(options: TestOptions): Promise<Counts> {
  header('test servers')
  stopOnSignal()
  try {
    const stack = await startTestStack()
    if (runsBrowser(options)) await ensureChromium()
    header('tests (vitest)')
    return await runVitest(options.filters, { ...environment(options), ...testEnvironment(stack) })
  } finally {
    header('stopping the test servers')
    await removeTestStack()
  }
}

/** Whether a test with a browser is among those asked for. */
function runsBrowser({ filters }: TestOptions): boolean {
  const files = readdirSync(join(repoRoot, 'test/browser')).map((name) => `test/browser/${name}`)
  return filters.length === 0 || filters.some((text) => files.some((file) => file.includes(text)))
}

function environment(options: TestOptions): Record<string, string> {
  const examples = join(repoRoot, '../shared/data/argonaut-r4.ndjson')
  return { ...(options.full && { TEST_FULL: '1' }), ...(existsSync(examples) && { TEST_NDJSON: examples }) }
}

/** An interrupted run takes its servers with it. */
function stopOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void removeTestStack().finally(() => {
        console.log(countLine({ ...total, failed: total.failed + 1 }))
        process.exit(130)
      })
    })
  }
}

function add(counts: Counts): void {
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
}

function readOptions(): TestOptions {
  const { flags, words } = readArguments(['full', 'unit'], "npm test -- [--unit] [--full] [text in a test file's path …]")
  return { ...flags, filters: words }
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture } from '../stack/command.ts'
import { repoRoot, runDir } from '../stack/paths.ts'
import { ensurePostgres } from '../stack/postgres-tools.ts'
import { ensureRedis } from '../stack/redis.ts'
import type { Counts } from './vitest-run.ts'

/** Tests may leave measured facts (name → value) here; they come into docs/test-results.md. */
export const factsFile = join(runDir, 'test-facts.json')

/** Writes docs/test-results.md after a full run. */
export async function writeResultsPage(counts: Counts, seconds: number): Promise<void> {
  const facts = existsSync(factsFile) ? (JSON.parse(readFileSync(factsFile, 'utf8')) as Record<string, unknown>) : {}
  const sections = [
    '# Results of the last full test run',
    'Written by `npm run test:full`.',
    table(
      ['', ''],
      [['Date', new Date().toISOString().slice(0, 10)], ['Result', countLine(counts)], ['Duration', `${seconds} s`], ...(await versions())],
    ),
  ]
  if (Object.keys(facts).length > 0) sections.push('## Measured', table(['fact', 'value'], Object.entries(facts)))
  writeFileSync(join(repoRoot, 'docs/test-results.md'), `${sections.join('\n\n')}\n`)
}

/** The last line of every test run. */
export function countLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`
}

async function versions(): Promise<[string, string][]> {
  const pom = readFileSync(join(repoRoot, 'hapi/pom.xml'), 'utf8')
  const postgres = await capture(join(await ensurePostgres(), 'postgres'), ['--version'])
  const redis = await capture(await ensureRedis(), ['--version'])
  return [
    ['Node', process.version],
    ['HAPI FHIR', /<hapi\.version>([^<]+)</.exec(pom)?.[1] ?? 'unknown'],
    ['PostgreSQL', /\d+(\.\d+)+/.exec(postgres.output)?.[0] ?? 'unknown'],
    ['Redis or Valkey', /v=(\S+)/.exec(redis.output)?.[1] ?? 'unknown'],
  ]
}

function table(head: [string, string], rows: readonly (readonly [string, unknown])[]): string {
  const cell = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('|', '\\|')
  const line = (cells: readonly unknown[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), '|---|---|', ...rows.map(line)].join('\n')
}

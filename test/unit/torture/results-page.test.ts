import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ResultsPage } from '../../../scripts/torture/results-page.ts'

const dir = mkdtempSync(join(tmpdir(), 'fsg-results-'))
afterEach(() => {
  rmSync(dir, { recursive: true })
})

test('a phase that ran again replaces its section, and leaves the others', () => {
  const file = join(dir, 'results.md')
  const write = (phase: string, how: string, row: string) => {
    new ResultsPage(file, ['chaos', 'wire']).write(phase, how, [`| ${row} | 1 | kept |`])
  }
  write('wire', 'Seed 1.', 'old wire')
  expect(readFileSync(file, 'utf8')).toMatch(/## chaos\n\nNot run yet\.\n\n## wire\n\nSeed 1\.\n\n\| what \|.*\n.*\n\| old wire \| 1 \| kept \|\n$/)
  write('chaos', 'Seed 2.', 'chaos')
  write('wire', 'Seed 3.', 'new wire')
  const text = readFileSync(file, 'utf8')
  expect(text.match(/^## .*/gm)).toEqual(['## chaos', '## wire'])
  expect(text).toContain('| chaos | 1 | kept |')
  expect(text).toContain('| new wire | 1 | kept |')
  expect(text).not.toMatch(/old wire|Not run yet/)
})

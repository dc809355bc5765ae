import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MUTANTS } from '../../scripts/mutants/list.ts'
import { plant } from '../../scripts/mutants/mutant.ts'

test.for(MUTANTS)('the mutant "$name" still fits $file', (mutant) => {
  const source = readFileSync(mutant.file, 'utf8')
  expect(plant(mutant, source)).not.toBe(source)
})

test('mutants are told apart by their names', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
})

test('one that does not fit any more, or in two places, says so', () => {
  const mutant = { name: 'm', danger: 'd', file: 'f.ts', text: 'a', replacement: 'b' }
  expect(() => plant(mutant, 'xyz')).toThrow('"m" does not fit f.ts: its text is not there any more')
  expect(() => plant(mutant, 'aa')).toThrow('stands there 2 times')
})

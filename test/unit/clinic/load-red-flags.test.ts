import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MappingError } from '../../../src/clinic/load-mapping.ts'
import { loadRedFlags } from '../../../src/clinic/load-red-flags.ts'
import type { RedFlagList } from '../../../src/clinic/red-flags.ts'
import { Screening } from '../../../src/intake/screening.ts'
import { testMapping } from '../../helpers/clinic.ts'

const DEMO = 'mappings/demo-clinic.json'
const ENGLISH = JSON.parse(readFileSync('mappings/red-flags.en.json', 'utf8')) as RedFlagList
const settings = (redFlags: object) => testMapping({ redFlags }).redFlags
const OWN = {
  code: 'eye',
  language: 'en',
  title: 'An eye',
  priority: 'stat',
  instruction: 'Rinse the eye, and call 911 now.',
  call: ['911'],
  phrases: ['something in|into my|the eye'],
}

/** A directory with a clinic's file and a list of its own. */
function clinicWith(list: unknown): string {
  const directory = mkdtempSync(join(tmpdir(), 'fsg-test-'))
  writeFileSync(join(directory, 'own.json'), JSON.stringify(list))
  return join(directory, 'clinic.json')
}

function messageOf(load: () => unknown): string {
  try {
    load()
  } catch (error) {
    if (error instanceof MappingError) return error.message
    throw error
  }
  return 'accepted'
}

test('a file that says nothing of it has both lists, wherever it lies', () => {
  const lists = loadRedFlags(testMapping().redFlags, clinicWith({}))
  expect(lists.map(({ language }) => language)).toEqual(['en', 'es'])
  for (const list of lists) {
    expect(list.version).toBeGreaterThanOrEqual(1)
    expect(list.categories.map(({ code }) => code)).toEqual(
      expect.arrayContaining([
        'heart',
        'stroke',
        'breathing',
        'self-harm',
        'poisoning',
        'child',
        'bleeding',
        'injury',
        'pregnancy',
        'allergy',
      ]),
    )
  }
})

test('a list beside the file goes before the own one of that name', () => {
  const file = clinicWith({ ...ENGLISH, version: 77 })
  expect(loadRedFlags(settings({ lists: ['own.json'] }), file).map(({ version }) => version)).toEqual([77])
})

describe("a clinic's own categories", () => {
  const screening = (...categories: object[]) => new Screening(loadRedFlags(settings({ categories }), DEMO))

  test('notice what the lists do not', () => {
    expect(screening().redFlagIn('there is something in my eye')).toBeUndefined()
    expect(screening(OWN).redFlagIn('there is something in my eye')).toMatchObject({
      ruleId: 'clinic-eye',
      priority: 'stat',
      call: ['911'],
      instruction: expect.stringMatching(/^Rinse the eye.*cannot judge symptoms/) as unknown,
    })
    expect(screening(OWN).redFlagIn('there is nothing in my eye, not something in my eye')).toBeUndefined()
  })

  test('change the words of one that is there, and leave the rest', () => {
    const flag = screening({ code: 'heart', language: 'en', instruction: 'Call our nurse at 555-0111, or 911.' }).redFlagIn('chest pain')
    expect(flag).toMatchObject({ ruleId: 'chest-pain', priority: 'stat', call: ['911'] })
    expect(flag?.instruction).toMatch(/^Call our nurse/)
    expect(screening({ code: 'heart', language: 'en', phrases: ['funny feeling'] }).redFlagIn('funny feeling')?.ruleId).toBe('clinic-heart')
  })

  test.for<readonly [string, object, RegExp]>([
    [
      'that are new and say too little',
      { ...OWN, instruction: undefined },
      /"eye" is new and needs title, priority, instruction and phrases/,
    ],
    ['that are new and notice nothing', { ...OWN, phrases: [] }, /"eye" is new/],
    ['in a language that no list has', { ...OWN, language: 'fr' }, /none of redFlags.lists is in the language "fr"/],
  ])('%s are refused', ([, category, says]) => {
    expect(messageOf(() => loadRedFlags(settings({ categories: [category] }), DEMO))).toMatch(says)
  })
})

describe('a wrong list stops the start and names the place', () => {
  const load = (list: unknown) => messageOf(() => loadRedFlags(settings({ lists: ['own.json'] }), clinicWith(list)))
  const rule = (changes: object) => ({ ...ENGLISH, rules: [{ ...ENGLISH.rules[0], ...changes }] })

  test.for<readonly [string, unknown, string]>([
    ['a phrase with two spaces', rule({ phrases: ['a  b'] }), 'rules[0].phrases[0]: write words with single spaces'],
    ['a phrase with signs', rule({ phrases: ["can't"] }), 'rules[0].phrases[0]: '],
    ['a phrase that ends in a gap', rule({ phrases: ['pain ...'] }), 'rules[0].phrases[0]: '],
    ['a rule without phrases', rule({ phrases: [] }), 'rules[0].phrases: '],
    ['a category that is not there', rule({ category: 'nothing' }), 'rules[0].category: unknown category, use one of: breathing'],
    ['an id in capitals', rule({ id: 'Chest' }), 'rules[0].id: use lower-case letters'],
    ['two rules of one id', { ...ENGLISH, rules: [ENGLISH.rules[0], ENGLISH.rules[0]] }, 'two rules have the id "trouble-breathing"'],
    ['no version', { ...ENGLISH, version: undefined }, 'version: '],
    ['an unknown field', { ...ENGLISH, note: 1 }, '"note"'],
  ])('%s', ([, list, says]) => {
    expect(load(list)).toContain(says)
  })

  test('one that is not there', () => {
    expect(messageOf(() => loadRedFlags(settings({ lists: ['gone.json'] }), DEMO))).toMatch(/gone\.json cannot be read/)
  })
})

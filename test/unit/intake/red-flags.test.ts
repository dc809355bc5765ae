import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadRedFlags } from '../../../src/clinic/load-red-flags.ts'
import { Screening } from '../../../src/intake/screening.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { ENGLISH_FLAGS, ENGLISH_HARMLESS, SPANISH_FLAGS, SPANISH_HARMLESS } from './phrases.ts'

const LISTS = loadRedFlags(testMapping().redFlags, 'mappings/demo-clinic.json')
const screening = new Screening(LISTS)
const ruleIn = (text: string) => screening.redFlagIn(text)?.ruleId

describe('noticed in English', () => {
  test.for(ENGLISH_FLAGS)('%s', ([text, ruleId]) => {
    expect(ruleIn(text)).toBe(ruleId)
    expect(screening.redFlagIn(text)?.language).toBe('en')
  })
})

describe('noticed in Spanish', () => {
  test.for(SPANISH_FLAGS)('%s', ([text, ruleId]) => {
    expect(ruleIn(text)).toBe(ruleId)
    expect(screening.redFlagIn(text)?.language).toBe('es')
  })
})

describe('let through', () => {
  test.for([...ENGLISH_HARMLESS, ...SPANISH_HARMLESS])('%s', (text) => {
    expect(ruleIn(text)).toBeUndefined()
  })
})

test('the tables are as long as the lists are important', () => {
  expect(ENGLISH_FLAGS.length + ENGLISH_HARMLESS.length).toBeGreaterThan(100)
  expect(SPANISH_FLAGS.length + SPANISH_HARMLESS.length).toBeGreaterThan(100)
  const met = new Set([...ENGLISH_FLAGS, ...SPANISH_FLAGS].map(([, ruleId]) => ruleId))
  expect(LISTS.flatMap((list) => list.rules.map((rule) => rule.id)).filter((id) => !met.has(id))).toEqual([])
})

describe('what is answered', () => {
  test.for(LISTS.flatMap((list) => list.categories.map((category) => [list, category] as const)))(
    '%j',
    ([list, { instruction, call, priority }]) => {
      expect(instruction).toMatch(/911|988|1-800-222-1222/)
      for (const number of call) expect(instruction).toContain(number)
      expect(['stat', 'asap']).toContain(priority)
      expect(list.disclaimer).toMatch(/cannot judge symptoms|no puedo evaluar síntomas/)
    },
  )

  test('an emergency, a crisis and a poisoning have numbers of their own, in the language of the patient', () => {
    expect(screening.redFlagIn('chest pain')).toMatchObject({ priority: 'stat', call: ['911'] })
    expect(screening.redFlagIn('I want to die')?.instruction).toMatch(/988/)
    expect(screening.redFlagIn('quiero morir')?.instruction).toMatch(/988.*español/)
    expect(screening.redFlagIn('she drank bleach')?.instruction).toMatch(/1-800-222-1222/)
    expect(screening.redFlagIn('me duele el pecho')?.instruction).toMatch(/^Esto puede ser una emergencia\..*no puedo evaluar síntomas/)
  })

  test('the most urgent of several goes first', () => {
    expect(ruleIn('severe stomach pain, suddenly dizzy, and I want to kill myself')).toBe('self-harm')
    expect(ruleIn('I cannot breathe and I hit my head')).toBe('trouble-breathing')
  })
})

describe('whatever the text is', () => {
  const words = [...ENGLISH_FLAGS, ...SPANISH_FLAGS].flatMap(([text]) => text.split(' '))
  const soup = fc.array(fc.oneof(fc.constantFrom(...words, 'no', 'or', ',', '.', 'sin', '\u0000', '🩸'), fc.string({ unit: 'binary' })), {
    maxLength: 60,
  })

  test('it is judged without an error, the same each time, and nothing of it comes out', () => {
    fc.assert(
      fc.property(soup, (parts) => {
        const text = parts.join(' ').slice(0, 500)
        const flag = screening.redFlagIn(text)
        expect(screening.redFlagIn(text)).toEqual(flag)
        const known = LISTS.find((list) => list.language === flag?.language)
        if (!flag) return
        expect(known?.rules.map((rule) => rule.id)).toContain(flag.ruleId)
        expect(known?.categories.map((category) => `${category.instruction} ${known.disclaimer}`)).toContain(flag.instruction)
      }),
      { numRuns: 200 },
    )
  })

  test('an emergency in a sentence of its own is noticed whatever stands around it', () => {
    fc.assert(
      fc.property(soup, fc.constantFrom(...ENGLISH_FLAGS.slice(0, 40), ...SPANISH_FLAGS.slice(0, 40)), soup, (before, [text], after) => {
        expect(ruleIn(`${before.join(' ')}. ${text}. ${after.join(' ')}`)).toBeDefined()
      }),
      { numRuns: 200 },
    )
  })

  test('time grows with its length and no faster', () => {
    const cost = (text: string) => {
      const times = Array.from({ length: 5 }, () => {
        const start = performance.now()
        screening.redFlagIn(text)
        return performance.now() - start
      })
      return Math.min(...times)
    }
    for (const word of ['no ', 'pain chest no or ', 'a', 'dolor sin ', 'cant ', '- ', 'trouble with in to ']) {
      const text = (length: number) => word.repeat(length).slice(0, length)
      cost(text(500))
      expect(cost(text(8_000)), word).toBeLessThan(Math.max(20, cost(text(1_000)) * 8 * 4))
    }
  })
})

import type { RedFlagCategory, RedFlagList } from '../clinic/red-flags.ts'
import { Negation } from './negation.ts'
import { compilePhrase, findPhrase, type Phrase } from './phrase.ts'
import { wordsOf, type Word } from './words.ts'

/** Why a booking stops. Nothing of the text is in it. */
export interface RedFlag {
  /** Id of the rule; all that is kept. */
  readonly ruleId: string
  readonly priority: RedFlagCategory['priority']
  /** Language of the list that noticed it, and of what is said. */
  readonly language: string
  /** What to tell the patient: what to do, and that this is no triage. */
  readonly instruction: string
  /** Phone numbers in the instruction. */
  readonly call: readonly string[]
}

interface CompiledRule {
  readonly flag: RedFlag
  /** Lower ranks go first. */
  readonly rank: number
  readonly phrases: readonly Phrase[]
  readonly except: readonly Phrase[]
}

const URGENCY: readonly RedFlagCategory['priority'][] = ['stat', 'asap', 'urgent', 'routine']
const MOST_CATEGORIES = 1_000

/** One list, ready to be applied. Pure and deterministic: the same text always gives the same. */
export class RedFlagMatcher {
  readonly #rules: readonly CompiledRule[]
  readonly #negation: Negation

  constructor(list: RedFlagList) {
    this.#negation = new Negation(list.negation)
    this.#rules = list.rules.map((rule) => compileRule(rule, list)).sort((a, b) => a.rank - b.rank)
  }

  /** The most urgent rule that the text meets. When in doubt it is met. */
  find(words: readonly Word[]): { flag: RedFlag; rank: number } | undefined {
    return this.#rules.find((rule) => this.#isMet(rule, words))
  }

  #isMet({ phrases, except }: CompiledRule, words: readonly Word[]): boolean {
    const apart = coveredBy(except, words)
    const isUsable = (index: number): boolean => !apart.has(index)
    return phrases.some((phrase) => findPhrase(phrase, words, isUsable, (found) => !this.#negation.denies(found, words)).length > 0)
  }
}

/** Indices of words that stand in one of the phrases, gaps included. */
export function coveredBy(phrases: readonly Phrase[], words: readonly Word[]): ReadonlySet<number> {
  const covered = new Set<number>()
  for (const phrase of phrases) {
    for (const { at } of findPhrase(phrase, words, always, always))
      for (let index = Math.min(...at); index <= Math.max(...at); index++) covered.add(index)
  }
  return covered
}

const always = (): boolean => true

function compileRule(rule: RedFlagList['rules'][number], list: RedFlagList): CompiledRule {
  const index = list.categories.findIndex((category) => category.code === rule.category)
  const category = list.categories[index]
  if (!category) throw new Error(`rule ${rule.id} names a category that is not there`)
  const priority = rule.priority ?? category.priority
  return {
    flag: {
      ruleId: rule.id,
      priority,
      language: list.language,
      instruction: `${category.instruction} ${list.disclaimer}`,
      call: category.call,
    },
    rank: URGENCY.indexOf(priority) * MOST_CATEGORIES + index,
    phrases: rule.phrases.map(compilePhrase),
    except: rule.except.map(compilePhrase),
  }
}

/** The most urgent red flag in a text, over all lists; of two equal ones that of the first list. */
export function redFlagIn(text: string, matchers: readonly RedFlagMatcher[]): RedFlag | undefined {
  const words = wordsOf(text)
  const found = matchers.map((matcher) => matcher.find(words)).filter((one) => one !== undefined)
  return found.sort((a, b) => a.rank - b.rank)[0]?.flag
}

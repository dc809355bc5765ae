import type { RedFlagList } from '../clinic/red-flags.ts'
import { compilePhrase, findPhrase, type Phrase } from './phrase.ts'
import { coveredBy, redFlagIn, RedFlagMatcher, type RedFlag } from './red-flags.ts'
import { hasPersonalNumber } from './personal-numbers.ts'
import { wordsOf } from './words.ts'

/** What free text is screened for before it is dropped. */
export class Screening {
  readonly #matchers: readonly RedFlagMatcher[]
  readonly #sensitive: readonly { message: string; phrases: readonly Phrase[] }[]
  /** Of all languages together: many of these words are the same in several. */
  readonly #harmless: readonly Phrase[]

  /** @param lists all of them are applied to every text: nobody says beforehand which language he will speak */
  constructor(lists: readonly RedFlagList[]) {
    this.#matchers = lists.map((list) => new RedFlagMatcher(list))
    this.#sensitive = lists.map(({ sensitive }) => ({ message: sensitive.message, phrases: sensitive.phrases.map(compilePhrase) }))
    this.#harmless = lists.flatMap(({ sensitive }) => sensitive.except.map(compilePhrase))
  }

  /** What may be an emergency in it; `undefined` for nothing. */
  redFlagIn(text: string): RedFlag | undefined {
    return redFlagIn(text, this.#matchers)
  }

  /** What to say where the text holds details that a booking does not need (medicines, diagnoses, results, numbers). */
  sensitiveIn(text: string): string | undefined {
    const words = wordsOf(text)
    const apart = coveredBy(this.#harmless, words)
    const isUsable = (index: number): boolean => !apart.has(index)
    const found = this.#sensitive.find(({ phrases }) =>
      phrases.some((phrase) => findPhrase(phrase, words, isUsable, () => true).length > 0),
    )
    return found?.message ?? (hasPersonalNumber(text) ? this.#sensitive[0]?.message : undefined)
  }
}

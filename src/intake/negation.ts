import type { RedFlagList } from '../clinic/red-flags.ts'
import type { Found } from './phrase.ts'
import { fold, type Word } from './words.ts'

/** How far back a "no" is looked for, and how far ahead something that puts it in doubt; in words. */
const BACK = 10
const AHEAD = 4

/**
 * Simple negation of one language: a "no" in the same clause, with nothing but fillers between it and the thing ("no severe chest pain"),
 * or with other things listed between ("no fever or chest pain"). Whatever is not clearly a no is none.
 */
export class Negation {
  readonly #negators: WordList
  readonly #concord: WordList
  readonly #reversers: WordList
  readonly #fillers: WordList
  readonly #lists: WordList
  readonly #pivots: WordList
  readonly #doubts: WordList

  constructor(words: RedFlagList['negation']) {
    this.#negators = new WordList(words.negators)
    this.#concord = new WordList(words.concord)
    this.#reversers = new WordList(words.reversers)
    this.#fillers = new WordList(words.fillers)
    this.#lists = new WordList(words.lists)
    this.#pivots = new WordList(words.pivots)
    this.#doubts = new WordList(words.doubts)
  }

  /** Whether any part of what was found is clearly denied. Words of the thing itself ("not breathing") deny nothing. */
  denies(found: Found, words: readonly Word[]): boolean {
    const own = new Set(found.at)
    return !this.#isInDoubt(found, words) && found.starts.some((start) => this.#isDenied(start, own, words))
  }

  #isDenied(start: number, own: ReadonlySet<number>, words: readonly Word[]): boolean {
    let anything = false
    let at = start - 1
    while (at >= 0 && start - at <= BACK && words[at]?.clause === words[start]?.clause) {
      if (own.has(at) || this.#pivots.endingAt(at, words) > 0) return false
      if (this.#negators.endingAt(at, words) > 0) return !this.#isTurnedAround(at, words)
      const filler = this.#fillers.endingAt(at, words)
      if (this.#lists.endingAt(at, words) > 0) anything = true
      else if (filler === 0 && !anything) return false
      at -= Math.max(1, filler)
    }
    return false
  }

  /** "never without", "not no": two of them are no clear no, except where the language says its one no twice. */
  #isTurnedAround(negator: number, words: readonly Word[]): boolean {
    if (this.#concord.endingAt(negator, words) > 0) return false
    const isReverser = this.#reversers.endingAt(negator, words) > 0
    let at = negator - Math.max(1, this.#negators.endingAt(negator, words))
    for (; at >= 0 && negator - at <= BACK && words[at]?.clause === words[negator]?.clause; at--) {
      if (this.#negators.endingAt(at, words) > 0) return true
      if (!isReverser && this.#fillers.endingAt(at, words) === 0) return false
    }
    return false
  }

  #isInDoubt({ at: indices }: Found, words: readonly Word[]): boolean {
    const last = Math.max(...indices)
    for (let at = Math.min(...indices) + 1; at <= last + AHEAD && words[at]?.sentence === words[last]?.sentence; at++)
      if (this.#doubts.startingAt(at, words)) return true
    return false
  }
}

/** Words and short runs of words. */
class WordList {
  readonly #runs: readonly (readonly string[])[]

  constructor(words: readonly string[]) {
    this.#runs = words.map((run) => fold(run).split(' ')).sort((a, b) => b.length - a.length)
  }

  /** How many words the longest run has that ends there; 0 for none. */
  endingAt(at: number, words: readonly Word[]): number {
    return this.#runs.find((run) => run.every((word, index) => words[at - run.length + 1 + index]?.text === word))?.length ?? 0
  }

  startingAt(at: number, words: readonly Word[]): boolean {
    return this.#runs.some((run) => run.every((word, index) => words[at + index]?.text === word))
  }
}

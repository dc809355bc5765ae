import { fold, type Word } from './words.ts'

/** One place of a phrase: any of these words. */
interface Element {
  readonly exact: ReadonlySet<string>
  /** Words of which the beginning is enough. */
  readonly beginnings: readonly string[]
  readonly isOptional: boolean
  /** Up to `GAP` other words may stand before it. */
  readonly afterGap: boolean
}

/** What `compilePhrase` makes of the text of a mapping: parts that must all be found near each other, in any order. */
export type Phrase = readonly (readonly Element[])[]

/** Where a phrase was found. */
export interface Found {
  /** Indices of its words, rising within each part. */
  readonly at: readonly number[]
  /** Indices where something begins that a "no" may stand before: each part, and what follows a gap. */
  readonly starts: readonly number[]
}

/** Words that " ... " may stand for, and between the beginnings of two parts of " & ". */
const GAP = 3
const NEAR = 6

/** Compiles a phrase in the notation of the lists (mappings/README.md). */
export function compilePhrase(text: string): Phrase {
  return text.split(' & ').map((part) => compileSequence(part))
}

function compileSequence(text: string): Element[] {
  const elements: Element[] = []
  let afterGap = false
  for (const piece of text.split(' ')) {
    if (piece === '...') {
      afterGap = true
      continue
    }
    const isOptional = piece.endsWith('?')
    const words = (isOptional ? piece.slice(0, -1) : piece).split('|').map(fold)
    elements.push({
      exact: new Set(words.filter((word) => !word.endsWith('*'))),
      beginnings: words.filter((word) => word.endsWith('*')).map((word) => word.slice(0, -1)),
      isOptional,
      afterGap,
    })
    afterGap = false
  }
  return elements
}

/** Whether a place of the text may be part of what is found. */
export type Usable = (index: number) => boolean

/** Every place where the phrase begins and `counts` says that it counts. */
export function findPhrase(phrase: Phrase, words: readonly Word[], isUsable: Usable, counts: (found: Found) => boolean): Found[] {
  const parts = phrase.map((part) => findSequence(part, words, isUsable).filter(counts))
  const [first = [], ...others] = parts
  return others.length === 0 ? first : first.flatMap((found) => joined(found, others, words) ?? [])
}

/** The part and the others near it; `undefined` where one of them is not there. */
function joined(found: Found, others: readonly Found[][], words: readonly Word[]): Found | undefined {
  const start = found.starts[0] ?? 0
  const near = others.map((part) =>
    part.find(({ starts: [at = 0] }) => Math.abs(at - start) <= NEAR && words[at]?.sentence === words[start]?.sentence),
  )
  if (near.includes(undefined)) return undefined
  const all = [found, ...near.filter((one) => one !== undefined)]
  return { at: all.flatMap(({ at }) => at), starts: all.flatMap(({ starts }) => starts) }
}

function findSequence(elements: readonly Element[], words: readonly Word[], isUsable: Usable): Found[] {
  const all: Found[] = []
  for (let index = 0; index < words.length; index++) {
    const found = matchFrom(elements, 0, index, index, words, isUsable)
    if (found) all.push(found)
  }
  return all
}

/** Tries from one word on. The gaps of a phrase are few and short, so the ways to try do not grow with the text. */
function matchFrom(
  elements: readonly Element[],
  place: number,
  index: number,
  first: number,
  words: readonly Word[],
  isUsable: Usable,
): Found | undefined {
  const element = elements[place]
  if (!element) return index > first ? { at: [], starts: [first] } : undefined
  const farthest = element.afterGap ? index + GAP : index
  for (let at = index; at <= farthest && words[at]?.sentence === words[first]?.sentence; at++) {
    const word = words[at]
    if (!word || !isUsable(at) || !matches(element, word.text)) continue
    const rest = matchFrom(elements, place + 1, at + 1, first, words, isUsable)
    if (rest) return { at: [at, ...rest.at], starts: element.afterGap && at > first ? [...rest.starts, at] : rest.starts }
  }
  return element.isOptional ? matchFrom(elements, place + 1, index, first, words, isUsable) : undefined
}

function matches({ exact, beginnings }: Element, word: string): boolean {
  return exact.has(word) || beginnings.some((beginning) => word.startsWith(beginning))
}

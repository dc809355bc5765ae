/** One word of a text, or one run of digits, folded. */
export interface Word {
  readonly text: string
  /** Number of the clause it stands in: a "no" ends there. */
  readonly clause: number
  /** Number of the sentence it stands in: nothing is found across sentences. */
  readonly sentence: number
}

/** Letters that Unicode does not take apart, though people do. */
const APART: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', ł: 'l', þ: 'th', ı: 'i', ħ: 'h' }

/** A text without case, accents and signs that nobody sees (zero-width, soft hyphen): "Bebé" is "bebe", "ﬁt" is "fit". */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[ßæœøđðłþıħ]/g, (letter) => APART[letter] ?? letter)
}

/** Between letters all of these are an apostrophe. It is left out: "can't" is "cant". */
const APOSTROPHES = /(?<=\p{L})['’‘ʼ`´＇′](?=\p{L})/gu
const SENTENCE_END = /[.!?;\n\r¿¡…]/u
const CLAUSE_END = /[,:()[\]{}"“”«»–—/]|\s-+\s|^-|-$/u

/**
 * Reads the words of a text. Letters and digits that stick together are words of their own: "20mg" is "20", "mg".
 * Takes time in proportion to the length.
 */
export function wordsOf(text: string): Word[] {
  const folded = fold(text.replace(APOSTROPHES, ''))
  const words: Word[] = []
  let clause = 0
  let sentence = 0
  let end = 0
  for (const match of folded.matchAll(/\p{L}+|\p{N}+/gu)) {
    const between = folded.slice(end, match.index)
    // A point between digits belongs to the number.
    const isDecimal = /^[.,]$/.test(between) && /\p{N}/u.test(match[0]) && /\p{N}/u.test(words.at(-1)?.text ?? '')
    if (!isDecimal && SENTENCE_END.test(between)) sentence++
    if (!isDecimal && (SENTENCE_END.test(between) || CLAUSE_END.test(between))) clause++
    words.push({ text: match[0], clause, sentence })
    end = match.index + match[0].length
  }
  return words
}

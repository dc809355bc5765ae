import { fromSpanish } from './spanish.ts'

/** Longest phrase that is looked at, in characters. */
export const LONGEST_PHRASE = 200

const WEEKDAY = '(?:mon(?:day)?|tues?(?:day)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)'
const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|' +
  'sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'

/** Patterns of a weekday and of a month, long and short, as sources of regular expressions. */
export const PATTERNS = { weekday: WEEKDAY, month: MONTH } as const

const FIRST_MODIFIER = new RegExp(`\\b(this|next) ${WEEKDAY}\\b`)
const WEEK = /\b(?:this|next) week\b/
const MONTH_NAME = new RegExp(`\\b${MONTH}\\b`)
const HAS_TIME = /\bat\b|\d ?[ap]m\b|:/
const BARE_WEEKDAY = new RegExp(`^(?:on )?${WEEKDAY}$`)
const STARTS_WITH_WEEKDAY = new RegExp(`^${WEEKDAY}\\b`)
const BARE_NUMBER = /^(?:the )?\d{1,2}(?:st|nd|rd|th)?$/

const NUMBERS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve']

/** Words that say nothing about the time. A word that is neither here nor understood makes the phrase unknown. */
const FILLER = new Set(
  `a an the to on at in of for is it i i'd i'm i'll me my we us you please maybe perhaps possibly preferably ideally probably
  some any sometime time anytime would could can like want need prefer come see make book schedule get have be works work
  good great best fine ok okay appointment visit slot opening available free there anything something how what about let's say
  either if possible well um uh yes hi hello thanks just coming upcoming date day whole all local during do does that this`.split(/\s+/),
)

/** Cleans a phrase: lower case, no accents, plain punctuation, digits for small numbers, English words for Spanish ones. */
export function clean(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[\u2018\u2019`]/g, "'")
    .replace(/[\u2010-\u2015]/g, '-')
    .replace(/["\u201c\u201d!?\u00bf\u00a1;()]/g, ' ')
    .replace(/\b([ap])\.? ?m\b\.?/g, '$1m')
    .replace(/\.(?=\s|,|$)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return fromSpanish(plain)
    .replace(new RegExp(`\\b(?:${NUMBERS.join('|')})\\b`, 'g'), (word) => String(NUMBERS.indexOf(word)))
    .replace(/ ?o'? ?clock\b/g, ':00')
    .replace(/:(\d\d):00/g, ':$1')
    .replace(/\bhalf past (\d{1,2})\b/g, '$1:30')
    .replace(/\bquarter past (\d{1,2})\b/g, '$1:15')
    .replace(/\bquarter (?:to|of|before) (\d{1,2})\b/g, (_all, hour: string) => `${Number(hour) === 1 ? 12 : Number(hour) - 1}:45`)
}

/** The alternatives of a phrase: "Monday or Tuesday" is two. */
export function alternativesOf(phrase: string): string[] {
  const joined = phrase
    .replace(/\bbetween ([^ ]+(?: [ap]m)?) and /g, 'from $1 to ')
    .replace(/ ?, ?(?:or|and) /g, ' or ')
    .replace(new RegExp(`\\b(${WEEKDAY}) ?, ?(?=${WEEKDAY}\\b)`, 'g'), '$1 or ')
    .replace(/ and /g, ' or ')
    .replace(/ ?, ?/g, ' ')
  return carryOver(joined.split(' or ').map((part) => part.trim()))
}

/** "Next Monday or Wednesday" is about two days of next week, "the 3rd or 4th of January" about two days of January. */
function carryOver(parts: string[]): string[] {
  const [first = ''] = parts
  const ends = [first, parts.at(-1) ?? '']
  const modifier = FIRST_MODIFIER.exec(first)?.[1]
  const week = ends.map((end) => WEEK.exec(end)?.[0]).find((found) => found !== undefined)
  const month = ends.map((end) => (HAS_TIME.test(end) ? undefined : MONTH_NAME.exec(end)?.[0])).find((found) => found !== undefined)
  return parts.map((part) => {
    if (week !== undefined && BARE_WEEKDAY.test(part)) return `${part} ${week}`
    if (modifier !== undefined && STARTS_WITH_WEEKDAY.test(part)) return `${modifier} ${part}`
    if (month !== undefined && BARE_NUMBER.test(part)) return `${month} ${part.replace(/^the /, '')}`
    return part
  })
}

/** Whether a text says nothing about the time. */
export function isFiller(text: string): boolean {
  return text.split(/[\s,]+/).every((word) => word === '' || FILLER.has(word))
}

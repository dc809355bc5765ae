/** A US social security number, with or without its hyphens. */
const SOCIAL_SECURITY = /(?<![\d-])\d{3}[- ]?\d{2}[- ]?\d{4}(?![\d-])/
/** What may be the number of a card (ISO/IEC 7812: 13 to 19 digits, in groups or not). */
const CARD = /(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g

/** Whether a text holds a number that belongs to a person: a social security number, or that of a payment card. */
export function hasPersonalNumber(text: string): boolean {
  const plain = text.normalize('NFKC').replace(/\p{Pd}/gu, '-')
  return SOCIAL_SECURITY.test(plain) || [...plain.matchAll(CARD)].some(([number]) => passesLuhn(number.replace(/\D/g, '')))
}

function passesLuhn(digits: string): boolean {
  const sum = Array.from(digits)
    .reverse()
    .reduce((total, digit, index) => {
      const value = Number(digit) * (index % 2 === 0 ? 1 : 2)
      return total + (value > 9 ? value - 9 : value)
    }, 0)
  return sum % 10 === 0
}

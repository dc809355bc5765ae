const DAYS = ['lunes', 'martes', 'miercoles', 'jueves', 'viernes', 'sabado', 'domingo']
const ENGLISH_DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const MONTHS = [
  'enero',
  'febrero',
  'marzo',
  'abril',
  'mayo',
  'junio',
  'julio',
  'agosto',
  'sep?tiembre',
  'octubre',
  'noviembre',
  'diciembre',
]
const ENGLISH_MONTHS = 'january february march april may june july august september october november december'.split(' ')
const NUMBERS = ['uno', 'dos', 'tres', 'cuatro', 'cinco', 'seis', 'siete', 'ocho', 'nueve', 'diez', 'once', 'doce']
const NUMBER = `\\d{1,2}|${NUMBERS.join('|')}`

/** Words that no English phrase about a time has. */
const MARKERS = new RegExp(
  `\\b(?:${[...DAYS, ...MONTHS].join('|')}|hoy|manana|tarde|noche|mediodia|semanas?|proxim[oa]|` +
    'el \\d{1,2}|cuanto antes|antes posible|dentro de|despues|a las?)\\b',
)

/** In this order: longer phrases before the words they are made of. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\b(?:lo (?:antes|mas pronto) posible|cuanto antes|en cuanto puedan?)\b/g, 'asap'],
  [/\bfin de semana\b/g, 'weekend'],
  [/\bpasado manana\b/g, 'the day after tomorrow'],
  [/\besta noche\b/g, 'tonight'],
  [/\b(?:por|en|de|a) la manana\b/g, 'morning'],
  [/\besta manana\b/g, 'this morning'],
  [/\b(?:(?:por|en|de|a) la )?tarde\b/g, 'afternoon'],
  [/\b(?:(?:por|en|de|a) la )?noche\b/g, 'evening'],
  [/\b(?:al )?mediodia\b/g, 'noon'],
  [/\b(hoy|lunes|martes|miercoles|jueves|viernes|sabado|domingo|manana) manana\b/g, '$1 morning'],
  [/\bmanana\b/g, 'tomorrow'],
  [/\bhoy\b/g, 'today'],
  [/\b(\w+) (?:que viene|proxim[oa]|siguiente)\b/g, 'next $1'],
  [/\bproxim[oa]s?\b/g, 'next'],
  [/\best[ea]\b/g, 'this'],
  [/\bprincipios de\b/g, 'beginning of'],
  [/\bmediados de\b/g, 'middle of'],
  [/\b(?:finales|fines|final|fin) de\b/g, 'end of'],
  [/\b(?:el )?(?:dia )?primero de\b/g, '1 de'],
  [/\bdentro de\b/g, 'in'],
  [/\bdespues del? (?:las? )?/g, 'after '],
  [/\ba partir del? (?:las? )?/g, 'from '],
  [/\bantes del? (?:las? )?/g, 'before '],
  [new RegExp(`\\bentre (?:las? )?(${NUMBER})(:\\d\\d)? y (?:las? )?`, 'g'), 'between $1$2 and '],
  [new RegExp(`\\bde (?:las? )?(${NUMBER})(:\\d\\d)? a (?:las? )?(?=\\d|${NUMBERS.join('\\b|')}\\b)`, 'g'), 'from $1$2 to '],
  [new RegExp(`\\b(${NUMBER}) y media\\b`, 'g'), '$1:30'],
  [/\ba las? /g, 'at '],
  [/\bsemana/g, 'week'],
  [/\bmes(?:es)?\b/g, 'month'],
  [/\bdias?\b/g, 'days'],
  [/\bhoras?\b/g, 'hours'],
  [/\bel (\d{1,2})\b(?! de)/g, 'the $1th'],
  [/\bo\b/g, 'or'],
  [/\by\b/g, 'and'],
  [/\ben\b/g, 'in'],
  [/\buna?\b/g, 'a'],
]

/**
 * Translates the Spanish words for days and times into English ones, so that one set of rules reads both; other words stay.
 * A text without such a word comes back as it is. Expects lower case without accents.
 */
export function fromSpanish(text: string): string {
  if (!MARKERS.test(text)) return text
  let english = text
  for (const [pattern, replacement] of PHRASES) english = english.replace(pattern, replacement)
  DAYS.forEach((day, index) => (english = english.replace(new RegExp(`\\b${day}\\b`, 'g'), ENGLISH_DAYS[index] ?? '')))
  MONTHS.forEach((month, index) => {
    const name = ENGLISH_MONTHS[index] ?? ''
    english = english
      .replace(new RegExp(`\\b(\\d{1,2}) de ${month}\\b`, 'g'), `${name} $1`)
      .replace(new RegExp(`\\b${month}\\b`, 'g'), name)
  })
  NUMBERS.forEach((number, index) => (english = english.replace(new RegExp(`\\b${number}\\b`, 'g'), String(index + 1))))
  // Articles and joining words, which are no filler in English.
  return english
    .replace(/\b(?:el|las?|los|del?|al|para|por|quiero|quisiera|puedo|cita|una|si|mejor)\b/g, ' ')
    .replace(/ +/g, ' ')
    .trim()
}

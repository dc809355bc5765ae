import { z } from 'zod'
import { formatInstant, type EpochMs } from '../fhir/instant.ts'
import { clinicNow, type ClinicNow } from './clinic-now.ts'
import type { OfficeCalendar } from './office-hours.ts'
import { resolveWhen, type NamedWindow, type Resolved } from './resolve-when.ts'
import { LONGEST_PHRASE } from './wording.ts'
import { localWords, timeInWords } from './words.ts'

const instant = z.iso.datetime({ offset: true })

const windowSchema = z.object({
  start: instant.describe('Give it to find_times as `start`.'),
  end: instant.describe('Give it to find_times as `end`. The window is [start, end).'),
  words: z.string().describe('The window in words, to read back to the patient.'),
})

/** What a language model may ask. */
export const whatDayIsItInput = z.strictObject({
  when: z
    .string()
    .max(LONGEST_PHRASE)
    .optional()
    .describe(
      'The words for a day or time, and nothing else, in English or simple Spanish: "next Tuesday morning", "between 9 and 11 on Friday".',
    ),
})

/** What it is told. */
export const whatDayIsItOutput = z.object({
  now: instant.describe("The clinic's time now."),
  today: z.iso.date(),
  weekday: z.string(),
  timezone: z.string().describe('IANA zone of the clinic; every local time is in it.'),
  open_now: z.boolean().describe('Whether staff are there now.'),
  next_opening: instant.nullable().describe('When staff are there again; null while they are, or when that is not known.'),
  office_hours: z
    .array(z.object({ date: z.iso.date(), weekday: z.string(), hours: z.array(z.string()).describe('HH:MM-HH:MM; empty: closed.') }))
    .describe('Today and the six days after it. Visits may lie outside: find_times knows.'),
  understood: z
    .enum(['resolved', 'ambiguous', 'past', 'unknown'])
    .optional()
    .describe('How `when` was understood. past: it is over. unknown: ask the patient for a day.'),
  resolved: windowSchema.optional(),
  candidates: z.array(windowSchema).max(3).optional().describe('What it may mean: ask the patient which.'),
  message: z.string(),
  next_actions: z.array(z.enum(['find_times', 'what_day_is_it'])),
})

export type DayAnswer = z.infer<typeof whatDayIsItOutput>

/** The answer of the tool `what_day_is_it`: the clinic's day, and the window that words for a time mean. */
export function whatDayIsIt(calendar: OfficeCalendar, now: EpochMs, when?: string): DayAnswer {
  const clinic = clinicNow(calendar, now)
  const show = (at: EpochMs): string => formatInstant(at, clinic.timeZone)
  const facts = {
    now: show(Math.floor(now / 1000) * 1000),
    today: clinic.today,
    weekday: clinic.weekday,
    timezone: clinic.timeZone,
    open_now: clinic.isOpen,
    next_opening: clinic.opensAt === undefined ? null : show(clinic.opensAt),
    office_hours: clinic.week.map(({ date, weekday, hours }) => ({ date, weekday, hours: [...hours] })),
  }
  if (when === undefined || when.trim() === '') return { ...facts, message: tellNow(clinic), next_actions: ['find_times'] }
  const meaning = resolveWhen(when, now, clinic.timeZone)
  const shown = ({ start, end, words }: NamedWindow) => ({ start: show(start), end: show(end), words })
  return {
    ...facts,
    understood: meaning.kind,
    ...(meaning.kind === 'resolved' && { resolved: shown(meaning) }),
    ...(meaning.kind === 'ambiguous' && { candidates: meaning.candidates.map(shown) }),
    message: tellMeaning(meaning),
    next_actions: meaning.kind === 'resolved' || meaning.kind === 'ambiguous' ? ['find_times'] : ['what_day_is_it'],
  }
}

function tellNow({ now, timeZone, closesAt, opensAt }: ClinicNow): string {
  const office =
    closesAt !== undefined
      ? `The office is open until ${isToday(closesAt, now, timeZone) ? timeInWords(closesAt, timeZone) : localWords(closesAt, timeZone)}.`
      : opensAt === undefined
        ? 'The office is closed.'
        : `The office is closed and opens ${localWords(opensAt, timeZone)}.`
  return `It is ${localWords(now, timeZone)}. ${office}`
}

function isToday(at: EpochMs, now: EpochMs, timeZone: string): boolean {
  return formatInstant(at, timeZone).slice(0, 10) === formatInstant(now, timeZone).slice(0, 10)
}

function tellMeaning(meaning: Resolved): string {
  switch (meaning.kind) {
    case 'resolved':
      return `That is ${meaning.words}.`
    case 'ambiguous':
      return `Do you mean ${joined(meaning.candidates.map(({ words }) => words))}?`
    case 'past':
      return 'That time is already over. Which day would suit you instead?'
    case 'unknown':
      return 'I am not sure which day you mean. Could you name a day, for example Tuesday morning?'
  }
}

/** "A, or B": the words have commas of their own. */
function joined(words: readonly string[]): string {
  return words.map((one, index) => (index > 0 && index === words.length - 1 ? `or ${one}` : one)).join('; ')
}

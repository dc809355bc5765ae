import { z } from 'zod'

const code = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'use lower-case letters, digits and hyphens, starting with a letter')
const language = z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/, 'write a language as "en" or "es-MX"')
const priority = z.enum(['routine', 'urgent', 'asap', 'stat']).describe('`Task.priority` of what staff get.')
const spoken = z
  .string()
  .max(400)
  .regex(/^[^\r\n]*[.!?]$/, 'write whole sentences on one line')
const call = z
  .array(z.string().regex(/^[0-9-]{3,20}$/, 'write a phone number with digits and hyphens'))
  .max(3)
  .describe('Numbers that the instruction names, for a button.')

/** Letters of any language, or digits (what mixes them is two words), a `*` for any ending, alternatives with `|`, a `?` for what may be left out. */
const WORD = '(?:\\p{L}+|\\p{N}+)\\*?'
const ELEMENT = `${WORD}(?:\\|${WORD})*\\??`
const SEQUENCE = `${ELEMENT}(?: (?:\\.\\.\\. )?${ELEMENT})*`
const phrase = z
  .string()
  .max(1000)
  .regex(
    new RegExp(`^${SEQUENCE}(?: & ${SEQUENCE})*$`, 'u'),
    'write words with single spaces between: a|b for either, a? for one that may be missing, a* for any ending, " ... " for up to three other words, " & " for both in any order',
  )
const words = z.array(z.string().regex(/^[\p{L}\p{N}]+( [\p{L}\p{N}]+)*$/u, 'write plain words'))

const categorySchema = z.strictObject({
  code: code.describe('Rules name it.'),
  title: z.string().min(1).max(80),
  priority,
  instruction: spoken.describe('What the patient is told. No symptom by name: somebody may overhear it.'),
  call: call.default([]),
})

const ruleSchema = z.strictObject({
  id: code.describe('Stands in the trail of the Task. Never reuse an id for something else.'),
  category: code,
  priority: priority.optional().describe("Left out: the category's."),
  phrases: z.array(phrase).min(1).describe('Any of them is enough.'),
  except: z
    .array(phrase)
    .default([])
    .describe('Whoever says it so, says something else: words inside of one of these do not count for this rule.'),
})

const negationSchema = z.strictObject({
  negators: words.describe('Words that say no to what follows.'),
  concord: words.default([]).describe('Those of them that say the same no once more beside another one, as in Spanish.'),
  reversers: words.default([]).describe('Those of them that turn an earlier no around: "never without".'),
  fillers: words.describe('What may stand between the no and the thing. Any other word makes it unclear.'),
  lists: words.default([]).describe('Words that carry the no on to the next thing: "or".'),
  pivots: words.describe('Words that end the no: "but", "only".'),
  doubts: words.default([]).describe('Right after the thing they make the no unclear: "since", "like this".'),
})

/** A file `mappings/red-flags.*.json`: what, in one language, ends a booking because it may be an emergency. */
export const redFlagListSchema = z.strictObject({
  $schema: z.string().optional(),
  language: language.describe('Language of the phrases and of everything that is spoken.'),
  version: z.int().min(1).describe('Rises with every change.'),
  disclaimer: spoken.describe('Follows every instruction: this is no triage.'),
  negation: negationSchema,
  categories: z.array(categorySchema).min(1).describe('The order is their rank where several match with the same priority.'),
  rules: z.array(ruleSchema).min(1),
  sensitive: z
    .strictObject({
      message: spoken.describe('Says politely that such details are for the staff.'),
      phrases: z.array(phrase).min(1),
      except: z.array(phrase).default([]),
    })
    .describe('Details that a booking does not need: medicines, diagnoses, results, numbers.'),
})

export type RedFlagList = z.infer<typeof redFlagListSchema>
export type RedFlagCategory = RedFlagList['categories'][number]
export type RedFlagRule = RedFlagList['rules'][number]

/** What a clinic's own file says of red flags. */
export const redFlagsSchema = z
  .strictObject({
    lists: z
      .array(z.string().regex(/^[A-Za-z0-9._-]+\.json$/, 'write the name of a file, without a path'))
      .min(1, 'name at least one list: free text is never taken unscreened')
      .default(['red-flags.en.json', 'red-flags.es.json'])
      .describe("Files beside this one, or of that name in the gateway's own `mappings/`. All of them are applied to every text."),
    categories: z
      .array(
        z.strictObject({
          code: code.describe("A category of the list, to change its words, or one of the clinic's own."),
          language,
          title: z.string().min(1).max(80).optional(),
          priority: priority.optional(),
          instruction: spoken.optional(),
          call: call.optional(),
          phrases: z.array(phrase).default([]).describe('Further phrases of the clinic. The rule they make has the id `clinic-<code>`.'),
        }),
      )
      .default([])
      .describe("The clinic's own categories and words. A new one needs title, priority, instruction and phrases."),
  })
  .describe('What ends a booking because it may be an emergency.')

export type RedFlagSettings = z.infer<typeof redFlagsSchema>

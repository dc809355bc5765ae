import { z } from 'zod'
import { BUILT_IN_REASONS } from './built-in-reasons.ts'

const dueMinutes = z
  .int()
  .min(1)
  .max(14 * 24 * 60)
const sentence = z
  .string()
  .max(300)
  .regex(/^[^\r\n]*[.!?]$/, 'write whole sentences on one line')
  .refine((text) => !/[{}]/.test(text.replace(/\{(due|phone)\}/g, '')), 'only {due} and {phone} can be filled in')

const reasonSchema = z
  .strictObject({
    code: z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/, 'use lower-case letters, digits, hyphens and underscores, starting with a letter'),
    title: z.string().min(1).max(80).describe('What staff read in their list.'),
    priority: z.enum(['routine', 'urgent', 'asap', 'stat']).describe('`Task.priority`.'),
    dueOfficeMinutes: dueMinutes.optional().describe('Answered within so many minutes of office hours.'),
    dueMinutes: dueMinutes.optional().describe('Answered within so many minutes by the clock, whether the clinic is open or not.'),
    channel: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}$/, 'use lower-case letters, digits and hyphens')
      .describe('How staff get back to the patient: phone, portal, email, or a word of your own.'),
    tellPatient: sentence.describe("What the chatbot says. {due} becomes the time, {phone} the clinic's phone."),
    tellStaff: z.string().min(1).max(500).optional().describe('What staff are to do: `Task.description`. Left out: the title.'),
  })
  .refine((reason) => (reason.dueOfficeMinutes === undefined) !== (reason.dueMinutes === undefined), {
    message: 'say either dueOfficeMinutes or dueMinutes',
    path: ['dueOfficeMinutes'],
  })

/** Why something is put in front of a person, and what follows from it. */
export type EscalationReason = z.infer<typeof reasonSchema>

/** The clinic's reasons; those that the gateway itself needs are there whether the file names them or not. */
export const escalationSchema = z
  .strictObject({
    reasons: z
      .array(reasonSchema)
      .refine((reasons) => new Set(reasons.map((reason) => reason.code)).size === reasons.length, 'two reasons share a code')
      .default([])
      .describe('Reasons of the clinic, and its own words for the built-in ones.'),
  })
  .default({ reasons: [] })
  .transform(({ reasons }) => ({ reasons: withBuiltIn(reasons) }))

function withBuiltIn(own: readonly EscalationReason[]): EscalationReason[] {
  const named = new Set(own.map((reason) => reason.code))
  return [...own, ...BUILT_IN_REASONS.filter((reason) => !named.has(reason.code))]
}

import { z } from 'zod'

/** Days as the mapping writes them, Monday first: the place in the list is the ISO number of the day less one. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const officeSpanSchema = z
  .strictObject({
    days: z.array(z.enum(WEEKDAYS)).min(1),
    from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'write a time as "HH:MM"'),
    to: z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'write a time as "HH:MM", or "24:00" for the end of the day'),
  })
  .refine((span) => span.from < span.to, 'to must be after from; time over midnight is two entries')

/** When staff work, in local times of the clinic. */
export const officeHoursSchema = z
  .array(officeSpanSchema)
  .min(1)
  .refine(isWithoutOverlap, 'two entries overlap on one day')
  .describe('When staff work, in local times. Several entries for one day are several spans.')

/** The week that holds where a mapping says nothing. */
export const OFFICE_HOURS: z.infer<typeof officeHoursSchema> = [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }]

function isWithoutOverlap(spans: readonly z.infer<typeof officeSpanSchema>[]): boolean {
  return WEEKDAYS.every((day) => {
    const ofDay = spans.filter((span) => span.days.includes(day)).sort((a, b) => (a.from < b.from ? -1 : 1))
    return ofDay.every((span, index) => index === 0 || (ofDay[index - 1]?.to ?? '') <= span.from)
  })
}

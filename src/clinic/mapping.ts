import { z } from 'zod'
import { escalationSchema } from './escalation.ts'
import { OFFICE_HOURS, officeHoursSchema } from './office-hours.ts'
import { redFlagsSchema } from './red-flags.ts'

const codingSchema = z
  .string()
  .regex(/^[^|]*\|[^|]+$/, 'write a coding as "system|code"')
  .describe('A coding as `system|code`.')
const referenceSchema = (type: string) =>
  z.string().regex(new RegExp(`^${type}/[A-Za-z0-9\\-.]{1,64}$`), `write a reference as "${type}/id"`)
const minutes = (what: string) =>
  z
    .int()
    .min(0)
    .max(24 * 60)
    .describe(what)

const slotMatchSchema = z
  .strictObject({
    serviceType: z.array(codingSchema).default([]).describe('Slots (or their Schedule) with one of these `serviceType` codings.'),
    specialty: z.array(codingSchema).default([]).describe('… with one of these `specialty` codings.'),
    appointmentType: z.array(codingSchema).default([]).describe('Slots with one of these `appointmentType` codings.'),
    schedules: z.array(referenceSchema('Schedule')).default([]).describe('… on one of these Schedules.'),
  })
  .refine(
    (match) => match.serviceType.length + match.specialty.length + match.appointmentType.length + match.schedules.length > 0,
    'name at least one serviceType, specialty, appointmentType or schedule, or no Slot can be found',
  )

const writesSchema = z
  .strictObject({
    serviceType: z.array(codingSchema).default([]),
    specialty: z.array(codingSchema).default([]),
    appointmentType: codingSchema.optional(),
  })
  .describe('Codings the Appointment gets, besides the visit type itself.')

const visitTypeSchema = z.strictObject({
  code: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'use lower-case letters, digits and hyphens, starting with a letter'),
  title: z.string().min(1).max(80).describe('What the chatbot calls it.'),
  minutes: z
    .int()
    .min(1)
    .max(12 * 60)
    .describe('Length of the visit in minutes.'),
  bufferBeforeMinutes: minutes('Time blocked before the visit, in minutes.').default(0),
  bufferAfterMinutes: minutes('Time blocked after the visit, in minutes.').default(0),
  modalities: z
    .array(z.enum(['in-person', 'telehealth', 'phone']))
    .min(1)
    .describe('The first one is the default.'),
  noticeMinutes: z
    .int()
    .min(0)
    .max(60 * 24 * 60)
    .default(0)
    .describe('A visit starts at least this long after it is asked for, in minutes.'),
  horizonDays: z.int().min(1).max(730).default(90).describe('A visit starts at most this many days ahead.'),
  match: slotMatchSchema.describe('Which Slots serve this visit type. Every list that is not empty must be met.'),
  writes: writesSchema.default({ serviceType: [], specialty: [] }),
  providers: z.array(referenceSchema('Practitioner')).optional().describe('Who offers it; left out: every provider whose Slots match.'),
  minDaysBetween: z
    .int()
    .min(0)
    .max(365)
    .default(0)
    .describe('A patient has no second visit of this type within so many days; 0: no limit.'),
  bookable: z.boolean().default(true).describe('false: the chatbot hands over to staff instead of booking.'),
  portal: z
    .strictObject({
      url: z.string().max(500).refine(isHttpsUrl, 'write a link that begins with https:// and holds no name and password'),
      label: z.string().min(1).max(60).describe('What the button says.'),
    })
    .optional()
    .describe('The visit is booked elsewhere: the chatbot shows this link instead of booking.'),
})

const whenEhrIsDownSchema = z
  .strictObject({
    accept: z
      .strictObject({
        cancel: z.boolean().default(true).describe('Cancellations.'),
        confirm: z.boolean().default(true).describe('Confirmations of a hold.'),
        newTime: z.boolean().default(false).describe('Bookings and moves to a time that nobody can check now.'),
      })
      .prefault({})
      .describe('Which changes are accepted with 202 and made when the EHR is back.'),
    giveUpAfterMinutes: z
      .int()
      .min(1)
      .max(24 * 60)
      .default(60)
      .describe('An accepted change, or a write of unknown outcome, that takes longer is put in front of staff.'),
  })
  .describe('What happens to changes while the EHR does not answer.')

const attemptsSchema = z
  .strictObject({
    perConversation: z
      .int()
      .min(1)
      .max(100)
      .default(5)
      .describe('Failed attempts of one conversation (X-Conversation-Id) in half an hour.'),
    perDetail: z
      .int()
      .min(1)
      .max(100)
      .default(5)
      .describe(
        'Failed attempts with one record number, name, phone or e-mail address in half an hour; ten times as many for a birth date.',
      ),
    perMinute: z
      .int()
      .min(1)
      .max(100_000)
      .default(30)
      .describe('Failed attempts of one client in a minute, in requests that name no conversation.'),
  })
  .describe('How often identities may be guessed, for each client.')

const identityFieldSchema = z.enum(['mrn', 'family_name', 'given_name', 'birth_date', 'phone', 'email'])

/** A clinic's file in `mappings/`: everything about it that is not in the EHR. */
export const clinicMappingSchema = z.strictObject({
  $schema: z.string().optional(),
  clinic: z.strictObject({
    name: z.string().min(1),
    timeZone: z
      .string()
      .refine(isTimeZone, 'use an IANA time zone such as "America/Los_Angeles"')
      .describe('IANA zone of every local time.'),
    phone: z.string().min(3).describe('Where patients reach staff; spoken by the chatbot.'),
  }),
  holds: z
    .strictObject({
      ttlSeconds: z.int().min(1).max(3600).default(300).describe('How long a hold lasts, in seconds.'),
      perPatient: z.int().min(1).max(20).default(3).describe('Live holds one patient may have at a time.'),
    })
    .default({ ttlSeconds: 300, perPatient: 3 }),
  longestSlotMinutes: z
    .int()
    .min(15)
    .max(14 * 24 * 60)
    .default(24 * 60)
    .describe(
      'Longest Slot or Appointment in the EHR, in minutes. FHIR cannot search by end, so the gateway looks back this far for what reaches into a window.',
    ),
  visitTypes: z
    .array(visitTypeSchema)
    .min(1)
    .refine((types) => isUnique(types.map((type) => type.code)), 'two visit types share a code'),
  cancelReasons: z
    .array(
      z.strictObject({
        code: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
        title: z.string().min(1),
        coding: codingSchema.describe('`Appointment.cancelationReason` that is written.'),
      }),
    )
    .min(1)
    .describe('Reasons a patient can give; the first one is used when none is given.'),
  whenEhrIsDown: whenEhrIsDownSchema.prefault({}),
  identity: z.strictObject({
    mrnSystem: z.string().min(1).describe('`Patient.identifier.system` of the medical record number.'),
    sufficient: z
      .array(z.array(identityFieldSchema).min(2, 'one field alone does not identify a patient'))
      .min(1)
      .describe('Sets of fields that together identify a patient; one complete set that matches exactly one Patient is enough.'),
    attempts: attemptsSchema.prefault({}),
  }),
  newPatients: z
    .enum(['escalate', 'register'])
    .default('escalate')
    .describe('What follows for somebody who says to be new and is not found: staff, or a Patient that the gateway creates.'),
  redFlags: redFlagsSchema.prefault({}),
  officeHours: officeHoursSchema.default(OFFICE_HOURS),
  holidays: z.array(z.iso.date('write a date as YYYY-MM-DD')).max(1_000).default([]).describe('Days without office hours.'),
  escalation: escalationSchema,
})

export type ClinicMapping = z.infer<typeof clinicMappingSchema>
export type VisitType = ClinicMapping['visitTypes'][number]
export type IdentityField = z.infer<typeof identityFieldSchema>

function isTimeZone(name: string): boolean {
  try {
    return name.includes('/') && new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}

function isHttpsUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' && url.username === '' && url.password === ''
}

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}

import { z } from 'zod'
import { INTAKE_EXCEPTIONS } from '../intake/intake-request.ts'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'

/** An instant with offset, e.g. `2027-03-01T10:00:00-08:00`; read into milliseconds since the epoch. */
export const instantSchema = z
  .string()
  .meta({
    format: 'date-time',
    description: 'ISO 8601 with seconds and offset, e.g. `2027-03-01T10:00:00-08:00`. In a URL write `+` as `%2B`.',
  })
  .refine(
    (text) => parseInstant(text) !== undefined,
    'write an instant with seconds and offset, e.g. 2027-03-01T10:00:00-08:00 (in a URL + is %2B)',
  )
/** Reads what `instantSchema` has accepted. */
export function instantOf(text: string): EpochMs {
  return parseInstant(text) ?? Number.NaN
}

const patientSchema = z.string().regex(/^Patient\/[A-Za-z0-9\-.]{1,64}$/, 'write a patient as "Patient/<id>"')
const keySchema = z.string().regex(/^[\x20-\x7e]{1,255}$/, 'use 1 to 255 printable ASCII characters')
const tokenSchema = z.string().min(1).max(2048)
const slotIdSchema = z.string().min(1).max(128)

/** Who it is for, and which request it is: fields that every writing body may carry. */
const requestFields = {
  patient_token: tokenSchema.optional().describe('From POST /intake.'),
  patient: patientSchema.optional().describe('Instead of a token, for clients with scope patients:any.'),
  idempotency_key: keySchema.optional().describe('Same as the Idempotency-Key header.'),
}

const expectedVersion = z
  .union([z.string().min(1).max(64), z.int().min(0)])
  .optional()
  .describe('The `version` you have seen; 412 when the appointment has changed since. Same as If-Match.')

export const holdBodySchema = z.strictObject({ slot_id: slotIdSchema, ...requestFields })
export const bookBodySchema = z
  .strictObject({
    hold_id: z.string().min(1).max(128).optional(),
    slot_id: slotIdSchema.optional(),
    ...requestFields,
  })
  .refine((body) => (body.hold_id === undefined) !== (body.slot_id === undefined), {
    message: 'send either hold_id or slot_id',
    path: ['hold_id'],
  })
export const rescheduleBodySchema = z.strictObject({ slot_id: slotIdSchema, expected_version: expectedVersion, ...requestFields })
export const cancelBodySchema = z.strictObject({
  reason: z.string().min(1).max(40).optional().describe("Code of one of the clinic's cancel reasons."),
  expected_version: expectedVersion,
  ...requestFields,
})

/** The clinic's own reasons stand in the OpenAPI description. */
export function escalationBodySchema(reasons: readonly { code: string; title: string }[]) {
  return z.strictObject(
    {
      reason: z.enum(reasons.map((reason) => reason.code)).describe(reasons.map(({ code, title }) => `\`${code}\`: ${title}`).join('; ')),
      appointment_id: z.string().min(1).max(128).optional().describe('The hold or visit it is about.'),
      ...requestFields,
    },
    { error: (issue) => (issue.code === 'unrecognized_keys' ? NO_FREE_TEXT : undefined) },
  )
}
const NO_FREE_TEXT =
  'there is no such field. An escalation takes no free text: send one of the reasons, and staff ask the patient for everything else'

const modalitySchema = z.enum(['in-person', 'telehealth', 'phone'])
export const availabilityQuerySchema = z.strictObject({
  type: z.string().min(1).max(40).describe('Code of a visit type of the clinic.'),
  provider: z
    .string()
    .regex(/^(Practitioner\/)?[A-Za-z0-9\-.]{1,64}$/, 'write a provider as its id')
    .optional(),
  location: z
    .string()
    .regex(/^(Location\/)?[A-Za-z0-9\-.]{1,64}$/, 'write a location as its id')
    .optional(),
  modality: modalitySchema.optional(),
  start: instantSchema.optional().describe('Default: now.'),
  end: instantSchema.optional().describe('Default: a week after start.'),
  limit: z.coerce.number().int().min(1).max(50).default(10),
})
export type OfferQuery = z.infer<typeof availabilityQuerySchema>

const text = (max: number) => z.string().trim().min(1).max(max)
/** What an intake itself refuses stands here loosely: an emergency has to be noticed although something else is written wrongly. */
const dateText = (format: string, description: string) => z.string().min(1).max(64).meta({ format, description })
const INSTANT = 'ISO 8601 with seconds and offset.'
export const intakeHeadersSchema = z.looseObject({
  'x-conversation-id': z
    .string()
    .optional()
    .describe(
      'Whatever you call the conversation (no patient data). Failed identities are then counted for it, and not for all of your conversations together.',
    ),
})
export const intakeBodySchema = z.strictObject({
  type: z.string().min(1).max(40).describe('Code of a visit type of the clinic.'),
  modality: modalitySchema.optional(),
  provider: z.string().min(1).max(128).optional().describe('Id of a provider.'),
  specialty: z.string().min(1).max(256).optional().describe('`system|code`, or a code.'),
  location: z.string().min(1).max(128).optional().describe('Id of a location.'),
  window: z
    .strictObject({ start: dateText('date-time', INSTANT), end: dateText('date-time', INSTANT) })
    .optional()
    .describe('When the patient can come.'),
  patient: z.strictObject({
    mrn: text(64).optional(),
    family_name: text(100).optional(),
    given_name: text(100).optional(),
    birth_date: dateText('date', 'YYYY-MM-DD').optional(),
    phone: text(30).optional(),
    email: text(200).optional(),
  }),
  new_patient: z
    .boolean()
    .optional()
    .describe('true: the patient says to be new at the clinic. Whoever is found all the same goes on as usual.'),
  exception: z
    .enum(INTAKE_EXCEPTIONS)
    .optional()
    .describe(
      'Something that the online rules do not allow: a time that is full, a visit squeezed in, another provider than offers it. Staff decide.',
    ),
  reason: text(4_000)
    .optional()
    .describe(
      'Short, in the words of the patient, English or Spanish. Screened for emergencies, then dropped: never stored, logged or repeated.',
    ),
})

const namedSchema = z.object({ id: z.string(), name: z.string() }).nullable()
const spokenFields = {
  message: z.string().describe('One sentence to speak to the patient.'),
  next_actions: z.array(z.string()),
}
const visitFields = {
  type: z.string(),
  start: z.string(),
  end: z.string(),
  timezone: z.string(),
  local_start: z.string(),
  provider: namedSchema,
  location: namedSchema,
  modality: modalitySchema,
}
export const offerSchema = z.object({ slot_id: z.string(), ...visitFields }).meta({ id: 'Offer' })
export const availabilitySchema = z.object({
  slots: z.array(offerSchema),
  timezone: z.string(),
  as_of: z.string(),
  truncated: z.boolean(),
  next_available: z.string().nullable(),
  ...spokenFields,
})

const appointmentFields = {
  appointment_id: z.string(),
  confirmation_code: z.string().nullable(),
  status: z.string().describe('FHIR Appointment.status.'),
  state: z.enum(['held', 'booked', 'cancelled', 'released', 'expired', 'closed']),
  version: z.string(),
  expires_at: z.string().nullable(),
  ...visitFields,
}
export const appointmentSchema = z
  .object({
    ...appointmentFields,
    hold_id: z.string().optional(),
    replayed: z.boolean().optional().describe('An earlier request already had this effect.'),
    ...spokenFields,
  })
  .meta({ id: 'Appointment' })
export const appointmentListSchema = z.object({ appointments: z.array(z.object(appointmentFields)), as_of: z.string(), ...spokenFields })
export const escalationSchema = z
  .object({
    escalation_id: z.string(),
    reason: z.string(),
    state: z.enum(['requested', 'closed']).describe('`closed`: a repetition found it done already.'),
    priority: z.string().describe('FHIR Task.priority.'),
    channel: z.string().describe('How staff get back to the patient: phone, portal, email, or a word of the clinic.'),
    due: z.string().describe('When to expect an answer.'),
    timezone: z.string(),
    local_due: z.string(),
    replayed: z.boolean().describe('An earlier request already had this effect.'),
    ...spokenFields,
  })
  .meta({ id: 'Escalation' })
export const keptEscalationSchema = z
  .object({ escalation_id: z.string(), state: z.literal('pending'), ...spokenFields })
  .describe('The EHR does not answer. The gateway keeps it and tells the clinic as soon as it does; repeating the request is safe.')
const escalationIdSchema = z
  .string()
  .optional()
  .describe('Staff have been told of it, or will be as soon as the EHR answers; `message` says what follows.')
export const intakeSchema = z.object({
  outcome: z.enum(['eligible', 'urgent', 'identity_unverified', 'needs_staff']),
  patient_token: z.string().optional(),
  expires_at: z.string().optional(),
  escalation_id: escalationIdSchema,
  call: z.array(z.string()).optional().describe('`urgent`: phone numbers in `message`, for buttons.'),
  language: z.string().optional().describe('`urgent`: the language of `message`.'),
  portal_url: z.string().optional().describe('`needs_staff`: the visit is booked there; show it as a button.'),
  portal_label: z.string().optional().describe('What the button says.'),
  escalation_reason: z.string().optional().describe('`needs_staff`: the `reason` for POST /escalations, if the patient wants staff.'),
  ...spokenFields,
})
export const operationSchema = z.object({
  operation_id: z.string(),
  state: z.enum(['pending', 'succeeded', 'failed', 'escalated']),
  appointment_id: z.string().optional(),
  ...spokenFields,
})
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    next_actions: z.array(z.string()),
    policy: z.string().optional(),
    path: z.string().optional(),
    alternatives: z.array(offerSchema).optional(),
    escalation_id: escalationIdSchema,
  })
  .meta({ id: 'Problem' })
export const idParamsSchema = z.object({ id: z.string().min(1).max(128) })

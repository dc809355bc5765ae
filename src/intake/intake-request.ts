import type { PatientClaims } from './identity-values.ts'
import type { Modality } from '../fhir/appointment.ts'
import { parseInstant } from '../fhir/instant.ts'
import { BookingError } from '../booking/errors.ts'
import type { NextAction } from '../booking/messages.ts'

/** What a chatbot has collected, as `POST /intake` and the tool `start_intake` take it. */
export interface IntakeBody {
  /** Code of a visit type. */
  readonly type: string
  readonly modality?: Modality | undefined
  /** Id of a Practitioner, with or without its type. */
  readonly provider?: string | undefined
  /** A coding `system|code`, or the code alone. */
  readonly specialty?: string | undefined
  readonly location?: string | undefined
  readonly window?: { readonly start: string; readonly end: string } | undefined
  readonly patient: PatientClaims
  /** The patient says to be new at the clinic. */
  readonly new_patient?: boolean | undefined
  /** Something that the online rules do not allow. */
  readonly exception?: IntakeException | undefined
  /** Free text: screened, then dropped. */
  readonly reason?: string | undefined
}

export const INTAKE_EXCEPTIONS = ['overbook', 'urgent_add_on', 'other_provider'] as const
export type IntakeException = (typeof INTAKE_EXCEPTIONS)[number]

/** The answer of an intake, in the words of the contract. */
export interface IntakeAnswer {
  readonly outcome: 'eligible' | 'urgent' | 'identity_unverified' | 'needs_staff'
  readonly patient_token?: string
  /** When the token runs out. */
  readonly expires_at?: string
  readonly escalation_id?: string
  /** `urgent`: phone numbers that `message` names, and the language it is in. */
  readonly call?: string[]
  readonly language?: string
  /** Where the visit is booked instead, and what to write on the button. */
  readonly portal_url?: string
  readonly portal_label?: string
  /** Which reason to send with `POST /escalations` (`ask_for_staff`) if the patient wants staff. */
  readonly escalation_reason?: string
  readonly message: string
  readonly next_actions: NextAction[]
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/

/**
 * What a schema would refuse, refused after red flags were looked for: an emergency has to be noticed although a date is written wrongly.
 * @throws BookingError `invalid_request` with the path of what is wrong
 */
export function assertWellFormed({ provider, location, window, patient }: IntakeBody): void {
  if (provider !== undefined && !ID.test(provider.replace(/^Practitioner\//, ''))) throw wrong('provider', 'Write a provider as its id.')
  if (location !== undefined && !ID.test(location.replace(/^Location\//, ''))) throw wrong('location', 'Write a location as its id.')
  if (patient.birth_date !== undefined && !isDate(patient.birth_date)) throw wrong('patient.birth_date', 'Write a date as YYYY-MM-DD.')
  if (!window) return
  const [start, end] = [parseInstant(window.start), parseInstant(window.end)]
  if (start === undefined) throw wrong('window.start', INSTANT)
  if (end === undefined) throw wrong('window.end', INSTANT)
  if (end <= start) throw wrong('window.end', 'The window must end after it begins.')
  if (end <= Date.now()) throw wrong('window.end', 'The window lies in the past. Ask the patient for a later time.')
}

const INSTANT = 'Write an instant with seconds and offset, e.g. 2027-03-01T10:00:00-08:00.'

/** A day that the calendar has, in ISO 8601. */
function isDate(text: string): boolean {
  const day = Date.parse(`${text}T00:00:00Z`)
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(day) && new Date(day).toISOString().startsWith(text)
}

function wrong(path: string, detail: string): BookingError {
  return new BookingError('invalid_request', detail, { path })
}

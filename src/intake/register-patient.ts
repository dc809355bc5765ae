import type { Patient } from 'fhir/r4.js'
import type { BookingDeps } from '../booking/deps.ts'
import { BookingError } from '../booking/errors.ts'
import type { Call } from '../booking/ports.ts'
import { buildAuditEvent } from '../fhir/audit-event.ts'
import { receiptId } from '../fhir/ids.ts'
import { parseInstant } from '../fhir/instant.ts'
import { buildPatient, isRegistration, NEW_PATIENT, registration, registrationId, type NewPatient } from '../fhir/registered-patient.ts'
import { isSameName, matchesField, nameForms, phoneDigits, type PatientClaims } from './identity-values.ts'
import { searchParams, type PatientSearch } from './patient-search.ts'

/** What registering needs. */
export interface RegisterDeps {
  readonly booking: Pick<BookingDeps, 'ehr' | 'writes' | 'mapping'>
  readonly patients: PatientSearch
}

/** Lost races before giving up. Two that register the same person meet at the AuditEvent, and the second round finds what the first has made. */
const MAX_ATTEMPTS = 4
/** A registration that is repeated within this time is the same request, in milliseconds; later the clinic's identity policy decides. */
const SAME_REQUEST_MS = 30 * 60_000
const OLDEST_YEARS = 130
const FIELDS = ['family_name', 'birth_date'] as const

/**
 * Creates a Patient for somebody whom the EHR does not know: once, whoever races, and never beside a Patient of the same name and birth date.
 * @returns `Patient/<id>`, or `undefined` where staff have to look: there is such a Patient, or the EHR refused
 * @throws BookingError `invalid_request` when something needed is missing or cannot be true; `ehr_unavailable`: repeating is safe
 */
export async function registerPatient(deps: RegisterDeps, claims: PatientClaims, call: Call): Promise<string | undefined> {
  const input = newPatientOf(claims)
  deps.booking.writes.assertOpen()
  const id = registrationId([nameForms(input.familyName)[0] ?? '', nameForms(input.givenName)[0] ?? ''], input.birthDate)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS && call.deadline > performance.now(); attempt++) {
    const known = await namesakes(deps, claims, call)
    const [only] = known
    if (only) return known.length === 1 && isOwn(only, id, claims) ? `Patient/${only.id ?? ''}` : undefined
    const event = buildAuditEvent({
      action: 'register',
      recorded: Date.now(),
      clientId: call.clientId,
      requestId: call.requestId,
      patient: NEW_PATIENT,
    })
    const receipt = receiptId({ clientId: '', operation: 'register', key: id })
    const outcome = await deps.booking.ehr.commit(registration(buildPatient(input, id), id, { ...event, id: receipt }), call)
    if (outcome.kind === 'committed') return patientIn(outcome.versions)
    if (outcome.kind === 'rejected') return undefined
    if (outcome.kind === 'unavailable') throw unfinished(outcome.retryAfterSeconds)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 30 * attempt))
  }
  throw unfinished(2)
}

/** Everybody of that name and birth date, active or not. */
async function namesakes({ patients, booking }: RegisterDeps, claims: PatientClaims, call: Call): Promise<Patient[]> {
  const { mrnSystem } = booking.mapping.identity
  const found = await patients.find(searchParams(FIELDS, claims, mrnSystem), call)
  return found.filter(
    (patient) =>
      patient.birthDate === claims.birth_date &&
      (patient.name ?? []).some(
        ({ family, given = [] }) => isSameName(family, claims.family_name) && given.some((name) => isSameName(name, claims.given_name)),
      ),
  )
}

/** The Patient that this very request has made a moment ago. */
function isOwn(patient: Patient, id: string, claims: PatientClaims): boolean {
  const made = parseInstant(patient.meta?.lastUpdated)
  return (
    isRegistration(patient, id) &&
    patient.active === true &&
    made !== undefined &&
    Math.abs(Date.now() - made) < SAME_REQUEST_MS &&
    (['phone', 'email'] as const).every((field) => claims[field] === undefined || matchesField(patient, field, claims[field], ''))
  )
}

function patientIn(versions: ReadonlyMap<string, { readonly id: string }>): string | undefined {
  const id = versions.get(NEW_PATIENT)?.id
  return id === undefined ? undefined : `Patient/${id}`
}

function newPatientOf(claims: PatientClaims): NewPatient {
  const { mrn, family_name, given_name, birth_date, phone, email } = claims
  if (mrn !== undefined) throw wrong('mrn', 'A new patient has no record number yet. Leave it out, or leave out new_patient.')
  if (family_name === undefined || !isName(family_name))
    throw wrong('family_name', 'A new patient is registered with a family name of letters.')
  if (given_name === undefined || !isName(given_name))
    throw wrong('given_name', 'A new patient is registered with a given name of letters.')
  if (birth_date === undefined || !isBirthDate(birth_date))
    throw wrong('birth_date', 'A new patient is registered with a birth date in the past.')
  if (phone === undefined && email === undefined)
    throw wrong('phone', 'A new patient is registered with a phone number or an e-mail address.')
  if (phone !== undefined && !isPhone(phone)) throw wrong('phone', 'Write a phone number with 7 to 15 digits.')
  if (email !== undefined && !/^[^\s@<>"']+@[^\s@<>"']+\.[^\s@<>"']+$/.test(email))
    throw wrong('email', 'Write an e-mail address as name@host.')
  return { familyName: family_name.trim(), givenName: given_name.trim(), birthDate: birth_date, phone: phone?.trim(), email: email?.trim() }
}

function isName(name: string): boolean {
  return /^[\p{L}\p{M}'’.,\- ]+$/u.test(name) && /\p{L}/u.test(name)
}

function isPhone(phone: string): boolean {
  const { length } = phoneDigits(phone)
  return /^[\d\s()+.\-/x#a-z;=]+$/i.test(phone) && length >= 7 && length <= 15
}

function isBirthDate(date: string): boolean {
  const age = Date.now() - Date.parse(date)
  // The day has begun somewhere up to 14 hours before it begins at UTC.
  return age > -14 * 60 * 60_000 && age < OLDEST_YEARS * 366 * 24 * 60 * 60_000
}

function wrong(field: keyof PatientClaims, detail: string): BookingError {
  return new BookingError('invalid_request', detail, { path: `patient.${field}` })
}

function unfinished(retryAfterSeconds: number): BookingError {
  return new BookingError(
    'ehr_unavailable',
    'The EHR did not confirm the registration. Repeat the same request: nobody is registered twice.',
    {
      retryAfterSeconds,
    },
  )
}

import type { Patient } from 'fhir/r4.js'
import type { ClinicMapping, IdentityField } from '../clinic/mapping.ts'
import { escapeSearchText, token } from '../fhir/query.ts'
import type { Call } from '../booking/ports.ts'

/** What a patient says about himself. Every value is compared, none is stored or logged. */
export type PatientClaims = Readonly<Partial<Record<IdentityField, string | undefined>>>

/** Looks patients up by `POST _search`, so that no name ever stands in a URL. */
export interface PatientSearch {
  /** @throws BookingError `ehr_unavailable` */
  find(params: readonly (readonly [string, string])[], call: Call): Promise<readonly Patient[]>
}

/**
 * The one Patient that a complete set of the clinic's identity policy matches, or `undefined` for none or several:
 * the caller must not be able to tell which part was wrong.
 */
export async function verifyIdentity(
  search: PatientSearch,
  mapping: ClinicMapping,
  claims: PatientClaims,
  call: Call,
): Promise<string | undefined> {
  const fields = mapping.identity.sufficient.find((set) => set.every((field) => claims[field] !== undefined))
  if (!fields) return undefined
  // What normalises to nothing (signs instead of a name, a phone without digits) would equal every empty value.
  if (fields.some((field) => normalised(field, claims[field] ?? '') === '')) return undefined
  const params = searchParams(fields, claims, mapping.identity.mrnSystem)
  if (params.length === 0) return undefined
  const candidates = await search.find(params, call)
  const matches = candidates.filter(
    (patient) =>
      patient.active !== false && fields.every((field) => matchesField(patient, field, claims[field] ?? '', mapping.identity.mrnSystem)),
  )
  const [match] = matches
  return matches.length === 1 && match?.id !== undefined ? `Patient/${match.id}` : undefined
}

/** The narrowest search the server can do exactly; names and phones are compared here, because servers match them loosely. */
function searchParams(fields: readonly IdentityField[], claims: PatientClaims, mrnSystem: string): (readonly [string, string])[] {
  const params: (readonly [string, string])[] = []
  for (const field of fields) {
    const value = claims[field]
    if (value === undefined) continue
    if (field === 'mrn') params.push(['identifier', token(mrnSystem, value)])
    if (field === 'birth_date') params.push(['birthdate', value])
    if (field === 'family_name') params.push(['family', escapeSearchText(value)])
  }
  return params
}

function matchesField(patient: Patient, field: IdentityField, claimed: string, mrnSystem: string): boolean {
  switch (field) {
    case 'mrn':
      return patient.identifier?.some((identifier) => identifier.system === mrnSystem && identifier.value === claimed) ?? false
    case 'birth_date':
      return patient.birthDate === claimed
    case 'family_name':
      return patient.name?.some((name) => plain(name.family) === plain(claimed)) ?? false
    case 'given_name':
      return patient.name?.some((name) => name.given?.some((given) => plain(given) === plain(claimed))) ?? false
    case 'phone':
      return telecoms(patient, ['phone', 'sms']).some((value) => digits(value) === digits(claimed))
    case 'email':
      return telecoms(patient, ['email']).some((value) => value.toLowerCase() === claimed.toLowerCase())
  }
}

function normalised(field: IdentityField, value: string): string {
  if (field === 'phone') return digits(value)
  return field === 'family_name' || field === 'given_name' ? plain(value) : value
}

function telecoms(patient: Patient, systems: readonly string[]): string[] {
  return (patient.telecom ?? []).filter((telecom) => systems.includes(telecom.system ?? '')).flatMap((telecom) => telecom.value ?? [])
}

/** A name without case, accents, hyphens and spaces. */
function plain(text: string | undefined): string {
  return (text ?? '')
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase()
}

/** A phone number's digits, without a leading country code 1. */
function digits(text: string): string {
  return text.replace(/\D/g, '').replace(/^1(?=\d{10}$)/, '')
}

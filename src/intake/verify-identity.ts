import type { ClinicMapping } from '../clinic/mapping.ts'
import type { Call } from '../booking/ports.ts'
import { isEmptyClaim, matchesField, type PatientClaims } from './identity-values.ts'
import { searchParams, type PatientSearch } from './patient-search.ts'

/**
 * The one Patient that a complete set of the clinic's identity policy matches, or `undefined` for none or several:
 * the caller must not be able to tell which part was wrong. One look-up at most.
 * @throws BookingError `ehr_unavailable`
 */
export async function verifyIdentity(
  search: PatientSearch,
  mapping: ClinicMapping,
  claims: PatientClaims,
  call: Call,
): Promise<string | undefined> {
  const { mrnSystem, sufficient } = mapping.identity
  const fields = sufficient.find((set) => set.every((field) => claims[field] !== undefined))
  if (!fields) return undefined
  // What normalises to nothing (signs instead of a name, a phone without digits) would equal every empty value.
  if (fields.some((field) => isEmptyClaim(field, claims[field] ?? ''))) return undefined
  const params = searchParams(fields, claims, mrnSystem)
  if (params.length === 0) return undefined
  const candidates = await search.find(params, call)
  const matches = candidates.filter(
    (patient) => patient.active !== false && fields.every((field) => matchesField(patient, field, claims[field] ?? '', mrnSystem)),
  )
  const [match] = matches
  return matches.length === 1 && match?.id !== undefined ? `Patient/${match.id}` : undefined
}

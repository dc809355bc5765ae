import type { Patient } from 'fhir/r4.js'
import type { IdentityField } from '../clinic/mapping.ts'
import { fold } from './words.ts'

/** What a patient says about himself. Every value is compared, none is stored or logged. */
export type PatientClaims = Readonly<Partial<Record<IdentityField, string | undefined>>>

/** How German and Scandinavian letters are written where a keyboard lacks them. */
const WRITTEN_OUT: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe' }

/**
 * The ways in which a name may be written: without case, accents, ligatures, hyphens and spaces, and with its umlauts written out
 * ("Müller" is "Muller" and "Mueller"; those two are different names).
 */
export function nameForms(name: string | undefined): string[] {
  const composed = (name ?? '').normalize('NFKC').toLowerCase()
  const writtenOut = composed.replace(/[äöüåø]/g, (letter) => WRITTEN_OUT[letter] ?? letter)
  return [...new Set([composed, writtenOut].map((text) => fold(text).replace(/[^\p{L}\p{N}]/gu, '')))]
}

/** Whether two names are the same name. */
export function isSameName(one: string | undefined, other: string | undefined): boolean {
  const forms = nameForms(other)
  return nameForms(one).some((form) => form !== '' && forms.includes(form))
}

/** An extension at the end of a phone number: "x12", "ext. 12", "#12", ";ext=12". */
const EXTENSION = /[\s,;]*(?:extension|ext\.?|x|#)[\s.:=]*\d{1,7}\s*$/i

/** A phone number's digits, without extension and without the North American country code. */
export function phoneDigits(text: string): string {
  return text
    .normalize('NFKC')
    .replace(EXTENSION, '')
    .replace(/\D/g, '')
    .replace(/^(?:00)?1(?=\d{10}$)/, '')
}

/** An e-mail address without case and without spaces around it. */
export function plainEmail(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase()
}

/** A record number without case. */
export function plainMrn(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase()
}

/** What is left of a value when everything that does not count is taken away: nothing of it may equal another nothing. */
export function isEmptyClaim(field: IdentityField, value: string): boolean {
  if (field === 'phone') return phoneDigits(value) === ''
  if (field === 'family_name' || field === 'given_name') return nameForms(value).includes('')
  // Anything else could be a search of its own: "gt1900".
  if (field === 'birth_date') return !/^\d{4}-\d{2}-\d{2}$/.test(value)
  return value.trim() === ''
}

/** Whether what is claimed stands in the Patient. */
export function matchesField(patient: Patient, field: IdentityField, claimed: string, mrnSystem: string): boolean {
  switch (field) {
    case 'mrn':
      return patient.identifier?.some(({ system, value }) => system === mrnSystem && plainMrn(value ?? '') === plainMrn(claimed)) ?? false
    case 'birth_date':
      return patient.birthDate === claimed
    case 'family_name':
      return patient.name?.some((name) => isSameName(name.family, claimed)) ?? false
    case 'given_name':
      return patient.name?.some((name) => isGivenName(name.given ?? [], claimed)) ?? false
    case 'phone':
      return telecoms(patient, ['phone', 'sms']).some((value) => phoneDigits(value) === phoneDigits(claimed))
    case 'email':
      return telecoms(patient, ['email']).some((value) => plainEmail(value) === plainEmail(claimed))
  }
}

/** One of the given names, or all of them together. */
function isGivenName(given: readonly string[], claimed: string): boolean {
  return [...given, given.join(' ')].some((name) => isSameName(name, claimed))
}

function telecoms(patient: Patient, systems: readonly string[]): string[] {
  return (patient.telecom ?? []).filter((telecom) => systems.includes(telecom.system ?? '')).flatMap((telecom) => telecom.value ?? [])
}

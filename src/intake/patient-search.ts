import type { Patient } from 'fhir/r4.js'
import type { IdentityField } from '../clinic/mapping.ts'
import type { Call } from '../booking/ports.ts'
import { escapeSearchText, token } from '../fhir/query.ts'
import { nameForms, type PatientClaims } from './identity-values.ts'

/** Name and value of a search parameter; the value is escaped already. */
export type PatientParam = readonly [name: string, value: string]

/** Looks patients up by `POST _search`, so that no name ever stands in a URL. */
export interface PatientSearch {
  /** @throws BookingError `ehr_unavailable` */
  find(params: readonly PatientParam[], call: Call): Promise<readonly Patient[]>
}

/** The narrowest search that surely finds whoever matches; names and phones are compared here, because servers match them loosely. */
export function searchParams(fields: readonly IdentityField[], claims: PatientClaims, mrnSystem: string): PatientParam[] {
  const params: PatientParam[] = []
  const { mrn, birth_date, family_name } = claims
  if (fields.includes('mrn') && mrn !== undefined)
    params.push([
      'identifier',
      spellings(mrn)
        .map((value) => token(mrnSystem, value))
        .join(','),
    ])
  if (fields.includes('family_name') && family_name !== undefined) {
    const values = fields.includes('birth_date') ? beginnings(family_name) : [family_name, ...nameForms(family_name)]
    params.push(['family', [...new Set(values)].map(escapeSearchText).join(',')])
  }
  if (fields.includes('birth_date') && birth_date !== undefined) params.push(['birthdate', birth_date])
  return params
}

/** A token is compared with its case by many servers. */
function spellings(mrn: string): string[] {
  const text = mrn.normalize('NFKC').trim()
  return [...new Set([text, text.toUpperCase(), text.toLowerCase()])]
}

/** Letters that servers do not take for their plain neighbours, as `fold` does. */
const NEIGHBOURS: Readonly<Record<string, string>> = { o: 'ø', l: 'ł', d: 'đ', a: 'å' }
const SEPARATORS = ["'", '’', '-', ' ']

/** Letters that may be an umlaut written out, by what a server may hold instead of the two. */
const ONE_FOR_TWO: Readonly<Record<string, readonly string[]>> = { ae: ['a', 'æ'], oe: ['o', 'ø', 'œ'], ue: ['u'], aa: ['a', 'å'] }

/**
 * How the name may begin in the EHR. FHIR compares strings from their beginning without case and accents, but not without hyphens,
 * apostrophes, spaces and ligatures; the first two letters are enough beside a birth date, and leave room for all of them.
 */
function beginnings(name: string): string[] {
  const raw = /^\p{L}{2}/u.exec(name.normalize('NFC').trim())?.[0]
  const spelled = nameForms(name).flatMap((form) => {
    const [first = '', second = ''] = form
    const plain = [first + second, (NEIGHBOURS[first] ?? first) + second, first + (NEIGHBOURS[second] ?? second)]
    const apart = second === '' ? [] : SEPARATORS.map((separator) => first + separator + second)
    return [...plain, ...apart, ...(ONE_FOR_TWO[first + second] ?? [])]
  })
  return raw === undefined ? spelled : [raw, ...spelled]
}

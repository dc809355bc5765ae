import type { Patient } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import type { PatientClaims } from '../../../src/intake/identity-values.ts'
import type { PatientSearch } from '../../../src/intake/patient-search.ts'
import { verifyIdentity } from '../../../src/intake/verify-identity.ts'
import { MAPPING, MRN_SYSTEM, testMapping } from '../../helpers/clinic.ts'
import { callWithin } from '../helpers/scripted-ehr.ts'

const ZOE: Patient = {
  resourceType: 'Patient',
  id: 'zoe',
  active: true,
  identifier: [{ system: MRN_SYSTEM, value: 'M-1' }],
  name: [{ use: 'official', family: "O'Connor-Müller", given: ['Zoë', 'Ann'] }],
  birthDate: '1980-02-03',
  telecom: [
    { system: 'phone', value: '+1 (555) 010-0199' },
    { system: 'email', value: 'Zoe@Example.org' },
  ],
}

/** A server that finds loosely: everybody it is given. What is asked is written down. */
class Everybody implements PatientSearch {
  readonly asked: (readonly (readonly [string, string])[])[] = []
  readonly #patients: readonly Patient[]

  constructor(...patients: readonly Patient[]) {
    this.#patients = patients
  }

  find(params: readonly (readonly [string, string])[]): Promise<readonly Patient[]> {
    this.asked.push(params)
    return Promise.resolve(this.#patients)
  }
}

const mapping = testMapping({
  identity: { ...MAPPING.identity, sufficient: [...MAPPING.identity.sufficient, ['family_name', 'given_name', 'birth_date', 'email']] },
})
const verify = (claims: PatientClaims, ...patients: readonly Patient[]) =>
  verifyIdentity(new Everybody(...patients), mapping, claims, callWithin())
const byNumber = { mrn: 'M-1', birth_date: '1980-02-03' }
const byName = { family_name: "O'Connor-Müller", given_name: 'Zoë', birth_date: '1980-02-03', phone: '555-010-0199' }
const byMail = { family_name: 'OConnor Muller', given_name: 'zoe', birth_date: '1980-02-03', email: 'zoe@example.ORG' }

describe('a patient is verified', () => {
  test.for<readonly [rule: string, claims: PatientClaims]>([
    ['by a complete set', byNumber],
    ['by another complete set', byName],
    ['by a name without accents, hyphen, apostrophe and case', { ...byName, family_name: 'oconnor MULLER', given_name: 'ZOE' }],
    ['by a name with accents written in another way', { ...byName, given_name: 'Zoe\u0308' }],
    ['by any of his given names', { ...byName, given_name: 'Ann' }],
    ['by a phone number however it is written', { ...byName, phone: '+1 555.010.0199' }],
    ['by a phone number without the country', { ...byName, phone: '5550100199' }],
    ['by an e-mail address in any case', byMail],
    ['by a name with its umlaut written out', { ...byName, family_name: 'OConnor Mueller' }],
    ['by all of his given names', { ...byName, given_name: 'Zoë Ann' }],
    ['by a name in wide letters', { ...byName, given_name: 'Ｚｏｅ' }],
    ['by a phone number with an extension', { ...byName, phone: '+1 555-010-0199 ext. 12' }],
    ['by a phone number with a short extension', { ...byName, phone: '(555) 010-0199 x7' }],
    ['by a phone number as a URI', { ...byName, phone: 'tel:+1-555-010-0199;ext=12' }],
    ['by a record number in small letters', { ...byNumber, mrn: ' m-1 ' }],
  ])('%s', async ([, claims]) => {
    expect(await verify(claims, ZOE)).toBe('Patient/zoe')
  })
})

describe('a patient is not verified', () => {
  test.for<readonly [rule: string, claims: PatientClaims, patients: readonly Patient[]]>([
    ['by nothing', {}, [ZOE]],
    ['by part of a set', { mrn: 'M-1' }, [ZOE]],
    ['by parts of two sets', { mrn: 'M-1', family_name: "O'Connor-Müller", given_name: 'Zoë', phone: '555-010-0199' }, [ZOE]],
    ['when nobody is found', byNumber, []],
    ['when two match', byNumber, [ZOE, { ...ZOE, id: 'twin' }]],
    ['when he is not active', byNumber, [{ ...ZOE, active: false }]],
    ['by a number of another system', byNumber, [{ ...ZOE, identifier: [{ system: 'https://other.example', value: 'M-1' }] }]],
    ['by a number that only begins the same', { ...byNumber, mrn: 'M-' }, [ZOE]],
    ['by another date of birth', { ...byNumber, birth_date: '1980-03-02' }, [ZOE]],
    ['by part of a date of birth', { ...byNumber, birth_date: '1980-02' }, [ZOE]],
    ['by a date that is a search', { ...byNumber, birth_date: 'gt1900' }, [ZOE]],
    ['by a name that only sounds the same', { ...byName, family_name: 'OConnor Moller' }, [ZOE]],
    [
      'by the umlaut written out, for another name',
      { ...byName, family_name: 'Muller' },
      [{ ...ZOE, name: [{ family: 'Mueller', given: ['Zoë'] }] }],
    ],
    ['by the beginning of a name, which servers match', { ...byName, family_name: "O'Connor" }, [ZOE]],
    ['by another given name', { ...byName, given_name: 'Zora' }, [ZOE]],
    ['by another phone number', { ...byName, phone: '555-010-0198' }, [ZOE]],
    ['by the end of a phone number', { ...byName, phone: '0199' }, [ZOE]],
    ['by a phone number that is his fax', byName, [{ ...ZOE, telecom: [{ system: 'fax', value: '555-010-0199' }] }]],
    ['by a phone number where he has none', byName, [{ ...ZOE, telecom: [] }]],
  ])('%s', async ([, claims, patients]) => {
    expect(await verify(claims, ...patients)).toBeUndefined()
  })

  test('and one who matches is found among others and inactive copies of himself', async () => {
    const others = [
      { ...ZOE, id: 'copy', active: false },
      { ...ZOE, id: 'other', birthDate: '1999-01-01' },
    ]
    expect(await verify(byNumber, ...others, ZOE)).toBe('Patient/zoe')
  })

  test.for<readonly [rule: string, claims: PatientClaims, patient: Patient]>([
    [
      'a family name of signs only, where one of his names has no family',
      { ...byName, family_name: '-' },
      { ...ZOE, name: [...ZOE.name!, { use: 'nickname', given: ['Zoë'] }] },
    ],
    [
      'a given name of signs only, where his is one too',
      { ...byName, given_name: '.' },
      { ...ZOE, name: [{ family: "O'Connor-Müller", given: ['?'] }] },
    ],
    [
      'a phone number without digits, where his has none',
      { ...byName, phone: 'none' },
      { ...ZOE, telecom: [{ system: 'phone', value: 'unlisted' }] },
    ],
  ])('by what says nothing: %s', async ([, claims, patient]) => {
    expect(await verify(claims, patient)).toBeUndefined()
  })
})

describe('what the EHR is asked', () => {
  const asked = async (claims: PatientClaims) => {
    const search = new Everybody()
    await verifyIdentity(search, mapping, claims, callWithin())
    return search.asked
  }

  test('is as narrow as it can be exact: number, date of birth, family name', async () => {
    expect(await asked(byNumber)).toEqual([
      [
        ['identifier', `${MRN_SYSTEM}|M-1,${MRN_SYSTEM}|m-1`],
        ['birthdate', '1980-02-03'],
      ],
    ])
    const [[family = [], birthDate] = []] = await asked(byName)
    expect([family[0], birthDate]).toEqual(['family', ['birthdate', '1980-02-03']])
    // Servers compare from the beginning of the name, with its apostrophe: whichever way it is written in the EHR, it is found.
    expect(family[1].split(',')).toEqual(expect.arrayContaining(['oc', "o'c", 'o’c', 'o-c', 'o c']))
  })

  test('is the whole name where no birth date narrows it down', async () => {
    const search = new Everybody()
    const byPhone = testMapping({ identity: { mrnSystem: MRN_SYSTEM, sufficient: [['family_name', 'phone']] } })
    await verifyIdentity(search, byPhone, { family_name: 'Müller', phone: '555-010-0199' }, callWithin())
    expect(search.asked).toEqual([[['family', 'Müller,muller,mueller']]])
  })

  test('cannot be changed by what a patient says', async () => {
    expect(await asked({ ...byNumber, mrn: 'x,y|z' })).toEqual([
      [
        ['identifier', `${MRN_SYSTEM}|x\\,y\\|z,${MRN_SYSTEM}|X\\,Y\\|Z`],
        ['birthdate', '1980-02-03'],
      ],
    ])
    expect(await asked({ ...byName, family_name: 'a,b' })).toMatchObject([[['family', expect.stringMatching(/^ab,.*a b$/) as unknown], {}]])
  })

  test('is nothing where no set is complete', async () => {
    expect(await asked({ mrn: 'M-1' })).toEqual([])
  })

  test('is nothing where a set could only be searched through everybody', async () => {
    const search = new Everybody(ZOE)
    const loose = testMapping({ identity: { mrnSystem: MRN_SYSTEM, sufficient: [['phone', 'email']] } })
    expect(await verifyIdentity(search, loose, { phone: '555-010-0199', email: 'zoe@example.org' }, callWithin())).toBeUndefined()
    expect(search.asked).toEqual([])
  })
})

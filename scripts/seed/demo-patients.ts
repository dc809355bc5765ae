import type { HumanName, Patient } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'

/** How many patients the demo clinic has: `demo-p001` to `demo-p200`. */
export const DEMO_PATIENTS = 200

const GIVEN = [
  'Alma',
  'Bruno',
  'Carla',
  'Dario',
  'Edith',
  'Felix',
  'Greta',
  'Hugo',
  'Irene',
  'Jonas',
  'Kira',
  'Leon',
  'Mabel',
  'Nico',
  'Olive',
  'Pavel',
  'Quinn',
  'Rosa',
  'Samir',
  'Tessa',
  'Umar',
  'Vera',
  'Wanda',
  'Yusuf',
]
const FAMILY = [
  'Abbott',
  'Birch',
  'Castell',
  'Dunmore',
  'Eastlake',
  'Farrow',
  'Granger',
  'Holloway',
  'Ingram',
  'Jansen',
  'Kessler',
  'Larkin',
  'Mercer',
  'Norwood',
  'Oakes',
  'Prescott',
  'Quill',
  'Ravenel',
  'Sutter',
  'Thorne',
  'Underhill',
  'Vance',
  'Whitlock',
  'Yarrow',
  'Zeller',
]
const FIRST_BIRTH = Temporal.PlainDate.from('1936-01-01')
const BIRTH_DAYS = 85 * 365

type Details = Partial<Pick<Patient, 'active' | 'birthDate'>> & { readonly name?: HumanName }

/** Patients who are hard to tell apart, or whose names are hard to write. */
const SPECIAL: Readonly<Record<number, Details>> = {
  1: { name: { given: ['Nora'], family: 'Fields' }, birthDate: '1984-05-17' },
  // The same name, born on different days.
  11: { name: { given: ['Jordan'], family: 'Reyes' } },
  12: { name: { given: ['Jordan'], family: 'Reyes' } },
  // Born on the same day; the second two are twins.
  21: { birthDate: '1990-02-28' },
  22: { birthDate: '1990-02-28' },
  23: { name: { given: ['Lena'], family: 'Brook' }, birthDate: '2001-12-31' },
  24: { name: { given: ['Luis'], family: 'Brook' }, birthDate: '2001-12-31' },
  // The same name and birth date: only the phone, the e-mail address or the MRN tells them apart.
  31: { name: { given: ['Sam'], family: 'Taylor' }, birthDate: '1975-08-20' },
  32: { name: { given: ['Sam'], family: 'Taylor' }, birthDate: '1975-08-20' },
  // Accents, hyphens, apostrophes, spaces, two given names.
  41: { name: { given: ['Zoë'], family: 'Núñez-Ørsted' } },
  42: { name: { given: ['José', 'Ángel'], family: 'García Peña' } },
  43: { name: { given: ['Anne-Marie'], family: "O'Connor-Smith" } },
  44: { name: { given: ['Siân'], family: "d'Árcy" } },
  45: { name: { given: ['Łukasz'], family: 'Müller' } },
  46: { name: { given: ['Thi'], family: 'van der Berg' }, birthDate: '2000-02-29' },
  // No longer a patient here: must not be found.
  60: { active: false },
}

/** The patients: generated, fictitious, the same each time. All but the special ones differ in name and birth date. */
export function demoPatients(mrnSystem: string): Patient[] {
  return Array.from({ length: DEMO_PATIENTS }, (_, index) => patient(index + 1, mrnSystem))
}

/** `Patient.id` of the patient with this number, from 1. */
export function patientId(number: number): string {
  return `demo-p${String(number).padStart(3, '0')}`
}

function patient(number: number, mrnSystem: string): Patient {
  const special = SPECIAL[number] ?? {}
  const name = special.name ?? { given: [GIVEN[number % GIVEN.length] ?? ''], family: FAMILY[(number * 7) % FAMILY.length] ?? '' }
  return {
    resourceType: 'Patient',
    id: patientId(number),
    identifier: [{ system: mrnSystem, value: `HL-${100_000 + number}` }],
    active: special.active ?? true,
    name: [{ use: 'official', ...name }],
    telecom: [
      { system: 'phone', value: `555-${String(100 + number).padStart(4, '0')}`, use: 'mobile' },
      { system: 'email', value: `${plain(name.given?.[0])}.${plain(name.family)}.${number}@mail.example` },
    ],
    birthDate: special.birthDate ?? FIRST_BIRTH.add({ days: (number * 7919) % BIRTH_DAYS }).toString(),
  }
}

function plain(text = ''): string {
  return text
    .normalize('NFD')
    .replace(/[^A-Za-z]/g, '')
    .toLowerCase()
}

import type { CodeableConcept, FhirResource, Location, Organization, Practitioner, PractitionerRole } from 'fhir/r4.js'

/** `Organization.id` of the demo clinic. Every id of the demo begins with `demo-`. */
export const DEMO_ORGANIZATION = 'demo-harbor-lights'
/** The room that Finn Abara and Gia Romano share. */
export const PROCEDURE_ROOM = 'demo-procedure-room'

const STAFF_SYSTEM = 'https://harbor-lights.example/staff'
const TIMEZONE_URL = 'http://hl7.org/fhir/StructureDefinition/timezone'
const PLACE_TYPE = 'http://terminology.hl7.org/CodeSystem/location-physical-type'

/** SNOMED CT specialties of the demo. */
export const SPECIALTY = {
  generalPractice: specialty('394814009', 'General practice'),
  dermatology: specialty('394582007', 'Dermatology'),
  surgery: specialty('394609007', 'General surgery'),
} as const

const SITES = [
  ['demo-harbor-street', 'Harbor Street', '12 Harbor Street'],
  ['demo-hill-road', 'Hill Road', '340 Hill Road'],
  ['demo-mill-lane', 'Mill Lane', '7 Mill Lane'],
] as const

const ROOMS = [
  [PROCEDURE_ROOM, 'Procedure room, Mill Lane', 'demo-mill-lane'],
  ['demo-exam-room-1', 'Exam room 1, Harbor Street', 'demo-harbor-street'],
  ['demo-vaccination-room', 'Vaccination room, Harbor Street', 'demo-harbor-street'],
  ['demo-skin-room', 'Skin clinic, Hill Road', 'demo-hill-road'],
] as const

interface Person {
  readonly id: string
  readonly given: string
  readonly family: string
  readonly site: string
  readonly specialty?: CodeableConcept
}

const STAFF: readonly Person[] = [
  { id: 'demo-ada-marsh', given: 'Ada', family: 'Marsh', site: 'demo-harbor-street', specialty: SPECIALTY.generalPractice },
  { id: 'demo-ben-okafor', given: 'Ben', family: 'Okafor', site: 'demo-harbor-street', specialty: SPECIALTY.generalPractice },
  { id: 'demo-cleo-lindqvist', given: 'Cleo', family: 'Lindqvist', site: 'demo-hill-road', specialty: SPECIALTY.generalPractice },
  { id: 'demo-dev-patel', given: 'Dev', family: 'Patel', site: 'demo-mill-lane', specialty: SPECIALTY.generalPractice },
  { id: 'demo-esme-varga', given: 'Esmé', family: 'Varga', site: 'demo-hill-road', specialty: SPECIALTY.dermatology },
  { id: 'demo-finn-abara', given: 'Finn', family: 'Abara', site: 'demo-mill-lane', specialty: SPECIALTY.surgery },
  { id: 'demo-gia-romano', given: 'Gia', family: 'Romano', site: 'demo-mill-lane', specialty: SPECIALTY.surgery },
  { id: 'demo-hana-ito', given: 'Hana', family: 'Ito', site: 'demo-harbor-street' },
]

/** The organization, its three sites with their rooms, and the eight people with one role each (`<id>-role`). */
export function demoPeople(zone: string): FhirResource[] {
  return [
    organization(),
    ...SITES.map(([id, name, line]) => site(id, name, line, zone)),
    ...ROOMS.map(([id, name, partOf]) => room(id, name, partOf)),
    ...STAFF.map(practitioner),
    ...STAFF.map(role),
  ]
}

function organization(): Organization {
  return {
    resourceType: 'Organization',
    id: DEMO_ORGANIZATION,
    active: true,
    name: 'Harbor Lights Clinic',
    telecom: [{ system: 'phone', value: '555-0100' }],
  }
}

function site(id: string, name: string, line: string, zone: string): Location {
  return {
    resourceType: 'Location',
    id,
    extension: [{ url: TIMEZONE_URL, valueCode: zone }],
    status: 'active',
    name,
    address: { line: [line], city: 'Port Example' },
    physicalType: { coding: [{ system: PLACE_TYPE, code: 'si', display: 'Site' }] },
    managingOrganization: { reference: `Organization/${DEMO_ORGANIZATION}` },
  }
}

function room(id: string, name: string, partOf: string): Location {
  return {
    resourceType: 'Location',
    id,
    status: 'active',
    name,
    physicalType: { coding: [{ system: PLACE_TYPE, code: 'ro', display: 'Room' }] },
    managingOrganization: { reference: `Organization/${DEMO_ORGANIZATION}` },
    partOf: { reference: `Location/${partOf}` },
  }
}

function practitioner(person: Person): Practitioner {
  return {
    resourceType: 'Practitioner',
    id: person.id,
    identifier: [{ system: STAFF_SYSTEM, value: person.id.slice('demo-'.length) }],
    active: true,
    name: [{ use: 'official', family: person.family, given: [person.given], ...(person.specialty && { prefix: ['Dr.'] }) }],
  }
}

function role(person: Person): PractitionerRole {
  return {
    resourceType: 'PractitionerRole',
    id: `${person.id}-role`,
    active: true,
    practitioner: { reference: `Practitioner/${person.id}` },
    organization: { reference: `Organization/${DEMO_ORGANIZATION}` },
    ...(person.specialty && { specialty: [person.specialty] }),
    location: [{ reference: `Location/${person.site}` }],
  }
}

function specialty(code: string, display: string): CodeableConcept {
  return { coding: [{ system: 'http://snomed.info/sct', code, display }] }
}

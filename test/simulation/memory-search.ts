import type { Appointment, Basic, FhirResource, Identifier, Patient, Reference, Schedule, Slot, Task } from 'fhir/r4.js'
import { parseInstant } from '../../src/fhir/instant.ts'
import type { EhrQuery, SearchParam } from '../../src/fhir/query.ts'
import { referencedId, referenceText } from '../../src/fhir/references.ts'
import type { MemoryStore } from './memory-store.ts'

type Search = Extract<EhrQuery, { kind: 'search' }>
/** Whether a resource matches one value of a parameter. */
type Matcher = (resource: FhirResource, value: string, store: MemoryStore) => boolean

/** Parameters that say something about the answer, not about what matches. */
const ABOUT_THE_ANSWER = ['_include', '_sort', '_count']

/**
 * The search parameters that the actions use, by type. An unknown one is an error: HAPI answers 400, and a test double that
 * ignored it would find more than the real server.
 */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, Matcher>>>> = {
  Slot: {
    schedule: (slot, value) => referenceText((slot as Slot).schedule) === value,
    start: (slot, value) => matchesDate((slot as Slot).start, value),
    status: (slot, value) => (slot as Slot).status === value,
  },
  Appointment: {
    actor: (visit, value) => actorsOf(visit as Appointment).includes(value),
    patient: (visit, value) => patientsOf(visit as Appointment).includes(value),
    'patient._has:Appointment:patient:identifier': (visit, value, store) =>
      patientsOf(visit as Appointment).some((patient) => hasVisitWith(store, patient, value)),
    date: (visit, value) => matchesDate((visit as Appointment).start, value),
    status: (visit, value) => (visit as Appointment).status === value,
    identifier: (visit, value) => matchesToken((visit as Appointment).identifier, value),
  },
  Patient: { identifier: (patient, value) => matchesToken((patient as Patient).identifier, value) },
  Task: { identifier: (task, value) => matchesToken((task as Task).identifier, value) },
  Schedule: {
    actor: (schedule, value) => (schedule as Schedule).actor.some((actor) => referenceText(actor) === value),
    'actor:PractitionerRole.practitioner': (schedule, value, store) =>
      (schedule as Schedule).actor.some((actor) => practitionerOf(store, actor) === value),
  },
  Basic: {
    'patient._has:Appointment:patient:identifier': (basic, value, store) => {
      const patient = referenceText((basic as Basic).subject)
      return patient?.startsWith('Patient/') === true && hasVisitWith(store, patient, value)
    },
  },
}

const COMMON: Readonly<Record<string, Matcher>> = {
  _id: (resource, value) => resource.id === value,
  _lastUpdated: (resource, value) => matchesDate(resource.meta?.lastUpdated, value),
}

/** The matches of a search in the order it asks for, included resources left out. @param among instead of all there is */
export function findMatches(store: MemoryStore, query: EhrQuery, among?: readonly FhirResource[]): FhirResource[] {
  if (query.kind !== 'search') throw new Error('a read is no search')
  const params = query.params.filter(([name]) => !ABOUT_THE_ANSWER.includes(name))
  const matches = (among ?? store.all(query.type as FhirResource['resourceType'])).filter((resource) =>
    params.every((param) => matchesParam(resource, param, query.type, store)),
  )
  return sorted(matches, query)
}

/** What `_include` brings along with these matches. */
export function findIncluded(store: MemoryStore, query: EhrQuery, matches: readonly FhirResource[]): FhirResource[] {
  const includes = query.kind === 'search' ? query.params.filter(([name]) => name === '_include').map(([, value]) => value) : []
  const ids = includes.flatMap((include) => matches.flatMap((match) => slotsBehind(match as Appointment, String(include))))
  return [...new Set(ids)].flatMap((id) => store.get('Slot', id) ?? [])
}

function slotsBehind(visit: Appointment, include: string): string[] {
  if (include !== 'Appointment:slot' && include !== 'Appointment:supporting-info:Slot') throw new Error(`unknown _include ${include}`)
  const references = include === 'Appointment:slot' ? visit.slot : visit.supportingInformation
  return (references ?? []).flatMap((reference) => referencedId(reference, 'Slot') ?? [])
}

function matchesParam(resource: FhirResource, [name, value]: SearchParam, type: string, store: MemoryStore): boolean {
  const matcher = COMMON[name] ?? PARAMETERS[type]?.[name]
  if (!matcher) throw new Error(`this server does not know the search parameter ${type}?${name}`)
  return [value].flat().some((each) => matcher(resource, each, store))
}

function sorted(matches: FhirResource[], query: Search): FhirResource[] {
  const order = query.params.find(([name]) => name === '_sort')?.[1]
  if (order === undefined) return matches
  const instant = (resource: FhirResource): number => parseInstant(sortValue(resource, String(order))) ?? 0
  return matches.sort((a, b) => instant(a) - instant(b))
}

function sortValue(resource: FhirResource, order: string): string | undefined {
  if (order === '_lastUpdated') return resource.meta?.lastUpdated
  if (order === 'start' || order === 'date') return (resource as Slot | Appointment).start
  throw new Error(`unknown _sort ${order}`)
}

const DATE = /^(ge|lt)(.+)$/

function matchesDate(text: string | undefined, value: string): boolean {
  const [, prefix, limitText] = DATE.exec(value) ?? []
  const limit = parseInstant(limitText)
  if (limit === undefined) throw new Error(`not a date with ge or lt: ${value}`)
  const at = parseInstant(text)
  return at !== undefined && (prefix === 'ge' ? at >= limit : at < limit)
}

/** `system|value`, or `system|` for any value of the system. */
function matchesToken(identifiers: readonly Identifier[] | undefined, value: string): boolean {
  const [system, code] = value.split('|')
  return (identifiers ?? []).some((identifier) => identifier.system === system && (code === '' || identifier.value === code))
}

function actorsOf(visit: Appointment): string[] {
  return visit.participant.flatMap((participant) => referenceText(participant.actor) ?? [])
}

function patientsOf(visit: Appointment): string[] {
  return actorsOf(visit).filter((actor) => actor.startsWith('Patient/'))
}

function hasVisitWith(store: MemoryStore, patient: string, token: string): boolean {
  return store.all('Appointment').some((visit) => patientsOf(visit).includes(patient) && matchesToken(visit.identifier, token))
}

function practitionerOf(store: MemoryStore, actor: Reference): string | undefined {
  const role = referencedId(actor, 'PractitionerRole')
  return role === undefined ? undefined : referenceText(store.get('PractitionerRole', role)?.practitioner)
}

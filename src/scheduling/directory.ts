import type { FhirResource, Location, Practitioner, PractitionerRole, Reference, Schedule } from 'fhir/r4.js'
import { fingerprint } from '../fhir/ids.ts'
import { referencedId, referenceText } from '../fhir/references.ts'

/** A person or place as callers see it. */
export interface Named {
  readonly id: string
  readonly name: string
}

/** What the gateway knows of one Schedule: whose time it is, and how to show it. */
export interface ScheduleInfo {
  readonly id: string
  readonly version: string | undefined
  readonly resource: Schedule
  readonly active: boolean
  /** Canonical references of the actors that can be in one visit at a time: practitioner, room, device. */
  readonly exclusiveActors: readonly string[]
  readonly provider: Named | undefined
  readonly location: Named | undefined
  /** Ids of the location and of the places it is part of, for filtering. */
  readonly locationIds: readonly string[]
}

/** R4 `Location.physicalType` codes of places that hold one visit at a time. Everything else (site, building, ward) does not exclude. */
const EXCLUSIVE_PLACES = ['ro', 'bd', 'ca', 've']

/**
 * The Schedules of the EHR and who stands behind them. Pure and immutable: built from resources, replaced as a whole.
 * It only steers what is read; every write checks the Schedules of its actors anew.
 */
export class Directory {
  readonly schedules: ReadonlyMap<string, ScheduleInfo>
  /** Whether any Schedule names its actor by PractitionerRole, so that new ones must be looked for that way too. */
  readonly usesRoles: boolean
  readonly #byActor = new Map<string, ScheduleInfo[]>()
  readonly #known: KnownActors
  readonly #byFingerprint = new Map<string, ScheduleInfo[]>()

  constructor(resources: readonly FhirResource[]) {
    const known = new KnownActors(resources)
    this.#known = known
    const schedules = resources.filter((resource) => resource.resourceType === 'Schedule')
    this.schedules = new Map(
      schedules.flatMap((schedule) => (schedule.id === undefined ? [] : [[schedule.id, describe(schedule, schedule.id, known)]])),
    )
    this.usesRoles = schedules.some((schedule) => schedule.actor.some((actor) => referencedId(actor, 'PractitionerRole') !== undefined))
    for (const info of this.schedules.values()) {
      for (const actor of info.exclusiveActors) append(this.#byActor, actor, info)
      append(this.#byFingerprint, fingerprint(info.id).toString('hex'), info)
    }
  }

  /** The Schedules whose id has the given fingerprint: nearly always one, none when it is unknown. */
  byFingerprint(print: Buffer): readonly ScheduleInfo[] {
    return this.#byFingerprint.get(print.toString('hex')) ?? []
  }

  /** Every Schedule that shares an exclusive actor with the given one, itself included. A claim covers them all. */
  siblings(schedule: ScheduleInfo): readonly ScheduleInfo[] {
    return [...new Set([schedule, ...this.schedulesOf(schedule.exclusiveActors)])]
  }

  /** Every Schedule of one of these exclusive actors. */
  schedulesOf(actors: readonly string[]): readonly ScheduleInfo[] {
    return [...new Set(actors.flatMap((actor) => this.#byActor.get(actor) ?? []))]
  }

  /** Every reference under which an actor may stand in a Schedule or Appointment: a practitioner's roles are the same person. */
  references(actor: string): readonly string[] {
    const roles = [...this.#known.roles.entries()].filter(([, role]) => referenceText(role.practitioner) === actor)
    return [actor, ...roles.map(([id]) => `PractitionerRole/${id}`)]
  }

  /** The person behind a reference: the practitioner of a PractitionerRole, otherwise the reference itself. */
  canonical(reference: Reference | undefined): string | undefined {
    return canonicalActor(reference, this.#known.roles)
  }

  /** Whom an Appointment keeps busy: by the same rule as a Schedule, so a visit to a practitioner on a site does not take the site's own time. */
  busyActors(participants: readonly (Reference | undefined)[]): readonly string[] {
    const actors = participants.map((participant) => this.canonical(participant)).filter((actor) => actor?.startsWith('Patient/') === false)
    return exclusiveAmong(actors, this.#known)
  }

  /** A practitioner by id, as callers see him. */
  person(id: string): Named | undefined {
    const name = practitionerName(this.#known.practitioners.get(id))
    return name === undefined ? undefined : { id, name }
  }

  /** A location by id, as callers see it. */
  place(id: string): Named | undefined {
    const name = this.#known.locations.get(id)?.name
    return name === undefined ? undefined : { id, name }
  }
}

/** The people and places that Schedules refer to, by id. */
class KnownActors {
  readonly roles = new Map<string, PractitionerRole>()
  readonly rolesOfPractitioner = new Map<string, PractitionerRole>()
  readonly practitioners = new Map<string, Practitioner>()
  readonly locations = new Map<string, Location>()

  constructor(resources: readonly FhirResource[]) {
    for (const resource of resources) {
      if (resource.id === undefined) continue
      if (resource.resourceType === 'PractitionerRole') this.#addRole(resource, resource.id)
      if (resource.resourceType === 'Practitioner') this.practitioners.set(resource.id, resource)
      if (resource.resourceType === 'Location') this.locations.set(resource.id, resource)
    }
  }

  #addRole(role: PractitionerRole, id: string): void {
    this.roles.set(id, role)
    const practitioner = referencedId(role.practitioner, 'Practitioner')
    if (practitioner !== undefined) this.rolesOfPractitioner.set(practitioner, role)
  }
}

function describe(schedule: Schedule, id: string, known: KnownActors): ScheduleInfo {
  const provider = providerOf(schedule, known)
  const location = locationOf(schedule, provider, known)
  return {
    id,
    version: schedule.meta?.versionId,
    resource: schedule,
    active: schedule.active !== false,
    exclusiveActors: exclusiveActors(schedule, known),
    provider,
    location: location && { id: location.id ?? '', name: location.name ?? 'the clinic' },
    locationIds: location ? placesAround(location, known) : [],
  }
}

function exclusiveActors(schedule: Schedule, known: KnownActors): string[] {
  return exclusiveAmong(
    schedule.actor.map((actor) => canonicalActor(actor, known.roles)),
    known,
  )
}

/** Those that can be in one visit at a time. Where none is (say, a service or a site alone), the first one is one line of time of its own. */
function exclusiveAmong(actors: readonly (string | undefined)[], known: KnownActors): string[] {
  const all = actors.filter((actor) => actor !== undefined)
  const exclusive = all.filter((actor) => isExclusive(actor, known))
  return exclusive.length > 0 ? [...new Set(exclusive)] : all.slice(0, 1)
}

function isExclusive(actor: string, known: KnownActors): boolean {
  if (actor.startsWith('Practitioner/') || actor.startsWith('PractitionerRole/') || actor.startsWith('Device/')) return true
  const location = actor.startsWith('Location/') ? known.locations.get(actor.slice('Location/'.length)) : undefined
  return location?.physicalType?.coding?.some((coding) => EXCLUSIVE_PLACES.includes(coding.code ?? '')) ?? false
}

function canonicalActor(reference: Reference | undefined, roles: ReadonlyMap<string, PractitionerRole>): string | undefined {
  const role = roles.get(referencedId(reference, 'PractitionerRole') ?? '')
  return referenceText(role?.practitioner) ?? referenceText(reference)
}

function providerOf(schedule: Schedule, known: KnownActors): Named | undefined {
  for (const actor of schedule.actor) {
    const canonical = canonicalActor(actor, known.roles)
    if (canonical?.startsWith('Practitioner/')) {
      const id = canonical.slice('Practitioner/'.length)
      return { id, name: practitionerName(known.practitioners.get(id)) ?? actor.display ?? 'the provider' }
    }
  }
  return undefined
}

function practitionerName(practitioner: Practitioner | undefined): string | undefined {
  const name = practitioner?.name?.find((candidate) => candidate.use === 'official') ?? practitioner?.name?.[0]
  if (!name) return undefined
  const parts = [...(name.prefix ?? []), ...(name.given?.slice(0, 1) ?? []), name.family].filter((part) => part !== undefined)
  return name.text ?? (parts.length > 0 ? parts.join(' ') : undefined)
}

function locationOf(schedule: Schedule, provider: Named | undefined, known: KnownActors): Location | undefined {
  const roles = schedule.actor.map((actor) => known.roles.get(referencedId(actor, 'PractitionerRole') ?? ''))
  const references = [
    ...schedule.actor,
    ...roles.flatMap((role) => role?.location ?? []),
    ...(known.rolesOfPractitioner.get(provider?.id ?? '')?.location ?? []),
  ]
  return references
    .map((reference) => known.locations.get(referencedId(reference, 'Location') ?? ''))
    .find((location) => location !== undefined)
}

function placesAround(location: Location, known: KnownActors): string[] {
  const ids: string[] = []
  for (let at: Location | undefined = location; at?.id !== undefined && !ids.includes(at.id);) {
    ids.push(at.id)
    at = known.locations.get(referencedId(at.partOf, 'Location') ?? '')
  }
  return ids
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

import type { Appointment, AuditEvent, FhirResource } from 'fhir/r4.js'
import { appointmentIdOf, holdExpiresOf } from '../../src/fhir/appointment.ts'
import { readReceipt } from '../../src/fhir/audit-event.ts'
import { parseInstant, type EpochMs } from '../../src/fhir/instant.ts'
import { referencedId } from '../../src/fhir/references.ts'
import { REQUEST_ID_SYSTEM } from '../../src/fhir/vocabulary.ts'
import { overlaps } from '../../src/scheduling/interval.ts'
import { isExpiredHold, LIVE_STATUSES, spanOf } from '../../src/scheduling/window.ts'
import { stateOf } from '../../src/scheduling/transitions.ts'
import type { Cluster } from './cluster.ts'
import type { Attempt } from './ledger.ts'
import { brokenInvariants } from './invariants.ts'
import { operationOf } from './plan.ts'
import type { Story } from './story.ts'
import { busyActors } from './world.ts'

/** A write that some request asked for and that took effect. */
export interface Effect {
  readonly commit: number
  readonly attempt: Attempt | undefined
  readonly receipt: AuditEvent
  readonly appointment: Appointment
}

/** Looks at every commit as it happens. */
export class CommitWatch {
  readonly effects: Effect[] = []
  readonly violations: string[] = []
  /** When each commit was. */
  readonly times = new Map<number, EpochMs>()
  readonly #cluster: Cluster
  readonly #story: Story
  readonly #buffers: boolean

  /** @param options.buffers whether buffers can be vouched for: not where the clinic adds Slots over visits that stand */
  constructor(cluster: Cluster, story: Story, options: { buffers: boolean }) {
    this.#cluster = cluster
    this.#story = story
    this.#buffers = options.buffers
    cluster.store.onCommit = (commit, changed) => {
      this.#look(commit, changed)
    }
  }

  #look(commit: number, changed: readonly FhirResource[]): void {
    const found = brokenInvariants(this.#cluster.store, this.#cluster.mapping, { buffers: this.#buffers })
    this.times.set(commit, this.#cluster.time.now())
    const visits = changed.filter((resource) => resource.resourceType === 'Appointment')
    const events = changed.filter((resource) => resource.resourceType === 'AuditEvent')
    const [event] = events
    const attempt = event && this.#story.ledger.byRequest.get(requestIdOf(event))
    this.#story.ledger.trace(`commit ${commit} by ${event ? requestIdOf(event) : 'the clinic'}: ${changed.map(describe).join(', ')}`)
    if (event) {
      found.push(...this.#wrongReceipt(event, events.length, visits))
      for (const visit of visits) found.push(...this.#wrongStep(visit, attempt))
      const own = visits.find((visit) => appointmentIdOf(visit) === readReceipt(event)?.appointmentId)
      // A request may also end a hold that has run out; that is not what it asked for.
      const isAsked = event.subtype?.[0]?.code === operationOf(attempt?.deed.kind ?? 'sweep')
      if (own && isAsked) this.effects.push({ commit, attempt, receipt: event, appointment: own })
    }
    this.violations.push(...found.map((violation) => `commit ${commit}: ${violation}`))
  }

  /** A receipt names the Appointment version that came out of its own transaction. */
  #wrongReceipt(event: AuditEvent, count: number, visits: readonly Appointment[]): string[] {
    const receipt = readReceipt(event)
    if (count !== 1) return [`${count} receipts in one transaction`]
    if (!receipt) return visits.length > 0 ? ['a fence came with a visit'] : []
    const entity = event.entity?.find((each) => each.what?.identifier?.value === receipt.appointmentId)
    const stored = this.#cluster.store.get('Appointment', referencedId(entity?.what, 'Appointment') ?? '')
    const version = entity?.detail?.find((detail) => detail.type === 'appointment-version')?.valueString
    return appointmentIdOf(stored ?? { resourceType: 'Appointment', status: 'proposed', participant: [] }) === receipt.appointmentId &&
      (visits.length === 0 || version === stored?.meta?.versionId)
      ? []
      : [`the receipt names ${receipt.appointmentId} version ${version ?? 'none'}, which is not what was written`]
  }

  /** From one version of a visit to the next. */
  #wrongStep(visit: Appointment, attempt: Attempt | undefined): string[] {
    const history = this.#cluster.store.history('Appointment', visit.id ?? '')
    const before = history.at(-2)?.resource as Appointment | undefined
    const now = this.#cluster.time.now()
    const id = appointmentIdOf(visit) ?? ''
    const found: string[] = []
    if (before?.comment !== undefined && visit.comment !== before.comment) found.push(`${id} has lost what the clinic wrote on it`)
    const expires = before && holdExpiresOf(before)
    if (before?.status === 'pending' && expires !== undefined) {
      if (stateOf(visit, now) === 'expired' && now < expires) found.push(`${id} ended ${expires - now} ms before it ran out`)
      if (visit.status === 'booked' && attempt && attempt.invokedAt >= expires)
        found.push(`${id} was confirmed although it had run out ${attempt.invokedAt - expires} ms before that was asked for`)
    }
    return [...found, ...this.#overDeskVisit(visit, attempt), ...this.#withoutActor(visit, before, attempt)]
  }

  /** A visit takes the time of everybody whom its Schedule named when it was asked for. */
  #withoutActor(visit: Appointment, before: Appointment | undefined, attempt: Attempt | undefined): string[] {
    const { store } = this.#cluster
    const slot = store.get('Slot', referencedId(visit.slot?.[0], 'Slot') ?? '')
    const schedule = store.get('Schedule', referencedId(slot?.schedule, 'Schedule') ?? '')
    const isPlaced = before?.start !== visit.start || before?.slot?.[0]?.reference !== visit.slot?.[0]?.reference
    if (!schedule || !attempt || !isPlaced || (parseInstant(schedule.meta?.lastUpdated) ?? 0) >= attempt.invokedAt) return []
    const missing = busyActors(schedule).filter((actor) => !busyActors(visit).includes(actor))
    return missing.map((actor) => `${appointmentIdOf(visit) ?? ''} leaves out ${actor} of its Schedule`)
  }

  /** What the front desk had entered before the request came blocks it. */
  #overDeskVisit(visit: Appointment, attempt: Attempt | undefined): string[] {
    const { store } = this.#cluster
    const span = spanOf(visit)
    if (!span || !attempt || !LIVE_STATUSES.includes(visit.status) || isExpiredHold(visit, store.now())) return []
    const actors = busyActors(visit)
    return [...this.#story.incidents.deskEntries].flatMap(([id, at]) => {
      const desk = store.get('Appointment', id)
      const other = desk && spanOf(desk)
      const theirs = desk ? busyActors(desk) : []
      const isBlocked = at < attempt.invokedAt && other && overlaps(span, other) && theirs.some((actor) => actors.includes(actor))
      return isBlocked ? [`${appointmentIdOf(visit) ?? ''} lies over ${id} of the front desk`] : []
    })
  }
}

/** Under which request an AuditEvent was written. */
export function requestIdOf(event: AuditEvent): string {
  return event.entity?.find(({ what }) => what?.identifier?.system === REQUEST_ID_SYSTEM)?.what?.identifier?.value ?? ''
}

function describe(resource: FhirResource): string {
  const name = `${resource.resourceType}/${resource.id ?? ''} v${resource.meta?.versionId ?? ''}`
  if (resource.resourceType === 'Appointment') return `${name} ${resource.status} ${appointmentIdOf(resource) ?? ''} ${resource.start ?? ''}`
  return resource.resourceType === 'Slot' ? `${name} ${resource.status}` : name
}

import { Temporal } from 'temporal-polyfill'
import { appointmentIdOf, clientOf } from '../fhir/appointment.ts'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'
import { doubtAbout, type Doubt, type Finding, type Repair } from '../scheduling/finding.ts'
import { DAY, MINUTE } from '../scheduling/interval.ts'
import { findingsOn } from '../scheduling/reconcile.ts'
import type { BookingDeps } from './deps.ts'
import { BookingError } from './errors.ts'
import { Gathering } from './gathering.ts'
import { PacedEhr } from './paced-ehr.ts'
import type { Call, VisitEvent } from './ports.ts'
import { TooManyChanges, walkChanges } from './reconcile-changes.ts'
import { commitRepair } from './reconcile-repair.ts'
import { verify } from './reconcile-verify.ts'
import { walkAll, type Stretch, type Walk } from './reconcile-walk.ts'
import { endingOf, visitEvents } from './visit-events.ts'
import { changedByOthers, readPast, type VisitMove } from './visit-history.ts'

export type { Doubt, DoubtKind, Repair, RepairKind } from '../scheduling/finding.ts'

/** What a pass has found and done. */
export interface ReconcileReport {
  /** From when on the next pass has to look, by the EHR's clock. */
  readonly asOf: EpochMs
  /** Slots and Appointments looked at. */
  readonly examined: number
  /** Repairs by their kind. */
  readonly repaired: Readonly<Record<string, number>>
  readonly doubts: readonly Doubt[]
  /** What happened to visits; whoever was told already is told the same id again. */
  readonly events: readonly VisitEvent[]
}

/** How a pass goes about it. */
export interface PassOptions {
  /** What changed less than this ago is left to the next pass: whoever changes it may not be done. In milliseconds, at most 10 000. */
  readonly settledAfterMs?: number
  /** Rest after each round trip, as a multiple of what it took. */
  readonly rest?: number
  /** Finds and changes nothing. */
  readonly dryRun?: boolean
  /** Is told of every repair, in a dry run of every one that would be made. */
  readonly onRepair?: (repair: Repair) => void
}

const DEFAULTS = { settledAfterMs: 5_000, rest: 1, dryRun: false, onRepair: () => undefined }
/** A change may be committed this long after the time stamp it carries, in milliseconds. */
const OVERLAP_MS = 10_000
/** What had to be left is looked for again for so long; after that a pass over everything finds it. */
const LOOK_BACK_MS = 60 * MINUTE
/** A first pass does not know what was announced: it takes up what happened in this time. */
const FIRST_EVENTS_MS = DAY

/**
 * Compares visits, claims and Slots in the EHR, repairs what is certain, and reports what is not. Safe at any time, in any number of
 * workers: every repair is a transaction of its own with `If-Match` on all it writes.
 * @param since the `asOf` of the last pass, to look at what changed since; `undefined`: everything of today and later
 * @param callFor makes the call for one round trip: each has its own deadline
 * @throws BookingError `ehr_unavailable`, `ehr_rejected`; what was repaired until then stays, and the next pass goes on from the same `since`
 */
export async function reconcile(
  deps: BookingDeps,
  since: EpochMs | undefined,
  callFor: () => Call,
  options: PassOptions = {},
): Promise<ReconcileReport> {
  const settings = { ...DEFAULTS, ...options }
  if (!settings.dryRun) deps.writes.assertOpen()
  // Of today's Schedules and people, because a visit is judged by whose time it takes. Where that takes too long: as last read.
  const { directory } = await deps.directories.refresh(callFor()).catch(() => deps.directories.current(callFor()))
  const ehr = new PacedEhr(deps.ehr, callFor, settings.rest)
  const { now } = await ehr.read({ clock: { kind: 'search', type: 'Schedule', params: [['_id', 'none']] } })
  const walk = { ehr, directory, mapping: deps.mapping, today: midnight(now, deps.mapping.clinic.timeZone) }
  return new Pass(deps, walk, now, settings).run(since)
}

class Pass {
  readonly #deps: BookingDeps
  readonly #walk: Walk
  readonly #startedAt: EpochMs
  readonly #settings: Required<PassOptions>
  readonly #repaired: Record<string, number> = {}
  readonly #doubts = new Map<string, Doubt>()
  readonly #events = new Map<string, VisitEvent>()
  readonly #moves: VisitMove[] = []
  #asOf: EpochMs
  #examined = 0

  constructor(deps: BookingDeps, walk: Walk, startedAt: EpochMs, settings: Required<PassOptions>) {
    this.#deps = deps
    this.#walk = walk
    this.#startedAt = startedAt
    this.#settings = settings
    this.#asOf = startedAt - OVERLAP_MS
  }

  async run(since: EpochMs | undefined): Promise<ReconcileReport> {
    if (since === undefined || !(await this.#followChanges(since))) await this.#lookAt(walkAll(this.#walk))
    const changed = { start: since ?? this.#startedAt - FIRST_EVENTS_MS, end: this.#startedAt }
    for (const event of await visitEvents(this.#walk.ehr, changed)) this.#announce(event)
    for (const move of this.#moves) this.#announceMove(move)
    return {
      asOf: this.#asOf,
      examined: this.#examined,
      repaired: this.#repaired,
      doubts: [...this.#doubts.values()],
      events: [...this.#events.values()],
    }
  }

  /** @returns false where so much has changed that everything has to be looked at */
  async #followChanges(since: EpochMs): Promise<boolean> {
    try {
      await this.#lookAt(walkChanges(this.#walk, { start: since, end: this.#startedAt }))
      return true
    } catch (error) {
      if (error instanceof TooManyChanges) return false
      throw error
    }
  }

  async #lookAt(stretches: AsyncIterable<Stretch>): Promise<void> {
    for await (const stretch of stretches) {
      this.#examined += stretch.resources.length
      const gathering = new Gathering(this.#walk.directory)
      gathering.take(stretch.now, stretch.resources)
      await gathering.lookUp(stretch.doubled, this.#walk.ehr)
      if (stretch.since !== undefined) await this.#lookBack(gathering, stretch.judged, stretch.since)
      for (const finding of await this.#findingsIn(gathering, stretch.judged)) await this.#check(finding, gathering)
    }
  }

  /** Where the clinic has changed a visit, its claims may stand on Slots that it does not name any more. */
  async #lookBack(gathering: Gathering, judged: readonly string[], since: EpochMs): Promise<void> {
    const { ehr } = this.#walk
    const visits = changedByOthers(await gathering.complete(judged, ehr), judged)
    const past = await readPast(ehr, visits, since)
    this.#moves.push(...past.moves)
    await gathering.lookUpSlots(past.slotIds, ehr)
  }

  async #findingsIn(gathering: Gathering, judged: readonly string[]): Promise<Finding[]> {
    const { ehr, mapping } = this.#walk
    const found = findingsOn(await gathering.complete(judged, ehr), judged, mapping)
    // Whoever overlaps somebody is judged as well: an overlap may come of a visit that was moved.
    const all = new Set([...judged, ...found.flatMap(({ restsOn }) => ownIds(restsOn))])
    return findingsOn(await gathering.complete(all, ehr), all, mapping)
  }

  /** A finding is acted on only when a second reading finds the same. */
  async #check(finding: Finding, gathering: Gathering): Promise<void> {
    if (finding.kind === 'doubt' && this.#doubts.has(finding.doubt.key)) return
    const { now } = gathering.sighting().window
    if (this.#isFresh(finding, now)) {
      this.#leave(finding)
      return
    }
    try {
      const standing = await verify(this.#walk, this.#deps.directories, finding, gathering)
      if (standing.length === 0) this.#leave(finding)
      for (const found of standing) await this.#actOn(found, now)
    } catch (error) {
      if (!(error instanceof BookingError && error.code === 'ehr_rejected')) throw error
      this.#refuse(finding)
    }
  }

  async #actOn(found: Finding, now: EpochMs): Promise<void> {
    if (found.kind === 'wait' || this.#isFresh(found, now)) this.#leave(found)
    else if (found.kind === 'doubt') this.#doubts.set(found.doubt.key, found.doubt)
    else await this.#repair(found, found.repair)
  }

  async #repair(found: Finding, repair: Repair): Promise<void> {
    if (!this.#settings.dryRun) {
      const outcome = await commitRepair(this.#walk.ehr, repair, this.#startedAt)
      if (outcome.kind === 'later') this.#leave(found)
      if (outcome.kind === 'refused') this.#refuse(found)
      if (outcome.kind !== 'done') return
      this.#announceRepair(repair, outcome.version)
    }
    this.#repaired[repair.kind] = (this.#repaired[repair.kind] ?? 0) + 1
    this.#settings.onRepair(repair)
  }

  #announceRepair({ kind, appointment, appointmentId }: Repair, version: string): void {
    const clientId = appointment && clientOf(appointment)
    const ending = appointment && kind === 'freed' ? endingOf(appointment) : undefined
    if (ending) this.#announce(ending)
    if (kind === 'moved' && appointment?.status === 'booked' && clientId !== undefined)
      this.#announce({ kind: 'rescheduled', appointmentId, version, clientId })
  }

  /** A move that the gateway made itself, or that a repair has followed, is announced already. */
  #announceMove({ by, event }: VisitMove): void {
    const known = [...this.#events.values()].filter((each) => each.appointmentId === event.appointmentId)
    if (!known.some((each) => each.version === by || (each.kind === 'rescheduled' && Number(each.version) > Number(by))))
      this.#announce(event)
  }

  #announce(event: VisitEvent): void {
    this.#events.set(`${event.kind} ${event.appointmentId} ${event.version}`, event)
  }

  /** The next pass has to see it again although nothing may change until then: one of the resources it rests on is enough. */
  #leave({ restsOn }: Finding): void {
    const lastChange = Math.max(...restsOn.map((resource) => parseInstant(resource.meta?.lastUpdated) ?? 0))
    this.#asOf = Math.max(Math.min(this.#asOf, lastChange), this.#startedAt - LOOK_BACK_MS)
  }

  #refuse(finding: Finding): void {
    const [appointments, slots] = [
      finding.restsOn.filter((resource) => resource.resourceType === 'Appointment'),
      finding.restsOn.filter((resource) => resource.resourceType === 'Slot'),
    ]
    const mark = finding.restsOn.map((resource) => resource.id ?? '').join(' ')
    const refused = doubtAbout('repair_refused', appointments, slots, mark)
    if (refused.kind === 'doubt') this.#doubts.set(refused.doubt.key, refused.doubt)
  }

  #isFresh({ restsOn }: Finding, now: EpochMs): boolean {
    const settled = now - this.#settings.settledAfterMs
    return restsOn.some((resource) => (parseInstant(resource.meta?.lastUpdated) ?? 0) > settled)
  }
}

function ownIds(resources: Finding['restsOn']): string[] {
  return resources
    .filter((resource) => resource.resourceType === 'Appointment')
    .map(appointmentIdOf)
    .filter((id) => id !== undefined)
}

function midnight(at: EpochMs, timeZone: string): EpochMs {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).startOfDay().epochMilliseconds
}

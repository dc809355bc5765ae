import { Random } from './random.ts'
import { slotsOf, type TypeCode, type WorldPlan } from './world.ts'
import type { Theme } from './themes.ts'

/** What a gateway is asked to do. */
const ACTIONS = ['hold', 'book', 'confirm', 'release', 'cancel', 'reschedule'] as const
export type ActionName = (typeof ACTIONS)[number]
/** What happens past the callers: a sweep; what the clinic does in its own software; a gateway process dies. */
export type IncidentName = 'sweep' | 'desk-visit' | 'slot-busy' | 'slot-note' | 'visit-note' | 'new-schedule' | 'shared-room' | 'crash'

/** One thing that somebody wants, or that happens. */
export interface Deed {
  readonly id: number
  readonly kind: ActionName | IncidentName
  /** Milliseconds after the beginning, or after the deed whose visit it is about has ended. */
  readonly atMs: number
  /** The deed whose hold or visit it is about. */
  readonly about?: number
  /** Which gateway process is asked first. */
  readonly process: number
  readonly patient?: number
  /** Asked by a client that may act for any patient. */
  readonly anyPatient: boolean
  /** Place of the Slot in the world's list. */
  readonly slot: number
  readonly type: TypeCode
  /** The caller's idempotency key; left out: derived by the gateway. */
  readonly key?: string
  /** The request is sent twice at the same time, to two processes. */
  readonly twin: boolean
  /** How often the caller tries again when he got no certain answer. */
  readonly retries: number
  /** After an unknown outcome the caller asks what became of it before he tries again. */
  readonly settles: boolean
  /** Sends along the version that the first answer named. */
  readonly expectsVersion: boolean
}

/** Everything that chance decides before a run: the same plan and seed give the same run. */
export interface Plan {
  readonly seed: number
  readonly world: WorldPlan
  /** How far the clock of each process is off, in milliseconds. */
  readonly skewsMs: readonly number[]
  /** What was done in calm weather before. */
  readonly before: readonly Deed[]
  /** What happens in the storm, all at once. */
  readonly storm: readonly Deed[]
}

const SKEWS_MS = [0, 0, 700, -700, 15_000, -15_000, 90_000]

/** The plan of a seed. */
export function planOf(theme: Theme, seed: number): Plan {
  const random = new Random(seed, 1)
  const shape = random.weighted(theme.shapes)
  const slots = random.pick(theme.slots)
  const count = slotsOf({ shape, slots }).length
  const world: WorldPlan = {
    shape,
    slots,
    patients: theme.patients,
    ttlSeconds: random.pick(theme.ttlSeconds),
    holdsPerPatient: random.pick(theme.holdsPerPatient),
    ...(random.chance(0.15) && { deskVisitAt: random.below(count) }),
    ...(random.chance(0.1) && { busyAt: random.below(count) }),
  }
  const maker = new DeedMaker(theme, world, count, random)
  const before = Array.from({ length: random.pick(theme.before) }, () => maker.make('before'))
  const storm = Array.from({ length: random.pick(theme.storm) }, () => maker.make('storm'))
  return { seed, world, skewsMs: Array.from({ length: theme.processes }, () => random.pick(SKEWS_MS)), before, storm }
}

class DeedMaker {
  readonly #theme: Theme
  readonly #world: WorldPlan
  readonly #slotCount: number
  readonly #random: Random
  readonly #made: Deed[] = []

  constructor(theme: Theme, world: WorldPlan, slotCount: number, random: Random) {
    this.#theme = theme
    this.#world = world
    this.#slotCount = slotCount
    this.#random = random
  }

  make(part: 'before' | 'storm'): Deed {
    const random = this.#random
    const wanted = part === 'before' ? random.weighted(this.#theme.kindsBefore) : random.weighted(this.#theme.kinds)
    const about = this.#about(wanted)
    // What nobody has yet cannot be changed: then somebody wants it first.
    const kind = about === undefined && NEEDS_VISIT.includes(wanted) ? 'book' : wanted
    const patient = this.#patient(kind, about)
    const base = {
      id: this.#made.length,
      kind,
      atMs: part === 'before' ? 0 : this.#startMs(),
      process: part === 'before' ? 0 : random.below(this.#theme.processes),
      anyPatient: random.chance(0.3),
      slot: this.#hotSlot(),
      type: kind === 'reschedule' && about ? about.type : random.weighted(this.#theme.types),
      twin: part === 'storm' && random.chance(this.#theme.twins),
      retries: part === 'before' ? 0 : random.below(4),
      settles: random.chance(0.4),
      expectsVersion: random.chance(0.2),
      ...(about && { about: about.id }),
      ...(patient !== undefined && { patient }),
    }
    const key = this.#key(base)
    const deed: Deed = { ...base, ...(key !== undefined && { key }) }
    this.#made.push(deed)
    return deed
  }

  /** The earlier deed whose visit it is about; a confirmation and a release want a hold. */
  #about(kind: Deed['kind']): Deed | undefined {
    if (!NEEDS_VISIT.includes(kind)) return undefined
    const holds = this.#made.filter((deed) => deed.kind === 'hold')
    const booked = this.#made.filter((deed) => deed.kind === 'book' || deed.kind === 'confirm')
    const wanted = kind === 'confirm' || kind === 'release' ? holds : [...booked, ...booked, ...holds]
    return wanted.length > 0 ? this.#random.pick(wanted) : undefined
  }

  #patient(kind: Deed['kind'], about: Deed | undefined): number | undefined {
    // Sometimes somebody asks for what is another one's.
    if (about?.patient !== undefined && !this.#random.chance(0.05)) return about.patient
    if (kind === 'hold' && this.#random.chance(0.2)) return undefined
    return this.#random.below(this.#world.patients)
  }

  /** Most want the same few Slots. */
  #hotSlot(): number {
    return this.#random.chance(0.6) ? this.#random.below(Math.min(2, this.#slotCount)) : this.#random.below(this.#slotCount)
  }

  /** Mostly at once; some when holds run out, some at any time. */
  #startMs(): number {
    const random = this.#random
    const ttlMs = this.#world.ttlSeconds * 1000
    if (random.chance(this.#theme.atExpiry)) return Math.max(0, ttlMs - 60 + random.below(100))
    return random.chance(0.8) ? random.below(this.#theme.weather.usualMs * 4) : random.below(ttlMs * 1.5)
  }

  #key(deed: Omit<Deed, 'key'>): string | undefined {
    const random = this.#random
    const used = this.#made.filter((other) => other.key !== undefined && operationOf(other.kind) === operationOf(deed.kind))
    if (used.length > 0 && random.chance(this.#theme.reusedKeys)) return random.pick(used).key
    const needed = deed.kind === 'hold' && deed.patient === undefined
    return needed || random.chance(0.75) ? `key-${deed.id}` : undefined
  }
}

const NEEDS_VISIT: readonly Deed['kind'][] = ['confirm', 'release', 'cancel', 'reschedule', 'visit-note']

/** What the gateway calls the operation: the same key may be used once for each. */
export function operationOf(kind: Deed['kind']): string {
  return kind === 'confirm' ? 'book' : kind
}

/** Whether it is something that a caller asks a gateway for. */
export function isAction(deed: Deed): deed is Deed & { kind: ActionName } {
  return (ACTIONS as readonly string[]).includes(deed.kind)
}

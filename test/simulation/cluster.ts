import type { BookingDeps } from '../../src/booking/deps.ts'
import { SlotIds } from '../../src/booking/slot-id.ts'
import { Turnstile } from '../../src/booking/turnstile.ts'
import type { ClinicMapping } from '../../src/clinic/mapping.ts'
import { MemoryDirectories } from './memory-directories.ts'
import { MemoryEhr, type Turn } from './memory-ehr.ts'
import { MemoryStore } from './memory-store.ts'
import { Random } from './random.ts'
import { CALM, type Weather } from './themes.ts'
import type { Plan } from './plan.ts'
import { VirtualTime } from './virtual-time.ts'
import { Wire, type Sender } from './wire.ts'
import { BEGINNING, mappingOf, resourcesOf } from './world.ts'

/** One gateway process: what it keeps in memory is its own and dies with it. */
export interface GatewayProcess extends Sender {
  readonly name: string
  readonly deps: BookingDeps
  readonly skewMs: number
}

/** An EHR and some gateway processes in virtual time. */
export class Cluster {
  readonly time: VirtualTime
  readonly store: MemoryStore
  readonly mapping: ClinicMapping
  weather: Weather = CALM
  readonly #ehr: MemoryEhr
  readonly #processes: GatewayProcess[]
  readonly #skewsMs: readonly number[]

  constructor(plan: Plan) {
    this.time = new VirtualTime(BEGINNING, { skewMs: 0, random: new Random(plan.seed, 2) })
    this.store = new MemoryStore(resourcesOf(plan.world), { now: this.time.now })
    this.mapping = mappingOf(plan.world)
    this.#ehr = new MemoryEhr(this.store, this.#turn)
    this.#skewsMs = plan.skewsMs
    this.#processes = plan.skewsMs.map((_, index) => this.#start(index))
  }

  process(index: number): GatewayProcess {
    const found = this.#processes[index % this.#processes.length]
    if (!found) throw new Error('a cluster has processes')
    return found
  }

  /** Kills a process; another one takes its place, and knows nothing. */
  crash(index: number): void {
    this.process(index).alive = false
    this.#processes[index % this.#processes.length] = this.#start(index)
  }

  #start(index: number): GatewayProcess {
    const sender: Sender = { alive: true }
    const ehr = new Wire(this.#ehr, this.time, sender, () => this.weather)
    const deps = depsOf(ehr, new MemoryDirectories(this.store, this.#turn), this.mapping)
    return Object.assign(sender, { name: `gateway ${index}`, deps, skewMs: this.#skewsMs[index] ?? 0 })
  }

  /** Each step inside the EHR takes its time, by the chance of whoever asked for it. */
  readonly #turn: Turn = (step) => {
    const { random } = this.time.running
    const { usualMs, slowReading, slowWriting, slowMs } = this.weather
    const isSlow = random.chance(step === 'reading' ? slowReading : slowWriting)
    return this.time.sleep(random.next() * (isSlow ? slowMs : usualMs))
  }
}

const slotIds = new Map<ClinicMapping, SlotIds>()

/** What the actions get; also for an EHR of which only a moment is looked at. */
export function depsOf(
  ehr: BookingDeps['ehr'],
  directories: BookingDeps['directories'],
  mapping: ClinicMapping,
): BookingDeps {
  const ids = slotIds.get(mapping) ?? new SlotIds(['a secret of the simulation, long enough'], mapping)
  slotIds.set(mapping, ids)
  const wakeUps = { holdMade: () => undefined, outcomeUnknown: () => undefined, visitChanged: () => undefined }
  return { ehr, directories, writes: { assertOpen: () => undefined }, mapping, slotIds: ids, turnstile: new Turnstile(), wakeUps }
}

import type { Appointment, Slot } from 'fhir/r4.js'
import { expireHolds } from '../../src/booking/expire-holds.ts'
import { appointmentIdOf } from '../../src/fhir/appointment.ts'
import type { EpochMs } from '../../src/fhir/instant.ts'
import { overlaps } from '../../src/scheduling/interval.ts'
import { isExpiredHold, LIVE_STATUSES, spanOf } from '../../src/scheduling/window.ts'
import type { Cluster } from './cluster.ts'
import type { Ledger } from './ledger.ts'
import type { Deed, IncidentName, Plan } from './plan.ts'
import { deskVisit, lateSchedule, sharedRoom, slotsOf } from './world.ts'

/** What happens past the callers: a worker sweeps, the clinic works in its own software, a gateway process dies. */
export class Incidents {
  /** When the front desk entered its visits. */
  readonly deskEntries = new Map<string, EpochMs>()
  readonly #plan: Plan
  readonly #cluster: Cluster
  readonly #ledger: Ledger
  readonly #slots: readonly Slot[]

  constructor(plan: Plan, cluster: Cluster, ledger: Ledger) {
    this.#plan = plan
    this.#cluster = cluster
    this.#ledger = ledger
    this.#slots = slotsOf(plan.world)
    if (plan.world.deskVisitAt !== undefined) this.deskEntries.set('desk-0', cluster.time.now())
  }

  /** @param visitId the gateway's id of the visit that it is about */
  async happen(deed: Deed & { kind: IncidentName }, visitId: string): Promise<void> {
    const { store } = this.#cluster
    const slot = store.get('Slot', this.#slots[deed.slot]?.id ?? '')
    const note = { comment: `noted by the clinic (${deed.id})` }
    this.#ledger.trace(`${deed.kind}-${deed.id} happens`)
    switch (deed.kind) {
      case 'sweep':
        return this.#sweep(deed)
      case 'crash':
        this.#cluster.crash(deed.process)
        return
      case 'new-schedule':
        store.put(...lateSchedule(`late${deed.id}`))
        return
      case 'shared-room':
        store.put(...sharedRoom(store.all('Schedule')))
        return
      case 'slot-busy':
        if (slot?.status === 'free') store.put({ ...slot, status: 'busy' })
        return
      case 'slot-note':
        if (slot) store.put({ ...slot, ...note })
        return
      case 'desk-visit':
        if (slot) this.#enterDeskVisit(`desk-${deed.id}`, slot)
        return
      case 'visit-note': {
        const visit = store.all('Appointment').find((each) => appointmentIdOf(each) === visitId)
        if (visit) store.put({ ...visit, ...note })
      }
    }
  }

  /** The front desk sees the calendar too: it enters nothing over a visit that stands. */
  #enterDeskVisit(id: string, slot: Slot): void {
    const { store, time } = this.#cluster
    const visit = deskVisit(id, slot, this.#plan.world.shape)
    const wanted = spanOf(visit)
    const isTaken = ({ status }: Appointment, other: ReturnType<typeof spanOf>): boolean =>
      wanted !== undefined && other !== undefined && LIVE_STATUSES.includes(status) && overlaps(other, wanted)
    if (store.all('Appointment').some((other) => !isExpiredHold(other, time.now()) && isTaken(other, spanOf(other)))) return
    store.put(visit)
    this.deskEntries.set(id, time.now())
  }

  /** A worker ends the holds that have run out. */
  async #sweep(deed: Deed): Promise<void> {
    const process = this.#cluster.process(deed.process)
    let calls = 0
    const callFor = () => this.#ledger.call(this.#ledger.begin(deed, `sweep-${deed.id}.${calls++}`, process), 'gateway-worker')
    await this.#ledger.onBehalf(process, deed.id, 0, () => expireHolds(process.deps, callFor).catch(() => undefined))
  }
}

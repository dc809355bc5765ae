import type { Appointment } from 'fhir/r4.js'
import { appointmentIdOf, buildAppointment, claimedSlotIds, nextVersion, withBooked, withSlots } from '../../../src/fhir/appointment.ts'
import { buildAuditEvent } from '../../../src/fhir/audit-event.ts'
import { formatInstant } from '../../../src/fhir/instant.ts'
import { claimSet, type ClaimSet } from '../../../src/scheduling/claim-set.ts'
import type { Directory } from '../../../src/scheduling/directory.ts'
import { MINUTE } from '../../../src/scheduling/interval.ts'
import { buildWindow, isExpiredHold, type Window } from '../../../src/scheduling/window.ts'
import { claimSlots, freedSlots, holdEnd, transactionOf, type Write } from '../../../src/scheduling/write.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { ZONE } from './day.ts'
import type { MemoryEhr } from './memory-ehr.ts'

const TYPES = testMapping().visitTypes.filter((type) => ['short', 'buffered', 'long'].includes(type.code))

/** Other processes of the gateway: each call reads everything, decides by the rules and commits, as if at once. */
export class Rivals {
  readonly #ehr: MemoryEhr
  readonly #directory: Directory
  #count = 0

  constructor(ehr: MemoryEhr, directory: Directory) {
    this.#ehr = ehr
    this.#directory = directory
  }

  /** One write. @param n picks what and where */
  act(n: number): void {
    const window = buildWindow(this.#ehr.now, this.#directory, this.#ehr.all('Slot'), this.#ehr.all('Appointment'))
    const ours = window.visits.map(({ appointment }) => appointment).filter((visit) => appointmentIdOf(visit)?.startsWith('v'))
    const visit = ours[n % Math.max(1, ours.length)]
    const action = ['book', 'hold', 'book', 'move', 'cancel', 'confirm'][n % 6]
    const write =
      action === 'book' || action === 'hold' || !visit ? this.#take(window, n, action === 'hold') : this.#change(window, visit, action, n)
    if (!write) return
    const id = String(++this.#count)
    const receipt = {
      ...buildAuditEvent({ action: 'book', recorded: window.now, clientId: 'chatbot', requestId: id }),
      id: `rcpt-rival-${id}`,
    }
    const outcome = this.#ehr.execute(transactionOf({ ...write, receipt }))
    if (outcome.kind !== 'committed') throw new Error('a rival that acts at once cannot lose')
  }

  #take(window: Window, n: number, asHold: boolean): Omit<Write, 'receipt'> | undefined {
    const type = TYPES[n % TYPES.length]!
    const set = pick(window, type, n)
    if (!set) return undefined
    const appointmentId = `v-rival-${n}-${++this.#count}`
    const until = asHold ? { until: window.now + (n % 3 === 0 ? 2 : MINUTE) } : {}
    const appointment = buildAppointment({
      appointmentId,
      clientId: 'chatbot',
      visitType: type.code,
      title: type.title,
      modality: 'in-person',
      serviceType: [],
      specialty: [],
      ...placeOf(set),
      minutes: type.minutes,
      actors: set.schedule.resource.actor,
      created: window.now,
      ...(until.until !== undefined && { holdExpires: until.until }),
    })
    return { appointment, slots: claimSlots(set, { appointmentId, version: '1', ...until }, window.slots), ended: set.expired }
  }

  #change(window: Window, visit: Appointment, action: string | undefined, n: number): Omit<Write, 'receipt'> | undefined {
    const id = appointmentIdOf(visit) ?? ''
    const expired = isExpiredHold(visit, window.now)
    if (action === 'cancel' || expired) {
      const reason = holdEnd(expired ? 'expired' : 'released')
      const named = window.slots.filter((slot) => claimedSlotIds(visit).includes(slot.id))
      return { appointment: { ...visit, status: 'cancelled', cancelationReason: reason }, slots: freedSlots(named, [id]), ended: [] }
    }
    if (visit.status !== 'booked' && visit.status !== 'pending') return undefined
    const type = TYPES.find(({ code }) => visit.serviceType?.some((concept) => concept.coding?.some((coding) => coding.code === code)))
    const set = type && pick(window, type, n, id, action === 'confirm' ? visit.slot?.[0]?.reference?.slice('Slot/'.length) : undefined)
    if (!set) return undefined
    const { start, end, ownSlots, blockedSlots } = placeOf(set)
    const participant = set.schedule.resource.actor.map((actor) => ({ actor, status: 'accepted' as const }))
    const appointment = { ...withSlots(withBooked(visit), ownSlots, blockedSlots), start, end, participant }
    return { appointment, slots: claimSlots(set, { appointmentId: id, version: nextVersion(visit) }, window.slots), ended: set.expired }
  }
}

function pick(window: Window, type: (typeof TYPES)[number], n: number, self?: string, slotId?: string): ClaimSet | undefined {
  const sets = window.slots
    .filter((slot) => slotId === undefined || slot.id === slotId)
    .map((slot) => claimSet(window, { slotId: slot.id, start: slot.start, ...type, ...(self !== undefined && { self }) }))
    .filter((set) => set.kind === 'claim')
  return sets[n % Math.max(1, sets.length)]
}

function placeOf(set: ClaimSet) {
  return {
    start: formatInstant(set.visit.start, ZONE),
    end: formatInstant(set.visit.end, ZONE),
    ownSlots: set.own.map((slot) => slot.id),
    blockedSlots: set.blocked.map((slot) => slot.id),
  }
}

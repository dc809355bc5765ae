import fc from 'fast-check'
import type { Appointment, Slot } from 'fhir/r4.js'
import { buildAppointment, withSlots } from '../../../src/fhir/appointment.ts'
import { formatInstant, parseInstant } from '../../../src/fhir/instant.ts'
import { readClaim, withClaim } from '../../../src/fhir/slot-claim.ts'
import { claimSet } from '../../../src/scheduling/claim-set.ts'
import { MINUTE } from '../../../src/scheduling/interval.ts'
import { buildWindow, type Window } from '../../../src/scheduling/window.ts'
import { claimSlots } from '../../../src/scheduling/write.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { deskVisit, ZONE } from './day.ts'

/** What is in the EHR, to be changed past the gateway. */
export interface Ward {
  readonly slots: Map<string, Slot>
  readonly visits: Map<string, Appointment>
}

const MAPPING = testMapping()
const TYPES = MAPPING.visitTypes.filter((type) => ['short', 'buffered', 'long'].includes(type.code))

/** Books visits and holds in a random clinic, as the gateway does; `choices` pick type and Slot. */
export function bookSome(window: Window, choices: readonly number[]): Ward {
  const ward: Ward = {
    slots: new Map(window.slots.map((slot) => [slot.id, slot.resource])),
    visits: new Map(window.visits.map(({ appointment }, index) => [`desk-${index}`, { ...appointment, id: `desk-${index}` }])),
  }
  choices.forEach((choice, index) => {
    const now = buildWindow(window.now, window.directory, [...ward.slots.values()], [...ward.visits.values()])
    const type = TYPES[choice % TYPES.length]!
    const sets = now.slots
      .map((slot) => claimSet(now, { slotId: slot.id, start: slot.start, ...type }))
      .filter((set) => set.kind === 'claim')
    const set = sets[choice % Math.max(1, sets.length)]
    if (!set || set.expired.length > 0) return
    const appointmentId = `v${index}`
    const until = choice % 4 === 0 ? { until: window.now + 30 * MINUTE } : {}
    const visit = buildAppointment({
      appointmentId,
      clientId: 'chatbot',
      visitType: type.code,
      title: type.title,
      modality: 'in-person',
      serviceType: [],
      specialty: [],
      start: formatInstant(set.visit.start, ZONE),
      end: formatInstant(set.visit.end, ZONE),
      minutes: type.minutes,
      actors: set.schedule.resource.actor,
      patient: `Patient/${appointmentId}`,
      ownSlots: set.own.map((slot) => slot.id),
      blockedSlots: set.blocked.map((slot) => slot.id),
      created: window.now,
      ...('until' in until && { holdExpires: until.until }),
    })
    ward.visits.set(appointmentId, { ...visit, id: appointmentId, meta: { versionId: '1' } })
    for (const slot of claimSlots(set, { appointmentId, version: '1', ...until }, now.slots)) ward.slots.set(slot.id!, next(slot))
  })
  return ward
}

type Participants = Appointment['participant']

/** What a front desk does to a visit of the gateway without asking it; `n` picks how. */
const TO_VISITS = {
  'cancels a visit': (_, n) => ({ status: one(['cancelled', 'noshow', 'entered-in-error'] as const, n) }),
  'moves a visit': (visit, n) => shiftedBy(visit, one([-30, -15, -7, 7, 15, 30, 60, 240], n)),
  'moves a visit and names the new Slot': (visit, n, ward) => {
    const slot = one([...ward.slots.values()], n)
    return { ...withSlots(visit, [slot.id!], []), start: slot.start, end: slot.end }
  },
  'makes a visit longer or shorter': (visit, n) => ({ end: shifted(visit.end, one([-5, 5, 15, 30], n)) }),
  'gives a visit to another practitioner': (visit, n) => ({
    participant: [...withoutPractitioner(visit), { actor: { reference: `Practitioner/p${n % 3}` }, status: 'accepted' }],
  }),
  'takes the practitioner off a visit': (visit) => ({ participant: withoutPractitioner(visit) }),
  'confirms a hold': () => ({ status: 'booked' }),
} satisfies Record<string, (visit: Appointment, n: number, ward: Ward) => Partial<Appointment>>

/** What an EHR does to a Slot, preferably a claimed one. */
const TO_SLOTS = {
  'frees a Slot': () => ({ status: 'free' }),
  'sets a Slot busy': (_, n) => ({ status: one(['busy', 'busy-unavailable'] as const, n), extension: [EHR_NOTE] }),
  'sets a Slot busy over its claim': () => ({ status: 'busy-unavailable' }),
  'moves a Slot': (slot) => ({ start: shifted(slot.start, 30), end: shifted(slot.end, 30) }),
} satisfies Record<string, (slot: Slot, n: number) => Partial<Slot>>

const TO_THE_WARD = {
  'deletes a visit': (ward, n) => {
    const visit = oneOfOurs(ward, n)
    if (visit) ward.visits.delete(visit.id!)
  },
  'copies a visit': (ward, n) => {
    const visit = oneOfOurs(ward, n)
    if (visit) ward.visits.set(`copy-${visit.id!}`, { ...visit, id: `copy-${visit.id!}` })
  },
  'revives a visit': (ward, n) => {
    const ended = [...ward.visits.values()].filter((visit) => visit.status === 'cancelled' && visit.identifier !== undefined)
    if (ended.length > 0) change(ward, one(ended, n), { status: 'booked' })
  },
  'enters a visit past the Slots': (ward, n) => {
    const id = `entry-${ward.visits.size}`
    const { start } = one([...ward.slots.values()], n)
    ward.visits.set(id, deskVisit([`Practitioner/p${n % 3}`], parseInstant(start)!, 15, { id }))
  },
  'gives the Slot of one visit to another': (ward, n) => {
    const [visit, other] = [oneOfOurs(ward, n), oneOfOurs(ward, n + 1)]
    const slot = ward.slots.get(visit?.slot?.[0]?.reference?.slice('Slot/'.length) ?? '')
    if (!visit || !other || visit === other || !slot) return
    changeSlot(ward, slot, withClaim(slot, { appointmentId: other.id!, status: 'busy-unavailable', version: '1' }))
    change(ward, other, { supportingInformation: [...(other.supportingInformation ?? []), { reference: `Slot/${slot.id!}` }] })
  },
  'deletes a Slot': (ward, n) => void ward.slots.delete(one([...ward.slots.keys()], n)),
} satisfies Record<string, (ward: Ward, n: number) => void>

/** Everything that happens to visits and Slots past the gateway. */
export type Damage = keyof typeof TO_VISITS | keyof typeof TO_SLOTS | keyof typeof TO_THE_WARD
const DAMAGES = [...Object.keys(TO_VISITS), ...Object.keys(TO_SLOTS), ...Object.keys(TO_THE_WARD)] as Damage[]

/** Some damages, each with a number that picks what it is done to. */
export const randomDamage = fc.array(fc.record({ damage: fc.constantFrom(...DAMAGES), n: fc.nat(10_000) }), { minLength: 1, maxLength: 4 })

/** Does it. */
export function harm(ward: Ward, { damage, n }: { damage: Damage; n: number }): void {
  const visits: Record<string, (visit: Appointment, n: number, ward: Ward) => Partial<Appointment>> = TO_VISITS
  const slots: Record<string, (slot: Slot, n: number) => Partial<Slot>> = TO_SLOTS
  const others: Record<string, (ward: Ward, n: number) => void> = TO_THE_WARD
  const visit = oneOfOurs(ward, n)
  if (ward.slots.size === 0) return
  if (damage in visits && visit) change(ward, visit, visits[damage]!(visit, n >> 3, ward))
  if (damage in slots) changeSlot(ward, claimedSlot(ward, n), slots[damage]!(claimedSlot(ward, n), n >> 3))
  if (damage in others) others[damage]!(ward, n)
}

const EHR_NOTE = { url: 'https://ehr.example/note', valueString: 'keep me' }

function one<T>(list: readonly T[], n: number): T {
  return list[n % list.length]!
}

function oneOfOurs(ward: Ward, n: number): Appointment | undefined {
  const live = [...ward.visits.values()].filter((visit) => visit.identifier !== undefined && ['pending', 'booked'].includes(visit.status))
  return live[n % Math.max(1, live.length)]
}

function claimedSlot(ward: Ward, n: number): Slot {
  const claimed = [...ward.slots.values()].filter((slot) => readClaim(slot))
  return one(claimed.length > 0 ? claimed : [...ward.slots.values()], n)
}

function change(ward: Ward, visit: Appointment, changes: Partial<Appointment>): void {
  ward.visits.set(visit.id!, next({ ...visit, ...changes }))
}

function changeSlot(ward: Ward, slot: Slot, changes: Partial<Slot>): void {
  ward.slots.set(slot.id!, next({ ...slot, ...changes }))
}

function withoutPractitioner(visit: Appointment): Participants {
  return visit.participant.filter(({ actor }) => !actor?.reference?.startsWith('Practitioner'))
}

function shiftedBy(visit: Appointment, minutes: number): Partial<Appointment> {
  return { start: shifted(visit.start, minutes), end: shifted(visit.end, minutes) }
}

function shifted(time: string | undefined, minutes: number): string {
  return formatInstant((parseInstant(time) ?? 0) + minutes * MINUTE, ZONE)
}

function next<T extends Slot | Appointment>(resource: T): T {
  return { ...resource, meta: { versionId: String(Number(resource.meta?.versionId ?? '0') + 1) } }
}

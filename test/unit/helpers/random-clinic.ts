import fc from 'fast-check'
import type { Appointment, FhirResource, Slot } from 'fhir/r4.js'
import type { VisitType } from '../../../src/clinic/mapping.ts'
import { SLOT_CLAIM_URL } from '../../../src/fhir/vocabulary.ts'
import { claimSet, type ClaimSet } from '../../../src/scheduling/claim-set.ts'
import { Directory, type ScheduleInfo } from '../../../src/scheduling/directory.ts'
import { MINUTE, pad, type Interval } from '../../../src/scheduling/interval.ts'
import { buildWindow, type Window } from '../../../src/scheduling/window.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { at, claimed, deskVisit, gatewayVisit, location, practitioner, role, schedule, slot } from './day.ts'

/** How often each property of claims is tried. */
export const RUNS = 1000

const NOW = at('08:00')
const OPENS = at('09:00')
const PEOPLE = ['p0', 'p1', 'p2'] as const

/** What a Slot of the random clinic can be; `none` leaves a gap. */
const KINDS = ['free', 'none', 'busy', 'busy-unavailable', 'busy-tentative', 'claimed', 'held', 'expired', 'stale-claim'] as const
type Kind = (typeof KINDS)[number]

const kind: fc.Arbitrary<Kind> = fc.oneof(
  { weight: 16, arbitrary: fc.constant<Kind>('free') },
  { weight: 4, arbitrary: fc.constantFrom(...KINDS) },
)

const randomSchedule = fc.record({
  asRole: fc.boolean(),
  place: fc.constantFrom('none', 'room', 'site'),
  slotMinutes: fc.constantFrom(10, 15, 20, 30),
  shift: fc.constantFrom(0, 0, 5, 7),
  kinds: fc.array(kind, { minLength: 3, maxLength: 7 }),
})
type RandomSchedule = typeof randomSchedule extends fc.Arbitrary<infer T> ? T : never

const deskEntry = fc.record({
  actor: fc.constantFrom('Practitioner/p0', 'PractitionerRole/p1-role', 'Practitioner/p2', 'Location/room', 'Location/site'),
  offset: fc.integer({ min: -20, max: 120 }),
  minutes: fc.constantFrom(10, 15, 30),
  status: fc.constantFrom<Appointment['status'][]>('booked', 'arrived', 'pending', 'cancelled', 'proposed', 'noshow'),
})

/** A window with several actors, Schedules and Slots in every state, and some entries of the front desk. */
export const randomClinic: fc.Arbitrary<Window> = fc
  .record({
    people: fc.tuple(...PEOPLE.map(() => fc.array(randomSchedule, { minLength: 1, maxLength: 3 }))),
    desk: fc.array(deskEntry, { maxLength: 2 }),
  })
  .map(({ people, desk }) => {
    const resources: FhirResource[] = [location('room', 'ro'), location('site', 'si')]
    const slots: Slot[] = []
    const visits = desk.map((entry) => deskVisit([entry.actor], OPENS + entry.offset * MINUTE, entry.minutes, { status: entry.status }))
    PEOPLE.forEach((person, index) => {
      resources.push(practitioner(person), role(`${person}-role`, person))
      people[index]!.forEach((plan, number) => {
        const id = `${person}-s${number}`
        resources.push(schedule(id, actorsOf(person, plan)))
        const made = slotsOf(id, person, plan)
        slots.push(...made.slots)
        visits.push(...made.visits)
      })
    })
    return buildWindow(NOW, new Directory(resources), slots, visits)
  })

function actorsOf(person: string, plan: RandomSchedule): string[] {
  const self = plan.asRole ? `PractitionerRole/${person}-role` : `Practitioner/${person}`
  return plan.place === 'none' ? [self] : [self, `Location/${plan.place}`]
}

function slotsOf(scheduleId: string, person: string, plan: RandomSchedule): { slots: Slot[]; visits: Appointment[] } {
  const slots: Slot[] = []
  const visits: Appointment[] = []
  plan.kinds.forEach((each, index) => {
    if (each === 'none') return
    const start = OPENS + (plan.shift + index * plan.slotMinutes) * MINUTE
    const bare = slot(`${scheduleId}-${index}`, scheduleId, start, plan.slotMinutes)
    const owner = `other-${scheduleId}-${index}`
    slots.push(slotOf(each, bare, owner))
    if (each === 'expired') {
      const actors = [{ reference: `Practitioner/${person}` }]
      visits.push(gatewayVisit(owner, { startsAt: start, lasts: plan.slotMinutes, actors, holdExpires: NOW - 1, ownSlots: [bare.id!] }))
    }
  })
  return { slots, visits }
}

function slotOf(each: Kind, bare: Slot, owner: string): Slot {
  switch (each) {
    case 'claimed':
      return claimed(bare, owner, 'busy')
    case 'held':
      return claimed(bare, owner, 'busy-tentative', NOW + MINUTE)
    case 'expired':
      return claimed(bare, owner, 'busy-tentative', NOW - 1)
    case 'stale-claim':
      return { ...claimed(bare, owner, 'busy'), status: 'free' }
    case 'none':
      return bare
    default:
      return { ...bare, status: each }
  }
}

/** Length and buffers of a visit. */
export type Wish = Pick<VisitType, 'minutes' | 'bufferBeforeMinutes' | 'bufferAfterMinutes'>

const buffer = fc.constantFrom(0, 0, 5, 10, 15, 30)
export const randomWish: fc.Arbitrary<Wish> = fc.record({
  minutes: fc.constantFrom(10, 15, 16, 20, 30, 45),
  bufferBeforeMinutes: buffer,
  bufferAfterMinutes: buffer,
})

/** A visit type without further rules, of the wished length. */
export function typeOf(wish: Wish): VisitType {
  const base = testMapping().visitTypes[0]!
  return { ...base, ...wish, noticeMinutes: 0, match: { ...base.match, serviceType: [] } }
}

/** Every claim of the wish that the window allows, one per starting Slot. */
export function claimsIn(window: Window, wish: Wish, self?: string): ClaimSet[] {
  return window.slots.flatMap((each) => {
    const set = claimSet(window, { slotId: each.id, start: each.start, ...wish, ...(self !== undefined && { self }) })
    return set.kind === 'claim' ? [set] : []
  })
}

export function paddedOf(set: ClaimSet, wish: Wish): Interval {
  return pad(set.visit, wish.bufferBeforeMinutes, wish.bufferAfterMinutes)
}

/** Whether two Schedules are about the same person, room or device. */
export function shareActor(a: ScheduleInfo, b: ScheduleInfo): boolean {
  return a.exclusiveActors.some((actor) => b.exclusiveActors.includes(actor))
}

export function writtenIds(set: ClaimSet): string[] {
  return [...set.own, ...set.blocked].map((each) => each.id)
}

/** What the EHR had on the Slot before anybody claimed it. */
export function asTheEhrMadeIt(resource: Slot): Slot {
  return { ...resource, status: 'free', extension: resource.extension!.filter((extension) => extension.url !== SLOT_CLAIM_URL) }
}

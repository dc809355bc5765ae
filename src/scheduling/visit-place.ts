import { appointmentIdOf } from '../fhir/appointment.ts'
import type { Directory, ScheduleInfo } from './directory.ts'
import { overlaps, type Interval } from './interval.ts'
import { holderOf, isHold, type Sighting } from './sighting.ts'
import { type Window, type WindowSlot, type WindowVisit } from './window.ts'

/** Where a visit stands that nobody asked the gateway about: its time, who takes part, and the Slots it names. */
export interface VisitPlace {
  readonly appointmentId: string
  readonly span: Interval
  /** With the buffers of its visit type. */
  readonly padded: Interval
  readonly actors: readonly string[]
  /** Of `Appointment.slot`, as far as they exist. */
  readonly own: readonly WindowSlot[]
  /** Of `Appointment.slot` and `supportingInformation`, as far as they exist. */
  readonly named: readonly WindowSlot[]
  /** Whether every Slot of `Appointment.slot` exists. */
  readonly complete: boolean
}

/** `elsewhere`: its time or its practitioner is not that of its Slots. `unknown`: nobody is named who could have it. */
export function placeState(place: VisitPlace, directory: Directory): 'in-place' | 'elsewhere' | 'unknown' {
  const states = place.own.map((slot) => actorState(directory.schedules.get(slot.scheduleId), place.actors))
  if (states.includes('unknown')) return 'unknown'
  return !states.includes('replaced') && isCovered(place) ? 'in-place' : 'elsewhere'
}

function isCovered({ span, padded, own, named, complete }: VisitPlace): boolean {
  const [first, last] = [own[0], own.at(-1)]
  // A visit on time without Slots uses none; where a Slot was deleted the others say as much as they can.
  if (!first || !last || !complete) return own.every((slot) => overlaps(slot, span)) && named.every((slot) => overlaps(slot, padded))
  return first.start <= span.start && span.start < first.end && last.start < span.end && span.end <= last.end
}

/** Whether those who take part are still the ones whose Schedule it is, kind by kind: a practitioner may be replaced and the room stay. */
export function actorState(schedule: ScheduleInfo | undefined, actors: readonly string[]): 'same' | 'replaced' | 'unknown' {
  const kinds = Map.groupBy(schedule?.exclusiveActors ?? [], kindOf)
  const gone = [...kinds].filter(([, theirs]) => !theirs.some((actor) => actors.includes(actor))).map(([kind]) => kind)
  if (gone.some((kind) => actors.some((actor) => kindOf(actor) === kind))) return 'replaced'
  return gone.includes('Practitioner') ? 'unknown' : 'same'
}

function kindOf(actor: string): string {
  return actor.slice(0, actor.indexOf('/'))
}

/** What a visit takes at its place, or what stands in its way. `wait`: something that is about to end. */
export type TakenPlace =
  | { readonly kind: 'free'; readonly own: readonly WindowSlot[]; readonly blocked: readonly WindowSlot[] }
  | { readonly kind: 'taken'; readonly visits: readonly WindowVisit[]; readonly slots: readonly WindowSlot[] }
  | { readonly kind: 'wait' }

/**
 * The Slots that a visit takes where the front desk has put it, on all Schedules of those who take part. Unlike a wish
 * (`claimSet`) it may begin within a Slot or where there is none, and its buffers take only what is free: staff may squeeze it in.
 */
export function takePlace(seen: Sighting, place: VisitPlace): TakenPlace {
  const { window } = seen
  const schedules = window.directory.schedulesOf(place.actors)
  const near = schedules.flatMap((schedule) => window.slotsBySchedule.get(schedule.id) ?? []).filter((slot) => overlaps(slot, place.padded))
  const state = (slot: WindowSlot) => slotState(slot, place, seen)
  const inSpan = near.filter((slot) => overlaps(slot, place.span))
  const rivals = rivalsOf(window, place)
  const taken = inSpan.filter((slot) => state(slot) === 'taken')
  const visits = rivals.filter((visit) => !isHold(visit.appointment))
  if (taken.length + visits.length > 0) return { kind: 'taken', visits, slots: taken }
  if (rivals.length > 0 || inSpan.some((slot) => state(slot) === 'ending')) return { kind: 'wait' }
  const own = chainOver(place, inSpan, window.directory, (slot) => state(slot) !== 'pause')
  return { kind: 'free', own, blocked: near.filter((slot) => !own.includes(slot) && state(slot) === 'free') }
}

/**
 * `kept`: the visit names it and the EHR itself has set it busy · `pause`: time that the EHR keeps free of visits, and staff may use ·
 * `ending`: the claim of a hold, or one that no live visit stands behind: it is about to be given back.
 */
function slotState(slot: WindowSlot, place: VisitPlace, seen: Sighting): 'free' | 'kept' | 'pause' | 'ending' | 'taken' {
  if (slot.status === 'free' || slot.claim?.appointmentId === place.appointmentId) return 'free'
  if (slot.claim) return holderOf(slot, seen) ? 'taken' : 'ending'
  if (place.named.includes(slot)) return 'kept'
  return slot.status === 'busy-unavailable' ? 'pause' : 'taken'
}

/** Live Appointments of the same actors at that time, holds among them. */
function rivalsOf(window: Window, place: VisitPlace): WindowVisit[] {
  return window.visits.filter(
    (visit) =>
      overlaps(visit, place.span) &&
      visit.actors.some((actor) => place.actors.includes(actor)) &&
      appointmentIdOf(visit.appointment) !== place.appointmentId,
  )
}

/** Adjacent Slots of one Schedule of the right people that cover the visit, if there are any; preferably from its very start. */
function chainOver(
  place: VisitPlace,
  inSpan: readonly WindowSlot[],
  directory: Directory,
  usable: (slot: WindowSlot) => boolean,
): readonly WindowSlot[] {
  const chains = [...Map.groupBy(inSpan, (slot) => slot.scheduleId)]
    .filter(([id]) => actorState(directory.schedules.get(id), place.actors) === 'same')
    .map(([, slots]) => chainIn(slots.filter(usable), place.span))
    .filter((chain) => chain.length > 0)
  return chains.find((chain) => chain[0]?.start === place.span.start) ?? chains[0] ?? []
}

function chainIn(slots: readonly WindowSlot[], span: Interval): WindowSlot[] {
  const first = slots.find((slot) => slot.start <= span.start && span.start < slot.end)
  const chain = first ? [first] : []
  for (let end = first?.end ?? span.end; end < span.end;) {
    const next = slots.find((slot) => slot.start === end)
    if (!next) return []
    chain.push(next)
    end = next.end
  }
  return chain
}

import fc from 'fast-check'
import type { Appointment } from 'fhir/r4.js'
import { expect, test } from 'vitest'
import { buildAuditEvent } from '../../../src/fhir/audit-event.ts'
import { withBooked, withSlots } from '../../../src/fhir/appointment.ts'
import { formatInstant } from '../../../src/fhir/instant.ts'
import { claimSet, type ClaimSet } from '../../../src/scheduling/claim-set.ts'
import type { Directory } from '../../../src/scheduling/directory.ts'
import { MINUTE, overlaps } from '../../../src/scheduling/interval.ts'
import { buildWindow, isExpiredHold, type Window } from '../../../src/scheduling/window.ts'
import { claimSlots, freedSlots, holdEnd, transactionOf } from '../../../src/scheduling/write.ts'
import { MemoryStore } from '../../simulation/memory-store.ts'
import { gatewayVisit, ZONE } from '../helpers/day.ts'
import { randomClinic, randomWish, RUNS, type Wish } from '../helpers/random-clinic.ts'

/** What one racer does with what it read: claim a new time, or confirm, move or cancel what an earlier round has made. */
const racer = fc.record({ wish: randomWish, choice: fc.nat(1000), action: fc.constantFrom('claim', 'claim', 'confirm', 'move', 'cancel') })
type Racer = typeof racer extends fc.Arbitrary<infer T> ? T : never
/** Racers of one round all decide on the same reading; then their writes arrive one after the other. */
const rounds = fc.array(fc.array(racer, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 })

test('whatever races, no two live visits of one actor overlap, every live visit has its Slots, and no Slot is claimed by the dead', () => {
  let committed = 0
  let lost = 0
  fc.assert(
    fc.property(randomClinic, rounds, (start, plan) => {
      const { directory, now } = start
      const made = new Map<string, Wish>()
      const foreign = new Set(start.visits.map((visit) => visit.appointment.id))
      const withVersions = start.visits.map((visit, index) => ({ ...visit.appointment, id: `${visit.appointment.id ?? ''}-${index}` }))
      withVersions.forEach((visit) => foreign.add(visit.id))
      const store = new MemoryStore([...start.slots.map((each) => each.resource), ...withVersions], { checkReferences: false })
      plan.forEach((racers, round) => {
        const window = buildWindow(now, directory, store.all('Slot'), store.all('Appointment'))
        const writes = racers.map((each, index) => writeOf(each, `v${round}-${index}`, window, made))
        for (const write of writes) {
          if (!write) continue
          if (store.transact(write.transaction).kind === 'committed') {
            committed++
            made.set(write.id, write.wish)
          } else lost++
        }
        expectSound(store, directory, now)
      })
    }),
    { numRuns: RUNS },
  )
  expect(committed).toBeGreaterThan(RUNS)
  expect(lost).toBeGreaterThan(RUNS / 4)
}, 60_000)

interface RacingWrite {
  readonly id: string
  readonly wish: Wish
  readonly transaction: ReturnType<typeof transactionOf>
}

function writeOf(racer: Racer, newId: string, window: Window, made: ReadonlyMap<string, Wish>): RacingWrite | undefined {
  const own = window.visits.map((visit) => visit.appointment).filter((visit) => made.has(idOf(visit)))
  const existing = own[racer.choice % Math.max(1, own.length)]
  const write = (
    id: string,
    wish: Wish,
    appointment: Appointment,
    slots: ReturnType<typeof claimSlots>,
    ended: readonly Appointment[] = [],
  ) => {
    const receipt = { ...buildAuditEvent({ action: 'book', recorded: window.now, clientId: 'c', requestId: newId }), id: `rcpt-${newId}` }
    return { id, wish, transaction: transactionOf({ appointment, slots, ended, receipt }) }
  }
  if (racer.action === 'claim') {
    const set = pick(window, racer.wish, racer.choice)
    const until = racer.choice % 2 === 0 ? { until: window.now + MINUTE } : {}
    return (
      set &&
      write(
        newId,
        racer.wish,
        placed(newVisit(newId, 'until' in until ? until.until : undefined), set),
        claimSlots(set, { appointmentId: newId, version: '1', ...until }, window.slots),
        set.expired,
      )
    )
  }
  if (!existing) return undefined
  const id = idOf(existing)
  const next = { appointmentId: id, version: String(Number(existing.meta?.versionId) + 1) }
  if (racer.action === 'cancel')
    return write(
      id,
      racer.wish,
      { ...existing, status: 'cancelled', cancelationReason: holdEnd('released') },
      freedSlots(window.slots, [id]),
    )
  const wish = racer.action === 'move' ? racer.wish : made.get(id)!
  const set = racer.action === 'move' ? pick(window, wish, racer.choice, id) : pickOwn(window, wish, existing, id)
  return set && write(id, wish, placed(withBooked(existing), set), claimSlots(set, next, window.slots), set.expired)
}

function newVisit(id: string, holdExpires?: number): Appointment {
  const { id: _, meta: _meta, ...visit } = gatewayVisit(id, holdExpires === undefined ? {} : { holdExpires })
  return visit
}

function placed(visit: Appointment, set: ClaimSet): Appointment {
  const ids = (slots: readonly { id: string }[]) => slots.map((each) => each.id)
  return {
    ...withSlots(visit, ids(set.own), ids(set.blocked)),
    start: formatInstant(set.visit.start, ZONE),
    end: formatInstant(set.visit.end, ZONE),
    participant: set.schedule.resource.actor.map((actor) => ({ actor, status: 'accepted' })),
  }
}

function pick(window: Window, wish: Wish, choice: number, self?: string): ClaimSet | undefined {
  const slot = window.slots[choice % Math.max(1, window.slots.length)]
  const set = slot && claimSet(window, { slotId: slot.id, start: slot.start, ...wish, ...(self !== undefined && { self }) })
  return set?.kind === 'claim' ? set : undefined
}

function pickOwn(window: Window, wish: Wish, visit: Appointment, self: string): ClaimSet | undefined {
  const slot = window.slotsById.get(visit.slot?.[0]?.reference?.slice('Slot/'.length) ?? '')
  const set = slot && claimSet(window, { slotId: slot.id, start: slot.start, ...wish, self })
  return set?.kind === 'claim' ? set : undefined
}

function idOf(visit: Appointment): string {
  return visit.identifier?.[0]?.value ?? ''
}

/** P1 and P3 as a reader of the EHR sees them. */
function expectSound(store: MemoryStore, directory: Directory, now: number): void {
  const window = buildWindow(now, directory, store.all('Slot'), store.all('Appointment'))
  const live = window.visits.filter((visit) => idOf(visit.appointment).startsWith('v') && !isExpiredHold(visit.appointment, now))
  live.forEach((a, index) => {
    for (const b of live.slice(index + 1)) {
      const shared = a.actors.filter((actor) => actor !== 'Location/site' && b.actors.includes(actor))
      expect(shared.length > 0 && overlaps(a, b)).toBe(false)
    }
    for (const reference of a.appointment.slot ?? []) {
      const slot = window.slotsById.get(reference.reference!.slice('Slot/'.length))!
      expect(slot.claim?.appointmentId).toBe(idOf(a.appointment))
    }
  })
  const alive = new Set(live.map((visit) => idOf(visit.appointment)))
  const claims = window.slots.flatMap((slot) => (slot.claim?.appointmentId.startsWith('v') ? [slot.claim.appointmentId] : []))
  expect(claims.filter((id) => !alive.has(id))).toEqual([])
}

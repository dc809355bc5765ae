import fc from 'fast-check'
import type { Appointment, Slot } from 'fhir/r4.js'
import { expect, test } from 'vitest'
import { appointmentIdOf, claimedSlotIds } from '../../../src/fhir/appointment.ts'
import { buildAuditEvent } from '../../../src/fhir/audit-event.ts'
import type { Doubt, Finding } from '../../../src/scheduling/finding.ts'
import { overlaps } from '../../../src/scheduling/interval.ts'
import { findingsOn } from '../../../src/scheduling/reconcile.ts'
import { isHold, sightingOf, type Sighting } from '../../../src/scheduling/sighting.ts'
import { takePlace } from '../../../src/scheduling/visit-place.ts'
import { isExpiredHold, type Window } from '../../../src/scheduling/window.ts'
import { transactionOf } from '../../../src/scheduling/write.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { bookSome, harm, randomDamage, type Ward } from '../helpers/damage.ts'
import { claimsIn, paddedOf, randomClinic, randomWish, RUNS, writtenIds } from '../helpers/random-clinic.ts'
import { MemoryStore } from '../../simulation/memory-store.ts'

const MAPPING = testMapping()
const choices = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 6 })
/** A repair may make another one possible: what is freed can be claimed by whom it belongs to. */
const MOST_ROUNDS = 4

/** Reads the whole store, as a pass over everything does. */
function look(store: MemoryStore, { directory, now }: Window): { seen: Sighting; found: Finding[] } {
  const seen = sightingOf(now, directory, store.all('Slot'), store.all('Appointment'))
  return { seen, found: findingsOn(seen, [...seen.own.keys(), ...seen.claims.keys()], MAPPING) }
}

/** Repairs until nothing is left to repair. @returns how many repairs of each kind */
function repairAll(store: MemoryStore, window: Window): Record<string, number> {
  const done: Record<string, number> = {}
  for (let round = 0; ; round++) {
    const repairs = look(store, window).found.flatMap((finding) => (finding.kind === 'repair' ? [finding.repair] : []))
    if (repairs.length === 0) return done
    expect(round, JSON.stringify(repairs.map(({ kind, appointmentId }) => ({ kind, appointmentId })))).toBeLessThan(MOST_ROUNDS)
    for (const repair of repairs) {
      const event = buildAuditEvent({ action: 'reconcile', recorded: window.now, clientId: 'worker', requestId: 'r' })
      const receipt = { ...event, id: `rcpt-${store.commits}` }
      if (store.transact(transactionOf({ ...repair, ended: [], receipt })).kind !== 'committed') continue
      done[repair.kind] = (done[repair.kind] ?? 0) + 1
    }
  }
}

function storeOf(ward: Ward): MemoryStore {
  return new MemoryStore([...ward.slots.values(), ...ward.visits.values()], { checkReferences: false })
}

function doubtsIn(found: readonly Finding[]): Doubt[] {
  return found.flatMap((finding) => (finding.kind === 'doubt' ? [finding.doubt] : []))
}

/** Until nothing is left to decide: the expiry ends the holds, and staff end a visit for every doubt. @returns what a pass finds then */
function decideAll(store: MemoryStore, window: Window): ReturnType<typeof look> {
  store.put(...store.all('Appointment').filter(isHold).map((hold) => ended(hold)))
  for (;;) {
    repairAll(store, window)
    const after = look(store, window)
    const [doubt] = doubtsIn(after.found)
    if (!doubt) return after
    const [first = '', ...others] = doubt.appointmentIds
    if (doubt.kind === 'duplicate_identifier') for (const id of others) store.delete('Appointment', id)
    else store.put(ended(store.get('Appointment', first)!))
  }
}

function ended(appointment: Appointment): Appointment {
  return { ...appointment, status: 'cancelled' }
}

/** Every way in which what is left breaks the promises, except where a doubt says so. Written another way than the rule. */
function unexplained({ seen, found }: { seen: Sighting; found: readonly Finding[] }): string[] {
  const { window } = seen
  const doubted = new Set(doubtsIn(found).flatMap((doubt) => doubt.appointmentIds))
  const waiting = new Set(found.filter(({ kind }) => kind === 'wait').flatMap(({ restsOn }) => restsOn.map((resource) => resource.id)))
  const live = window.visits.filter(({ appointment }) => !isExpiredHold(appointment, window.now))
  const holds = live.filter(
    ({ appointment }) => appointment.status === 'pending' && appointment.extension?.some(({ url }) => url.endsWith('hold-expires')),
  )
  const ours = live.filter(({ appointment }) => appointmentIdOf(appointment) !== undefined)
  const excused = (appointment: Appointment | undefined) => doubted.has(appointment?.id ?? '') || waiting.has(appointment?.id ?? '')
  const problems: string[] = []
  for (const slot of window.slots) {
    if (!slot.claim || slot.claim.until !== undefined) continue
    const owner = seen.own.get(slot.claim.appointmentId)?.[0]
    const behind = ours.some(({ appointment }) => appointment === owner && claimedSlotIds(appointment).includes(slot.id))
    if (!behind && !excused(owner)) problems.push(`${slot.id} is claimed by ${slot.claim.appointmentId}, which does not have it`)
  }
  for (const visit of ours) {
    const { appointment } = visit
    // A hold ends by itself, and nobody confirms it where somebody else is.
    if (excused(appointment) || holds.includes(visit)) continue
    for (const id of claimedSlotIds(appointment)) {
      const slot = window.slotsById.get(id)
      const kept = !slot?.claim && slot?.status !== 'free'
      // A hold on it comes first, until it has ended.
      const isOf = (hold: Appointment) => slot?.claim !== undefined && appointmentIdOf(hold) === slot.claim.appointmentId
      const held = slot && (slot.claim?.until !== undefined || holds.some((hold) => isOf(hold.appointment) || overlaps(hold, slot)))
      // What the claimant no longer names it gives back as soon as it has a place again.
      const claimants = seen.own.get(slot?.claim?.appointmentId ?? '') ?? []
      const namesIt = live.some((other) => claimants.includes(other.appointment) && claimedSlotIds(other.appointment).includes(id))
      const undecided = !namesIt && claimants.some(excused)
      if (slot && !kept && !held && !undecided && slot.claim?.appointmentId !== appointmentIdOf(appointment))
        problems.push(`${appointment.id!} has lost ${id} to ${slot.claim?.appointmentId ?? slot.status}`)
    }
    const uses = (appointment.slot ?? []).map(({ reference }) => window.slotsById.get(reference!.slice('Slot/'.length)))
    if (uses.some((slot) => slot && !overlaps(slot, visit))) problems.push(`${appointment.id!} uses Slots at another time`)
    for (const other of live) {
      const shared = other.actors.some((actor) => visit.actors.includes(actor))
      if (other !== visit && !holds.includes(other) && shared && overlaps(other, visit))
        problems.push(`${appointment.id!} overlaps ${other.appointment.id!}`)
    }
  }
  return problems
}

test('where nobody has touched anything, nothing is found', () => {
  fc.assert(
    fc.property(randomClinic, choices, (window, picks) => {
      const ward = bookSome(window, picks)
      const seen = sightingOf(window.now, window.directory, [...ward.slots.values()], [...ward.visits.values()])
      const ours = [...ward.visits.keys()].filter((id) => id.startsWith('v'))
      expect(findingsOn(seen, ours, MAPPING)).toEqual([])
    }),
    { numRuns: RUNS },
  )
}, 60_000)

test('whatever is done past the gateway, after the repairs nothing is wrong that no doubt names, and nothing at all once these are decided', () => {
  const repaired: Record<string, number> = {}
  const doubted: Record<string, number> = {}
  fc.assert(
    fc.property(randomClinic, choices, randomDamage, (window, picks, damages) => {
      const ward = bookSome(window, picks)
      for (const damage of damages) harm(ward, damage)
      const before = new Map(ward.slots)
      const store = storeOf(ward)
      for (const [kind, count] of Object.entries(repairAll(store, window))) repaired[kind] = (repaired[kind] ?? 0) + count
      const after = look(store, window)
      expect(unexplained(after), JSON.stringify(damages)).toEqual([])
      expect(doubtsIn(look(store, window).found)).toEqual(doubtsIn(after.found))
      for (const { kind } of doubtsIn(after.found)) doubted[kind] = (doubted[kind] ?? 0) + 1
      for (const slot of store.all('Slot')) expectEhrsOwnKept(before.get(slot.id!)!, slot)
      for (const visit of store.all('Appointment')) {
        if (visit.identifier === undefined) expect({ ...visit, meta: undefined }).toEqual({ ...ward.visits.get(visit.id!), meta: undefined })
      }
      const inTheEnd = decideAll(store, window)
      expect(inTheEnd.found).toEqual([])
      expect(unexplained(inTheEnd), JSON.stringify(damages)).toEqual([])
    }),
    { numRuns: RUNS * 3 },
  )
  for (const kind of ['freed', 'reclaimed', 'moved']) expect(repaired[kind], kind).toBeGreaterThan(RUNS / 20)
  for (const kind of ['overlap', 'claim_lost', 'moved_onto_taken', 'place_changed', 'duplicate_identifier'])
    expect(doubted[kind], kind).toBeGreaterThan(RUNS / 100)
}, 120_000)

test('a visit that is put where a wish would be granted takes the same Slots as the wish', () => {
  let compared = 0
  fc.assert(
    fc.property(randomClinic, randomWish, (window, wish) => {
      const seen = sightingOf(
        window.now,
        window.directory,
        window.slots.map((slot) => slot.resource),
        window.visits.map((visit) => visit.appointment),
      )
      for (const set of claimsIn(window, wish)) {
        if (writtenIds(set).some((id) => window.slotsById.get(id)?.status !== 'free')) continue
        const actors = set.schedule.exclusiveActors
        const place = { appointmentId: 'v', span: set.visit, padded: paddedOf(set, wish), actors, own: [], named: [], complete: true }
        const taken = takePlace(seen, place)
        if (taken.kind !== 'free') throw new Error(`the wish is granted and the place is ${taken.kind}`)
        expect([...taken.own, ...taken.blocked].map((slot) => slot.id).sort()).toEqual(writtenIds(set).sort())
        expect([taken.own[0]?.start, taken.own.length > 0]).toEqual([set.visit.start, true])
        compared++
      }
    }),
    { numRuns: RUNS },
  )
  expect(compared).toBeGreaterThan(RUNS)
}, 60_000)

/** What the EHR has set busy itself stays so, and nothing else on a Slot is lost. */
function expectEhrsOwnKept(before: Slot, after: Slot): void {
  const ofTheEhr = (slot: Slot) => ({
    ...slot,
    meta: undefined,
    status: undefined,
    extension: slot.extension?.filter(({ url }) => url.includes('ehr.example')),
  })
  expect(ofTheEhr(after)).toEqual(ofTheEhr(before))
  if (before.status !== 'free' && !before.extension?.some(({ url }) => url.includes('slot-claim'))) expect({ ...after, meta: undefined }).toEqual({ ...before, meta: undefined })
}

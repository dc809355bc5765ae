import fc from 'fast-check'
import type { FhirResource } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import type { BookingDeps } from '../../../src/booking/deps.ts'
import { BookingError } from '../../../src/booking/errors.ts'
import { reconcile, type PassOptions, type ReconcileReport } from '../../../src/booking/reconcile.ts'
import { appointmentIdOf } from '../../../src/fhir/appointment.ts'
import type { Directory } from '../../../src/scheduling/directory.ts'
import { MINUTE } from '../../../src/scheduling/interval.ts'
import { buildAuditEvent } from '../../../src/fhir/audit-event.ts'
import { findingsOn } from '../../../src/scheduling/reconcile.ts'
import { sightingOf } from '../../../src/scheduling/sighting.ts'
import { holdEnd } from '../../../src/scheduling/write.ts'
import type { Window } from '../../../src/scheduling/window.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { bookSome, harm, randomDamage } from '../helpers/damage.ts'
import { at, claimed, deskVisit, directoryOf, gatewayVisit, NOW, schedule, slot } from '../helpers/day.ts'
import { MemoryEhr } from '../helpers/memory-ehr.ts'
import { randomClinic } from '../helpers/random-clinic.ts'
import { Rivals } from '../helpers/rivals.ts'
import { callWithin, depsWith } from '../helpers/scripted-ehr.ts'

const RUNS = 200
const choices = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 6 })

/** Takes up even what is written during the pass itself: nothing rests on the time that changes are given to settle. */
const AT_ONCE = -60_000

/** One pass at full speed. */
function pass(
  ehr: MemoryEhr,
  directory: Directory,
  since?: number,
  options: PassOptions = {},
  deps: Partial<BookingDeps> = {},
): Promise<ReconcileReport> {
  const snapshot = { directory, asOf: ehr.now }
  const directories = { current: () => Promise.resolve(snapshot), refresh: () => Promise.resolve(snapshot) }
  return reconcile(depsWith(ehr, { directories, ...deps }), since, () => callWithin(), { settledAfterMs: AT_ONCE, rest: 0, ...options })
}

/** The EHR of a random clinic with visits in it. */
function openClinic(window: Window, picks: readonly number[], change: (ward: ReturnType<typeof bookSome>) => void = () => undefined) {
  const ward = bookSome(window, picks)
  change(ward)
  const slots = [...ward.slots.values()].filter((each) => !JSON.stringify(each).includes('"other-'))
  const visits = [...ward.visits.values()].filter((each) => !appointmentIdOf(each)?.startsWith('other-'))
  const schedules = [...window.directory.schedules.values()].map((info) => info.resource)
  return new MemoryEhr([...schedules, ...slots, ...visits], window.now)
}

/** Whenever the EHR may be written by others, one of these numbers says what is written; 0 says nothing. */
function letRivalsWrite(ehr: MemoryEhr, directory: Directory, script: readonly number[]): { writes: number } {
  const rivals = new Rivals(ehr, directory)
  const state = { writes: 0 }
  let step = 0
  let acting = false
  ehr.between = () => {
    const n = script[step++ % script.length] ?? 0
    if (acting || n === 0) return
    acting = true
    rivals.act(n)
    state.writes++
    acting = false
  }
  return state
}

const isPerson = (actor: string): boolean => actor.startsWith('Practitioner')
const script = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(10_000) }), {
  minLength: 5,
  maxLength: 60,
})

test('while others write between any two queries, a pass over everything or over changes finds nothing', async () => {
  let writes = 0
  await fc.assert(
    fc.asyncProperty(randomClinic, choices, script, fc.boolean(), async (window, picks, numbers, everything) => {
      const ehr = openClinic(window, picks)
      // What the front desk has entered over visits of its own accord is damage, not a race.
      for (const visit of ehr.all('Appointment')) if (appointmentIdOf(visit) === undefined) ehr.remove(visit)
      const state = letRivalsWrite(ehr, window.directory, numbers)
      const first = await pass(ehr, window.directory, everything ? undefined : ehr.now - 120_000)
      const second = await pass(ehr, window.directory, first.asOf)
      for (const report of [first, second]) expect([report.repaired, report.doubts]).toEqual([{}, []])
      writes += state.writes
    }),
    { numRuns: RUNS },
  )
  expect(writes).toBeGreaterThan(RUNS)
}, 120_000)

test('nor where everybody wants the same three Slots all the time', async () => {
  const directory = directoryOf(schedule('ann', ['Practitioner/ann']), schedule('ann-2', ['Practitioner/ann']))
  const day = ['ann', 'ann-2'].flatMap((id) => [0, 1, 2].map((index) => slot(`${id}-${index}`, id, at('09:00') + index * 15 * MINUTE)))
  const resources = [...[...directory.schedules.values()].map((info) => info.resource), ...day]
  let writes = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(10_000), { minLength: 20, maxLength: 80 }), fc.boolean(), async (numbers, everything) => {
      const ehr = new MemoryEhr(resources, NOW)
      const state = letRivalsWrite(ehr, directory, numbers)
      let since = everything ? undefined : NOW - 120_000
      for (let round = 0; round < 4; round++) {
        const report = await pass(ehr, directory, since)
        expect([report.repaired, report.doubts]).toEqual([{}, []])
        if (!everything) since = report.asOf
      }
      writes += state.writes
    }),
    { numRuns: RUNS * 2 },
  )
  expect(writes).toBeGreaterThan(RUNS * 20)
}, 120_000)

test('damage is repaired while others write, and when they have gone nothing is left that the rule would find', async () => {
  let repaired = 0
  await fc.assert(
    fc.asyncProperty(randomClinic, choices, randomDamage, script, async (window, picks, damages, numbers) => {
      const ehr = openClinic(window, picks, (ward) => {
        for (const damage of damages) harm(ward, damage)
      })
      letRivalsWrite(ehr, window.directory, numbers)
      const reports = [await pass(ehr, window.directory), await pass(ehr, window.directory, ehr.now - 120_000)]
      ehr.between = () => undefined
      for (let rest = 0; rest < 4; rest++) reports.push(await pass(ehr, window.directory))
      for (const report of reports) repaired += Object.values(report.repaired).reduce((sum, count) => sum + count, 0)
      const seen = sightingOf(ehr.now, window.directory, ehr.all('Slot'), ehr.all('Appointment'))
      const left = findingsOn(seen, [...seen.own.keys(), ...seen.claims.keys()], testMapping())
      expect(left.filter(({ kind }) => kind === 'repair')).toEqual([])
      const found = left.flatMap((each) => (each.kind === 'doubt' ? [each.doubt.key] : [])).sort()
      const reported = reports.at(-1)!.doubts.map(({ key }) => key)
      expect(found).toEqual(expect.arrayContaining(reported))
      // A pass over everything meets the live visits of those who have Schedules, and those that claim a Slot; others when they change.
      const met = new Set([
        ...seen.claims.keys(),
        ...seen.window.visits.flatMap((visit) => (visit.actors.some(isPerson) ? appointmentIdOf(visit.appointment)! : [])),
      ])
      // Where two visits meet only in a place that has no Schedule, nothing leads from one to the other.
      const withSchedules = new Set([...window.directory.schedules.values()].flatMap((info) => info.exclusiveActors))
      const meetUnseen = (key: string) => {
        const [one, other] = seen.window.visits.filter(({ appointment }) => key.split(' ').includes(appointment.id ?? ''))
        return key.startsWith('overlap') && !one?.actors.some((actor) => other?.actors.includes(actor) === true && withSchedules.has(actor))
      }
      const certain = (key: string) =>
        !key.startsWith('duplicate_identifier') &&
        key.split(' ').some((word) => met.has(word) || word.startsWith('entry')) &&
        !meetUnseen(key)
      expect(reported.filter(certain).sort()).toEqual(found.filter(certain))
    }),
    { numRuns: RUNS },
  )
  expect(repaired).toBeGreaterThan(RUNS / 6)
}, 120_000)

describe('a pass', () => {
  const directory = directoryOf(schedule('ann', ['Practitioner/ann']))
  const orphan = claimed(slot('s', 'ann', at('09:00')), 'nobody', 'busy')
  const open = () => new MemoryEhr([...[...directory.schedules.values()].map((info) => info.resource), orphan], NOW)

  test('begins where the last one began, a little earlier: a change can be committed after the time it carries', async () => {
    const report = await pass(open(), directory)
    expect(report).toEqual({ asOf: NOW - 10_000, examined: 1, repaired: { freed: 1 }, doubts: [], events: [] })
  })

  test('over everything sees what begins after the last Slot of the last visit has begun', async () => {
    const visit = gatewayVisit('v0', { startsAt: at('10:00'), lasts: 60, ownSlots: ['s0'] })
    const only = claimed(slot('s0', 'ann', at('10:00'), 60), 'v0', 'busy')
    const entry = deskVisit(['Practitioner/ann'], at('10:40'), 15, { id: 'entry' })
    const ehr = new MemoryEhr([...[...directory.schedules.values()].map((info) => info.resource), only, visit, entry], NOW)
    expect((await pass(ehr, directory)).doubts).toMatchObject([{ kind: 'overlap' }])
  })

  test('goes back to what it had to leave', async () => {
    const ehr = open()
    const left = await pass(ehr, directory, undefined, { settledAfterMs: 61_000 })
    expect(left).toMatchObject({ asOf: NOW - 60_000, repaired: {} })
    expect(await pass(ehr, directory, left.asOf)).toMatchObject({ repaired: { freed: 1 } })
  })

  test('writes nothing while the server is not known to be safe, and can still say what it would', async () => {
    const ehr = open()
    const closed = () => {
      throw new BookingError('ehr_unavailable', 'not examined yet')
    }
    await expect(pass(ehr, directory, undefined, {}, { writes: { assertOpen: closed } })).rejects.toThrow('not examined yet')
    expect((await pass(ehr, directory, undefined, { dryRun: true }, { writes: { assertOpen: closed } })).repaired).toEqual({ freed: 1 })
    expect(ehr.all('Slot')[0]?.status).toBe('busy')
  })

  test('puts before staff what the EHR does not let it repair', async () => {
    const ehr = open()
    ehr.execute = () => ({ kind: 'rejected' })
    const [first, second] = [await pass(ehr, directory), await pass(ehr, directory)]
    expect(first).toMatchObject({ repaired: {}, doubts: [{ kind: 'repair_refused', slotIds: ['s'] }] })
    expect(second.doubts).toEqual(first.doubts)
  })

  test.each(['conflict', 'unknown'] as const)('leaves a repair that ends in %s to the next one', async (kind) => {
    const ehr = open()
    ehr.execute = () => ({ kind })
    expect(await pass(ehr, directory)).toMatchObject({ repaired: {}, doubts: [], asOf: NOW - 60_000 })
  })

  test('ends where the EHR does not answer', async () => {
    const ehr = open()
    let reads = 0
    const answering = ehr.batch.bind(ehr)
    ehr.batch = (...given) => (++reads > 3 ? Promise.reject(new BookingError('ehr_unavailable', 'down')) : answering(...given))
    await expect(pass(ehr, directory)).rejects.toThrow('down')
  })

  const crowdOf = (...schedules: readonly string[]) => {
    const people = directoryOf(...schedules.map((id) => schedule(id, [`Practitioner/${id}`])))
    const crowd = Array.from({ length: 30 }, (_, index) => {
      const id = schedules[index % schedules.length]!
      return claimed(slot(`s${index}`, id, at('09:00')), `nobody-of-${id}`, 'busy')
    })
    return { people, ehr: new MemoryEhr([...[...people.schedules.values()].map((info) => info.resource), ...crowd], NOW) }
  }

  test('reads fewer Schedules at a time where too much begins at one instant', async () => {
    const { people, ehr } = crowdOf('ann', 'bob', 'cleo')
    expect((await pass(ehr, people)).repaired).toEqual({ freed: 3 })
    expect(ehr.all('Slot').filter(({ status }) => status !== 'free')).toEqual([])
  })

  test('does not judge a part of what begins at one instant', async () => {
    const { people, ehr } = crowdOf('ann')
    await expect(pass(ehr, people)).rejects.toThrow('than can be read at once')
  })

  test('rests after each round trip in proportion to what it took', async () => {
    const ehr = open()
    const answering = ehr.batch.bind(ehr)
    ehr.batch = async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 10))
      return answering(...given)
    }
    const took = async (rest: number) => {
      const began = performance.now()
      await pass(ehr, directory, undefined, { rest })
      return performance.now() - began
    }
    await took(0)
    expect(await took(4)).toBeGreaterThan(2.5 * (await took(0)))
  })

  describe('announces the end of a visit by the clinic', () => {
    const ended = { ...gatewayVisit('v', { ownSlots: ['s'] }), id: 'a', status: 'cancelled' as const }
    const receipt = (action: 'cancel' | 'book') => {
      const appointment = { appointmentId: 'v', reference: 'Appointment/a', version: '1', requestDigest: 'd' }
      return { ...buildAuditEvent({ action, recorded: NOW, clientId: 'chatbot', requestId: 'r', appointment }), id: `rcpt-${action}` }
    }
    const announced = async (...resources: FhirResource[]) => {
      const ehr = new MemoryEhr(
        [...directory.schedules.values()].map((info) => info.resource),
        NOW - 60_000,
      )
      for (const resource of resources) ehr.put(resource)
      return (await pass(ehr, directory, NOW - 61_000)).events
    }

    test('with the version that stands', async () => {
      expect(await announced(receipt('book'), ended)).toEqual([
        { kind: 'booked', appointmentId: 'v', version: '1', clientId: 'chatbot' },
        { kind: 'cancelled', appointmentId: 'v', version: '1', clientId: 'chatbot' },
      ])
    })

    test('but an end by the gateway as the gateway made it, whatever was changed on the visit later', async () => {
      const events = await announced(receipt('cancel'), ended, { ...ended, comment: 'called back' })
      expect(events).toEqual([{ kind: 'cancelled', appointmentId: 'v', version: '1', clientId: 'chatbot' }])
    })

    test.for<readonly [rule: string, resources: FhirResource[]]>([
      ['it was a hold that ran out or was released', [{ ...ended, cancelationReason: holdEnd('expired') }]],
      ['it is over', [{ ...ended, start: '2027-02-01T09:00:00-08:00', end: '2027-02-01T09:15:00-08:00' }]],
      ['nobody knows for whom it was made', [{ ...ended, extension: [] }]],
      ['the clinic made it itself', [{ ...ended, identifier: [] }]],
    ])('but not where %s', async ([, resources]) => {
      expect(await announced(...resources)).toEqual([])
    })
  })
})

import type { Appointment, Slot } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import { withSlots } from '../../../src/fhir/appointment.ts'
import { readClaim, withClaim } from '../../../src/fhir/slot-claim.ts'
import type { Doubt, Finding, Repair } from '../../../src/scheduling/finding.ts'
import { MINUTE } from '../../../src/scheduling/interval.ts'
import { findingsOn } from '../../../src/scheduling/reconcile.ts'
import { sightingOf, unreadOf } from '../../../src/scheduling/sighting.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { at, claimed, deskVisit, directoryOf, gatewayVisit, location, NOW, role, schedule, slot } from '../helpers/day.ts'

const MAPPING = testMapping()
/** Ann has a Schedule of her own and one in a room, Bob and Cleo one each; Cleo is known by her role. */
const directory = directoryOf(
  location('room', 'ro'),
  location('site', 'si'),
  role('cleo-role', 'cleo'),
  schedule('ann', ['Practitioner/ann']),
  schedule('ann-room', ['Practitioner/ann', 'Location/room']),
  schedule('bob', ['Practitioner/bob']),
  schedule('cleo', ['PractitionerRole/cleo-role', 'Location/site']),
)

/** Slots of a quarter of an hour from nine on: `ann-0`, `ann-1`, … */
const day = (scheduleId: string, count = 4): Slot[] =>
  Array.from({ length: count }, (_, index) => slot(`${scheduleId}-${index}`, scheduleId, at('09:00') + index * 15 * MINUTE))

const SLOTS = [...day('ann'), ...day('bob'), ...day('cleo')]
const visit = (changes: Parameters<typeof gatewayVisit>[1] = {}): Appointment =>
  gatewayVisit('v', { ownSlots: ['ann-0'], patient: 'Patient/p', ...changes })
const moved = (appointment: Appointment, changes: Partial<Appointment>): Appointment => ({
  ...appointment,
  ...changes,
  meta: { versionId: '2' },
})
const to = (time: string, minutes = 15): Pick<Appointment, 'start' | 'end'> => {
  const { start, end } = deskVisit([], at(time), minutes)
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) }
}
const by = (...references: string[]): Pick<Appointment, 'participant'> => ({
  participant: ['Patient/p', ...references].map((reference) => ({ actor: { reference }, status: 'accepted' })),
})

/** The day's Slots with some of them changed. */
function daySlots(changes: Record<string, (resource: Slot) => Slot | undefined> = {}): Slot[] {
  return SLOTS.flatMap((each) => (changes[each.id!] ? (changes[each.id!]!(each) ?? []) : each))
}

const mine = (resource: Slot): Slot => claimed(resource, 'v', 'busy')
const blocked = (resource: Slot): Slot => claimed(resource, 'v', 'busy-unavailable')
const ofOther = (resource: Slot): Slot => claimed(resource, 'w', 'busy')
const setBusy = (resource: Slot): Slot => ({ ...resource, status: 'busy' })

function find(slots: readonly Slot[], visits: readonly Appointment[], judged: readonly string[] = ['v'], now = NOW): readonly Finding[] {
  return findingsOn(sightingOf(now, directory, slots, visits), judged, MAPPING)
}

const repairs = (found: readonly Finding[]): Repair[] => found.flatMap((each) => (each.kind === 'repair' ? [each.repair] : []))
const doubts = (found: readonly Finding[]): Doubt[] => found.flatMap((each) => (each.kind === 'doubt' ? [each.doubt] : []))
/** What a repair makes of the Slots: `ann-0 free`, `ann-1 busy v@2`. */
const written = (repair: Repair | undefined): string[] =>
  (repair?.slots ?? []).map((each) => {
    const claim = readClaim(each)
    return [each.id, each.status, ...(claim ? [`${claim.appointmentId}@${claim.version}`] : [])].join(' ')
  })

describe('nothing is found', () => {
  test.for<readonly [rule: string, slots: Slot[], visits: Appointment[]]>([
    ['where the visit has its Slot', daySlots({ 'ann-0': mine }), [visit()]],
    ['where it blocks others besides', daySlots({ 'ann-0': mine, 'ann-1': blocked }), [visit({ blockedSlots: ['ann-1'] })]],
    ['where it is shorter than its Slot', daySlots({ 'ann-0': mine }), [visit({ lasts: 10 })]],
    ['where the EHR has set the Slot busy', daySlots({ 'ann-0': setBusy }), [visit()]],
    [
      'where the EHR has set it busy over the claim',
      daySlots({ 'ann-0': (each) => ({ ...mine(each), status: 'busy-unavailable' }) }),
      [visit()],
    ],
    ['where the EHR has deleted the Slot', daySlots({ 'ann-0': () => undefined }), [visit()]],
    ['where the front desk has let the patient in', daySlots({ 'ann-0': mine }), [moved(visit(), { status: 'arrived' })]],
    [
      'where the hold has run out',
      daySlots({ 'ann-0': (each) => claimed(each, 'v', 'busy-tentative', NOW - 1) }),
      [visit({ holdExpires: NOW - 1 })],
    ],
    [
      'where a live hold has its Slot',
      daySlots({ 'ann-0': (each) => claimed(each, 'v', 'busy-tentative', NOW + 1) }),
      [visit({ holdExpires: NOW + 1 })],
    ],
    [
      'where a room was added to the Schedule',
      [...day('ann-room').map((each) => (each.id === 'ann-room-0' ? mine(each) : each))],
      [visit({ ownSlots: ['ann-room-0'] })],
    ],
    [
      'where the practitioner is named by a role now',
      daySlots({ 'cleo-0': mine }),
      [moved(visit({ ownSlots: ['cleo-0'], actors: [{ reference: 'Practitioner/cleo' }] }), by('PractitionerRole/cleo-role'))],
    ],
    [
      'where two visits share a site',
      daySlots({ 'ann-0': mine }),
      [visit(), deskVisit(['Practitioner/bob', 'Location/site'], at('09:00'), 15)],
    ],
    ['where visits only touch', daySlots({ 'ann-0': mine }), [visit(), deskVisit(['Practitioner/ann'], at('09:15'), 15)]],
    [
      'where two visits of the front desk overlap',
      SLOTS,
      [deskVisit(['Practitioner/ann'], at('09:00'), 15), { ...deskVisit(['Practitioner/ann'], at('09:00'), 15), id: 'second' }],
    ],
    ['where it overlaps an expired hold', daySlots({ 'ann-0': mine }), [visit(), gatewayVisit('w', { holdExpires: NOW - 1 })]],
    [
      'where it overlaps a visit that has ended',
      daySlots({ 'ann-0': mine }),
      [visit(), deskVisit(['Practitioner/ann'], at('09:00'), 15, { status: 'cancelled' })],
    ],
  ])('%s', ([, slots, visits]) => {
    expect(find(slots, visits)).toEqual([])
  })

  test('about Slots that are over', () => {
    expect(find(SLOTS, [visit()], ['v'], at('09:15'))).toEqual([])
    expect(repairs(find(SLOTS, [visit()], ['v'], at('09:14')))).toHaveLength(1)
  })

  test('about an overlap that is over', () => {
    const entry = deskVisit(['Practitioner/ann'], at('09:00'), 60)
    const slots = daySlots({ 'ann-0': mine })
    expect(find(slots, [visit(), entry], ['v'], at('09:15'))).toEqual([])
    expect(doubts(find(slots, [visit(), entry], ['v'], at('09:14')))).toHaveLength(1)
  })
})

describe('claims are freed', () => {
  test.for<readonly [rule: string, visits: readonly Appointment[]]>([
    ['of a visit that does not exist', []],
    ...(['cancelled', 'noshow', 'entered-in-error', 'proposed', 'waitlist'] as const).map(
      (status) => [`of one that is ${status}`, [moved(visit(), { status })]] as const,
    ),
    ['of one that has ended although its hold ran on', [moved(visit({ holdExpires: NOW + 1 }), { status: 'cancelled' })]],
  ])('%s', ([, visits]) => {
    const [repair] = repairs(find(daySlots({ 'ann-0': mine, 'ann-1': blocked, 'ann-2': ofOther }), visits))
    expect(repair).toMatchObject({ kind: 'freed', appointmentId: 'v' })
    expect(repair?.appointment).toBe(visits[0])
    expect(written(repair)).toEqual(['ann-0 free', 'ann-1 free'])
    expect(repair?.slots[0]).toEqual(SLOTS[0])
  })

  test('on Slots that a live visit does not name, and only there', () => {
    const [repair, ...others] = repairs(find(daySlots({ 'ann-0': mine, 'ann-3': blocked }), [visit()]))
    expect([repair?.kind, written(repair), others]).toEqual(['freed', ['ann-3 free'], []])
  })
})

describe('a Slot is claimed again', () => {
  test('that a live visit uses or blocks and that is free', () => {
    const [repair] = repairs(find(SLOTS, [moved(visit({ blockedSlots: ['ann-1'] }), {})]))
    expect(repair?.kind).toBe('reclaimed')
    expect(written(repair)).toEqual(['ann-0 busy v@2', 'ann-1 busy-unavailable v@2'])
  })

  test('for a hold, as long as it lasts', () => {
    const [repair] = repairs(find(SLOTS, [visit({ holdExpires: NOW + MINUTE })]))
    expect(readClaim(repair!.slots[0]!)).toEqual({ appointmentId: 'v', status: 'busy-tentative', version: '1', until: NOW + MINUTE })
  })

  test('for good, where the front desk has confirmed the hold', () => {
    const held = daySlots({ 'ann-0': (each) => claimed(each, 'v', 'busy-tentative', NOW - 1) })
    const [repair] = repairs(find(held, [moved(visit({ holdExpires: NOW - 1 }), { status: 'booked' })]))
    expect(readClaim(repair!.slots[0]!)).toEqual({ appointmentId: 'v', status: 'busy', version: '2' })
  })

  test('unless it belongs to another live visit', () => {
    const other = gatewayVisit('w', { startsAt: at('09:15'), ownSlots: ['ann-1'], blockedSlots: ['ann-0'] })
    const found = find(daySlots({ 'ann-0': ofOther, 'ann-1': ofOther }), [visit(), other])
    expect(repairs(found)).toEqual([])
    expect(doubts(found)).toMatchObject([{ kind: 'claim_lost', appointmentIds: ['fhir-v', 'fhir-w'], slotIds: ['ann-0'] }])
  })

  test('unless somebody else has come into its buffer', () => {
    const entry = deskVisit(['Practitioner/ann'], at('09:15'), 15)
    const found = find(daySlots({ 'ann-0': mine }), [visit({ blockedSlots: ['ann-1'] }), entry])
    expect(repairs(found)).toEqual([])
    expect(doubts(found)).toMatchObject([{ kind: 'claim_lost', appointmentIds: ['fhir-v', 'desk'], slotIds: ['ann-1'] }])
  })

  test('unless somebody is there at the very time: that is the overlap', () => {
    const found = find(SLOTS, [visit(), deskVisit(['Practitioner/ann'], at('09:00'), 15)])
    expect([repairs(found), doubts(found).map(({ kind }) => kind)]).toEqual([[], ['overlap']])
  })

  test('not while somebody holds it', () => {
    const hold = gatewayVisit('w', { holdExpires: NOW + MINUTE, ownSlots: ['ann-0'], startsAt: at('09:00') })
    expect(find(daySlots({ 'ann-0': (each) => claimed(each, 'w', 'busy-tentative', NOW + MINUTE) }), [visit(), hold])).toEqual([])
    expect(find(SLOTS, [visit(), hold])).toEqual([])
  })

  test('not yet, where a hold that has run out still stands on it', () => {
    const hold = gatewayVisit('w', { holdExpires: NOW - 1, ownSlots: ['ann-0'], startsAt: at('09:15') })
    expect(find(daySlots({ 'ann-0': (each) => claimed(each, 'w', 'busy-tentative', NOW - 1) }), [visit(), hold])).toEqual([])
  })
})

describe('the claims follow a visit that the front desk moved', () => {
  const slots = daySlots({ 'ann-0': mine })

  test.for<readonly [rule: string, changes: Partial<Appointment>, written: string[], own: string[], blocked: string[]]>([
    ['to another time', to('09:30'), ['ann-2 busy v@3', 'ann-0 free'], ['ann-2'], []],
    ['to a longer time', to('09:00', 30), ['ann-0 busy v@3', 'ann-1 busy v@3'], ['ann-0', 'ann-1'], []],
    ['into the middle of Slots', to('09:20'), ['ann-1 busy v@3', 'ann-2 busy v@3', 'ann-0 free'], ['ann-1', 'ann-2'], []],
    ['to another practitioner', by('Practitioner/bob'), ['bob-0 busy v@3', 'ann-0 free'], ['bob-0'], []],
    ['to one known by a role', by('PractitionerRole/cleo-role'), ['cleo-0 busy v@3', 'ann-0 free'], ['cleo-0'], []],
    ['to another time and practitioner', { ...to('09:45'), ...by('Practitioner/bob') }, ['bob-3 busy v@3', 'ann-0 free'], ['bob-3'], []],
    ['to where there are no Slots', to('18:00'), ['ann-0 free'], [], []],
    ['half out of the Slots', to('09:50', 30), ['ann-3 busy-unavailable v@3', 'ann-0 free'], [], ['ann-3']],
  ])('%s', ([, changes, expected, own, others]) => {
    const [repair, ...more] = repairs(find(slots, [moved(visit(), changes)]))
    expect(repair).toMatchObject({ kind: 'moved', appointmentId: 'v' })
    expect(written(repair)).toEqual(expected)
    expect(repair?.appointment).toEqual(withSlots(moved(visit(), changes), own, others))
    expect(more).toEqual([])
  })

  test('with its buffers, as far as those are free', () => {
    const buffered = moved(visit({ visitType: 'buffered', lasts: 30, startsAt: at('09:00') }), to('09:15', 30))
    expect(written(repairs(find(slots, [buffered]))[0])).toEqual([
      'ann-1 busy v@3',
      'ann-2 busy v@3',
      'ann-0 busy-unavailable v@3',
      'ann-3 busy-unavailable v@3',
    ])
    const squeezed = daySlots({ 'ann-0': mine, 'ann-3': setBusy })
    expect(written(repairs(find(squeezed, [buffered]))[0])).toEqual(['ann-1 busy v@3', 'ann-2 busy v@3', 'ann-0 busy-unavailable v@3'])
  })

  test('on all Schedules of those who take part', () => {
    const all = [...slots, ...day('ann-room')]
    expect(written(repairs(find(all, [moved(visit(), to('09:30'))]))[0])).toEqual([
      'ann-2 busy v@3',
      'ann-room-2 busy-unavailable v@3',
      'ann-0 free',
    ])
  })

  test('and leave a Slot as it is that the EHR keeps busy for it', () => {
    const kept = daySlots({ 'ann-0': mine, 'ann-2': setBusy })
    const longer = { ...withSlots(moved(visit(), to('09:30', 30)), ['ann-2'], []) }
    const [repair] = repairs(find(kept, [longer]))
    expect(written(repair)).toEqual(['ann-3 busy v@3', 'ann-0 free'])
    expect(repair?.appointment?.slot).toEqual([{ reference: 'Slot/ann-2' }, { reference: 'Slot/ann-3' }])
  })

  test('and into a pause of the EHR, which stays one', () => {
    const pause = daySlots({ 'ann-0': mine, 'ann-2': (each) => ({ ...each, status: 'busy-unavailable' }) })
    const [repair] = repairs(find(pause, [moved(visit(), to('09:30'))]))
    expect([written(repair), repair?.appointment?.slot]).toEqual([['ann-0 free'], undefined])
  })
})

describe('a doubt instead', () => {
  const onto = moved(visit(), to('09:30'))

  test('where the EHR has the new time busy', () => {
    const found = find(daySlots({ 'ann-0': mine, 'ann-2': setBusy }), [onto])
    expect(repairs(found)).toEqual([])
    expect(doubts(found)).toMatchObject([
      { kind: 'moved_onto_taken', appointmentIds: ['fhir-v'], slotIds: ['ann-2'], patient: 'Patient/p' },
    ])
  })

  test('where another visit is there: once, not as an overlap as well', () => {
    const other = gatewayVisit('w', { startsAt: at('09:30'), ownSlots: ['ann-2'], patient: 'Patient/q' })
    const found = find(daySlots({ 'ann-0': mine, 'ann-2': ofOther }), [onto, other], ['v', 'w'])
    expect(repairs(found)).toEqual([])
    expect(doubts(found)).toEqual([
      {
        kind: 'moved_onto_taken',
        key: expect.stringContaining('fhir-v 2027-03-01T09:30') as unknown,
        appointmentIds: ['fhir-v', 'fhir-w'],
        slotIds: ['ann-2'],
      },
    ])
  })

  test('where the Slot was moved under a visit that nobody has touched', () => {
    const found = find(
      daySlots({
        'ann-0': (each) => ({
          ...mine(each),
          ...slot('x', 'ann', at('11:00')),
          id: 'ann-0',
          status: 'busy',
          extension: mine(each).extension!,
        }),
      }),
      [visit()],
    )
    expect([repairs(found), doubts(found).map(({ kind }) => kind)]).toEqual([[], ['place_changed']])
  })

  test('where the Schedule was given to somebody else, and not the visit', () => {
    const when = (minute: number) => ({ versionId: '2', lastUpdated: `2027-02-01T08:0${minute}:00Z` })
    const kinds = (scheduleChanged: number, appointment: Appointment) => {
      const taken = directoryOf(schedule('ann', ['Practitioner/bob'], { meta: when(scheduleChanged) }))
      return findingsOn(sightingOf(NOW, taken, daySlots({ 'ann-0': mine }), [appointment]), ['v'], MAPPING).map((found) => found.kind)
    }
    expect(kinds(1, visit())).toEqual(['doubt'])
    expect(kinds(2, { ...visit(), meta: when(1) })).toEqual(['doubt'])
    expect(kinds(1, { ...visit(), meta: when(2) })).toEqual(['repair'])
  })

  test('where of its Slots one was deleted and the other moved away', () => {
    const away = (each: Slot): Slot => ({ ...mine(each), start: SLOTS[3]!.start, end: SLOTS[3]!.end })
    const long = visit({ ownSlots: ['ann-0', 'ann-1'], lasts: 30 })
    expect(doubts(find(daySlots({ 'ann-0': away, 'ann-1': () => undefined }), [long])).map(({ kind }) => kind)).toEqual(['place_changed'])
  })

  test('where a claimed Slot was changed after the visit', () => {
    const late = (each: Slot): Slot => ({
      ...mine(each),
      start: SLOTS[2]!.start,
      end: SLOTS[2]!.end,
      meta: { lastUpdated: '2027-02-01T08:02:00Z' },
    })
    const touched = { ...visit(), meta: { versionId: '2', lastUpdated: '2027-02-01T08:01:00Z' } }
    expect(doubts(find(daySlots({ 'ann-0': late }), [touched])).map(({ kind }) => kind)).toEqual(['place_changed'])
  })

  test('where nobody is named any more who could have it, or when', () => {
    for (const changes of [by(), by('Location/site'), { start: 'soon' }]) {
      const found = find(daySlots({ 'ann-0': mine }), [moved(visit(), changes)])
      expect([repairs(found), doubts(found).map(({ kind }) => kind)]).toEqual([[], ['place_changed']])
    }
  })

  test('where two Appointments have one id', () => {
    const copy = { ...visit(), id: 'copy' }
    const found = find(daySlots({ 'ann-0': mine }), [visit(), copy])
    expect([repairs(found), doubts(found)]).toMatchObject([
      [],
      [{ kind: 'duplicate_identifier', appointmentIds: ['fhir-v', 'copy'], patient: 'Patient/p' }],
    ])
  })

  test('to wait, where what is in the way is about to end', () => {
    const hold = gatewayVisit('w', { startsAt: at('09:30'), ownSlots: ['ann-2'], holdExpires: NOW - 1 })
    const lapsed = (each: Slot): Slot => claimed(each, 'w', 'busy-tentative', NOW - 1)
    expect(find(daySlots({ 'ann-0': mine, 'ann-2': lapsed }), [onto, hold])).toMatchObject([{ kind: 'wait' }])
    expect(find(daySlots({ 'ann-0': mine, 'ann-2': ofOther }), [onto])).toMatchObject([{ kind: 'wait' }])
    const live = gatewayVisit('w', { startsAt: at('09:30'), ownSlots: ['ann-2'], holdExpires: NOW + 1 })
    const held = (each: Slot): Slot => claimed(each, 'w', 'busy-tentative', NOW + 1)
    expect(find(daySlots({ 'ann-0': mine, 'ann-2': held }), [onto, live])).toMatchObject([{ kind: 'wait' }])
  })
})

describe('an overlap', () => {
  const slots = daySlots({ 'ann-0': mine })

  test.for<readonly [rule: string, other: Appointment]>([
    ['with an entry of the front desk', deskVisit(['Practitioner/ann'], at('09:10'), 15)],
    ['with one that began before', deskVisit(['Practitioner/ann'], at('08:00'), 61)],
    ['with one that waits for staff', deskVisit(['Practitioner/ann'], at('09:00'), 15, { status: 'pending' })],
    ['in more than one actor', deskVisit(['Practitioner/ann', 'Location/room'], at('09:00'), 15)],
  ])('%s is one doubt', ([, other]) => {
    const found = doubts(find(slots, [visit({ actors: [{ reference: 'Practitioner/ann' }, { reference: 'Location/room' }] }), other]))
    expect(found).toMatchObject([{ kind: 'overlap', appointmentIds: ['desk', 'fhir-v'], slotIds: [], patient: 'Patient/p' }])
  })

  test('of two patients of the gateway names neither', () => {
    const found = doubts(
      find(daySlots({ 'ann-0': mine, 'ann-1': ofOther }), [
        visit({ lasts: 15 }),
        gatewayVisit('w', { patient: 'Patient/q', ownSlots: ['ann-1'], startsAt: at('09:10') }),
      ]),
    )
    expect(found.filter(({ kind }) => kind === 'overlap')).toEqual([
      { kind: 'overlap', key: 'overlap fhir-v fhir-w 2027-03-01T17:10:00.000Z', appointmentIds: ['fhir-v', 'fhir-w'], slotIds: [] },
    ])
  })

  test('has the same key whatever was read first, and another one at another time', () => {
    const keyOf = (visits: Appointment[]) => doubts(find(slots, visits))[0]?.key
    const entry = deskVisit(['Practitioner/ann'], at('09:00'), 15)
    expect(keyOf([visit(), entry])).toBe(keyOf([entry, visit()]))
    expect(keyOf([visit(), deskVisit(['Practitioner/ann'], at('09:05'), 15)])).not.toBe(keyOf([entry, visit()]))
  })
})

test('what has to be read before a visit can be judged: its Appointment, the Slots it names, and who claims those', () => {
  const seen = sightingOf(NOW, directory, daySlots({ 'ann-0': ofOther, 'ann-1': () => undefined }), [visit({ blockedSlots: ['ann-1'] })])
  expect(unreadOf(seen, ['v', 'x'])).toEqual({ appointmentIds: ['w', 'x'], slotIds: ['ann-1'] })
  expect(unreadOf(seen, [])).toEqual({ appointmentIds: [], slotIds: [] })
})

test('a claim on a Slot that was entered in error is none', () => {
  const odd = withClaim(SLOTS[0]!, { appointmentId: 'nobody', status: 'busy', version: '1' })
  expect(find([{ ...odd, status: 'entered-in-error' }], [], ['nobody'])).toEqual([])
})

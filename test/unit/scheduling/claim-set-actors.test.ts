import { describe, expect, test } from 'vitest'
import type { Appointment, FhirResource } from 'fhir/r4.js'
import { claimSet } from '../../../src/scheduling/claim-set.ts'
import { Directory } from '../../../src/scheduling/directory.ts'
import { at, deskVisit, gatewayVisit, location, NOW, practitioner, role, schedule, slot, windowOf } from '../helpers/day.ts'

const NINE = at('09:00')
const PEOPLE: readonly FhirResource[] = [
  practitioner('ann'),
  practitioner('bob'),
  role('ann-role', 'ann'),
  location('room', 'ro'),
  location('site', 'si'),
  location('nowhere'),
]

/** Claims 09:00-09:15 on the first Schedule; the second has one Slot that reaches into that time. */
function claimBeside(first: readonly string[], second: readonly string[], changes = {}, minutes = 30): string[] | string {
  const directory = new Directory([...PEOPLE, schedule('first', first), schedule('second', second)])
  const window = windowOf(directory, [slot('mine', 'first', NINE), slot('theirs', 'second', NINE, minutes, changes)])
  const set = claimSet(window, { slotId: 'mine', start: NINE, minutes: 15, bufferBeforeMinutes: 0, bufferAfterMinutes: 0 })
  return set.kind === 'claim' ? [...set.own, ...set.blocked].map((each) => each.id) : set.kind
}

describe('Slots of other Schedules', () => {
  test.for<readonly [rule: string, first: readonly string[], second: readonly string[], shared: boolean]>([
    ['two Schedules of one practitioner', ['Practitioner/ann'], ['Practitioner/ann'], true],
    ['a practitioner and his PractitionerRole', ['Practitioner/ann'], ['PractitionerRole/ann-role'], true],
    ['a PractitionerRole and its practitioner', ['PractitionerRole/ann-role'], ['Practitioner/ann'], true],
    ['two practitioners', ['Practitioner/ann'], ['Practitioner/bob'], false],
    ['two practitioners in one room', ['Practitioner/ann', 'Location/room'], ['Practitioner/bob', 'Location/room'], true],
    ['a practitioner in a room and the room alone', ['Practitioner/ann', 'Location/room'], ['Location/room'], true],
    ['two practitioners on one site', ['Practitioner/ann', 'Location/site'], ['Practitioner/bob', 'Location/site'], false],
    [
      'two practitioners at a place of unknown kind',
      ['Practitioner/ann', 'Location/nowhere'],
      ['Practitioner/bob', 'Location/nowhere'],
      false,
    ],
    ['two practitioners with one device', ['Practitioner/ann', 'Device/laser'], ['Practitioner/bob', 'Device/laser'], true],
    ['a PractitionerRole that is not known, with itself', ['PractitionerRole/gone'], ['PractitionerRole/gone'], true],
  ])('%s', ([, first, second, shared]) => {
    expect(claimBeside(first, second)).toEqual(shared ? ['mine', 'theirs'] : ['mine'])
    expect(claimBeside(first, second, { status: 'busy' })).toEqual(shared ? 'taken' : ['mine'])
  })

  test('a Slot of the same practitioner that begins before the visit and reaches into it is blocked too', () => {
    const directory = new Directory([...PEOPLE, schedule('first', ['Practitioner/ann']), schedule('second', ['Practitioner/ann'])])
    const window = windowOf(directory, [
      slot('mine', 'first', NINE),
      slot('before', 'second', at('08:40'), 30),
      slot('touches', 'second', at('08:30'), 30),
    ])
    const set = claimSet(window, { slotId: 'mine', start: NINE, minutes: 15, bufferBeforeMinutes: 0, bufferAfterMinutes: 0 })
    expect(set).toMatchObject({ kind: 'claim', own: [{ id: 'mine' }], blocked: [{ id: 'before' }] })
  })

  test('a chain never leads from one Schedule to another', () => {
    const directory = new Directory([...PEOPLE, schedule('first', ['Practitioner/ann']), schedule('second', ['Practitioner/ann'])])
    const window = windowOf(directory, [slot('mine', 'first', NINE), slot('next', 'second', at('09:15'))])
    expect(claimSet(window, { slotId: 'mine', start: NINE, minutes: 30, bufferBeforeMinutes: 0, bufferAfterMinutes: 0 }).kind).toBe('taken')
  })
})

describe('Appointments without a Slot', () => {
  const kindWith = (visit: Appointment, actors: readonly string[] = ['Practitioner/ann', 'Location/room'], buffers = 0): string => {
    const window = windowOf(new Directory([...PEOPLE, schedule('first', actors)]), [slot('mine', 'first', NINE)], [visit])
    return claimSet(window, { slotId: 'mine', start: NINE, minutes: 15, bufferBeforeMinutes: buffers, bufferAfterMinutes: buffers }).kind
  }

  test.for<readonly [rule: string, visit: Appointment, kind: 'taken' | 'claim']>([
    ['of the practitioner block', deskVisit(['Practitioner/ann'], NINE, 15), 'taken'],
    ['of his role block', deskVisit(['PractitionerRole/ann-role'], NINE, 15), 'taken'],
    ['of the room block', deskVisit(['Location/room'], NINE, 15), 'taken'],
    ['of somebody else do not', deskVisit(['Practitioner/bob'], NINE, 15), 'claim'],
    ['on the same site do not', deskVisit(['Practitioner/bob', 'Location/site'], NINE, 15), 'claim'],
    ['that reach into the visit block', deskVisit(['Practitioner/ann'], at('08:50'), 15), 'taken'],
    ['that end where it begins do not', deskVisit(['Practitioner/ann'], at('08:45'), 15), 'claim'],
    ['that begin where it ends do not', deskVisit(['Practitioner/ann'], at('09:15'), 15), 'claim'],
    ['that have arrived block', deskVisit(['Practitioner/ann'], NINE, 15, { status: 'arrived' }), 'taken'],
    ['that the desk left pending block', deskVisit(['Practitioner/ann'], NINE, 15, { status: 'pending' }), 'taken'],
    ['that were cancelled do not', deskVisit(['Practitioner/ann'], NINE, 15, { status: 'cancelled' }), 'claim'],
    ['that are only proposed do not', deskVisit(['Practitioner/ann'], NINE, 15, { status: 'proposed' }), 'claim'],
    ['of a noshow do not', deskVisit(['Practitioner/ann'], NINE, 15, { status: 'noshow' }), 'claim'],
    [
      'that he has declined do not',
      deskVisit([], NINE, 15, { participant: [{ actor: { reference: 'Practitioner/ann' }, status: 'declined' }] }),
      'claim',
    ],
    ['held by the gateway block', gatewayVisit('other', { holdExpires: NOW + 1 }), 'taken'],
    ['held until a moment ago do not', gatewayVisit('other', { holdExpires: NOW }), 'claim'],
  ])('%s', ([, visit, kind]) => {
    expect(kindWith(visit)).toBe(kind)
  })

  test('block the buffers of a visit as well', () => {
    const before = deskVisit(['Practitioner/ann'], at('08:40'), 15)
    expect([kindWith(before), kindWith(before, undefined, 5), kindWith(before, undefined, 6)]).toEqual(['claim', 'claim', 'taken'])
  })

  test('without an end last as long as their duration says, otherwise half an hour', () => {
    const open = (minutesDuration?: number): Appointment => {
      const { end: _, ...rest } = deskVisit(['Practitioner/ann'], at('08:40'), 1)
      return { ...rest, ...(minutesDuration !== undefined && { minutesDuration }) }
    }
    expect([kindWith(open(20)), kindWith(open(21)), kindWith(open())]).toEqual(['claim', 'taken', 'taken'])
  })
})

describe('a Schedule of nothing but a place', () => {
  test('of a site is one line of time: its Slots exclude each other', () => {
    expect(claimBeside(['Location/site'], ['Location/site'])).toEqual(['mine', 'theirs'])
  })

  test('of a site does not exclude the practitioners there', () => {
    expect(claimBeside(['Location/site'], ['Practitioner/ann', 'Location/site'])).toEqual(['mine'])
    expect(claimBeside(['Practitioner/ann', 'Location/site'], ['Location/site'])).toEqual(['mine'])
  })

  test("a visit to a practitioner on the site does not take the time of the site's own Schedule", () => {
    const directory = new Directory([
      ...PEOPLE,
      schedule('line', ['Location/site']),
      schedule('ann', ['Practitioner/ann', 'Location/site']),
    ])
    // So claim-plan.ts writes it: the place takes part in every visit on the site.
    const visit = gatewayVisit('hers', { actors: [{ reference: 'Practitioner/ann' }, { reference: 'Location/site' }] })
    const window = windowOf(directory, [slot('mine', 'line', NINE)], [visit])
    expect(claimSet(window, { slotId: 'mine', start: NINE, minutes: 15, bufferBeforeMinutes: 0, bufferAfterMinutes: 0 }).kind).toBe('claim')
  })
})

import { describe, expect, test } from 'vitest'
import type { CodeableConcept, Schedule, Slot } from 'fhir/r4.js'
import type { VisitType } from '../../../src/clinic/mapping.ts'
import { offersType, servesType } from '../../../src/scheduling/policies.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { at, directoryOf, practitioner, schedule, slot } from '../helpers/day.ts'

const code = (system: string | undefined, value: string): CodeableConcept => ({
  coding: [{ ...(system !== undefined && { system }), code: value }],
})
const BASE = testMapping().visitTypes[0]!
const type = (match: Partial<VisitType['match']>, changes: Partial<VisitType> = {}): VisitType => ({
  ...BASE,
  match: { serviceType: [], specialty: [], appointmentType: [], schedules: [], ...match },
  ...changes,
})

function serves(wanted: VisitType, slotChanges: Partial<Slot> = {}, scheduleChanges: Partial<Schedule> = {}): boolean {
  const directory = directoryOf(practitioner('ann'), schedule('s', ['Practitioner/ann'], scheduleChanges))
  return servesType(slot('x', 's', at('09:00'), 15, slotChanges), directory.schedules.get('s')!, wanted)
}

describe('codings of a Slot', () => {
  const CARDIO = type({ serviceType: ['https://a.example|cardio'] })
  test.for<readonly [rule: string, slotChanges: Partial<Slot>, scheduleChanges: Partial<Schedule>, expected: boolean]>([
    ['system and code are met', { serviceType: [code('https://a.example', 'cardio')] }, {}, true],
    ['the same code of another system is not', { serviceType: [code('https://b.example', 'cardio')] }, {}, false],
    ['the same code without a system is not', { serviceType: [code(undefined, 'cardio')] }, {}, false],
    ['another code of the system is not', { serviceType: [code('https://a.example', 'derma')] }, {}, false],
    [
      'a display or text is not',
      { serviceType: [{ text: 'cardio', coding: [{ system: 'https://a.example', display: 'cardio' }] }] },
      {},
      false,
    ],
    ['one of several concepts is enough', { serviceType: [code('x', 'y'), code('https://a.example', 'cardio')] }, {}, true],
    [
      'one of several codings is enough',
      { serviceType: [{ coding: [{ code: 'z' }, { system: 'https://a.example', code: 'cardio' }] }] },
      {},
      true,
    ],
    ['where the Slot is silent its Schedule speaks', {}, { serviceType: [code('https://a.example', 'cardio')] }, true],
    [
      'where the Slot speaks its Schedule does not',
      { serviceType: [code('https://a.example', 'derma')] },
      { serviceType: [code('https://a.example', 'cardio')] },
      false,
    ],
    ['where both are silent it is not met', {}, {}, false],
  ])('%s', ([, slotChanges, scheduleChanges, expected]) => {
    expect(serves(CARDIO, slotChanges, scheduleChanges)).toBe(expected)
  })

  test('a coding without a system in the mapping means one without a system in the EHR', () => {
    const bare = type({ serviceType: ['|cardio'] })
    expect(serves(bare, { serviceType: [code(undefined, 'cardio')] })).toBe(true)
    expect(serves(bare, { serviceType: [code('https://a.example', 'cardio')] })).toBe(false)
  })

  test('one of several codings in the mapping is enough', () => {
    expect(serves(type({ serviceType: ['x|y', 'https://a.example|cardio'] }), { serviceType: [code('https://a.example', 'cardio')] })).toBe(
      true,
    )
  })

  test('every list that is not empty must be met', () => {
    const both = type({ serviceType: ['a|1'], specialty: ['b|2'], appointmentType: ['c|3'] })
    const full = { serviceType: [code('a', '1')], specialty: [code('b', '2')], appointmentType: code('c', '3') }
    expect(serves(both, full)).toBe(true)
    expect(serves(both, { ...full, serviceType: [code('a', '2')] })).toBe(false)
    expect(serves(both, { ...full, specialty: [code('b', '1')] })).toBe(false)
    expect(serves(both, { ...full, appointmentType: code('c', '1') })).toBe(false)
  })

  test('specialty may stand on the Schedule, appointmentType only on the Slot', () => {
    expect(serves(type({ specialty: ['b|2'] }), {}, { specialty: [code('b', '2')] })).toBe(true)
    expect(serves(type({ appointmentType: ['c|3'] }), { appointmentType: code('c', '3') })).toBe(true)
    expect(serves(type({ appointmentType: ['c|3'] }))).toBe(false)
  })
})

describe('a Schedule offers a visit type', () => {
  const offers = (wanted: VisitType, changes: Partial<Schedule> = {}, actors: readonly string[] = ['Practitioner/ann']) =>
    offersType(directoryOf(practitioner('ann'), schedule('s', actors, changes)).schedules.get('s')!, wanted)

  test.for<
    readonly [rule: string, wanted: VisitType, changes: Partial<Schedule>, actors: readonly string[] | undefined, expected: boolean]
  >([
    ['when nothing speaks against it', type({}), {}, undefined, true],
    ['when active is true', type({}), { active: true }, undefined, true],
    ['not when it is not active', type({}), { active: false }, undefined, false],
    ['when it is listed', type({ schedules: ['Schedule/s'] }), {}, undefined, true],
    ['not when others are listed', type({ schedules: ['Schedule/t'] }), {}, undefined, false],
    ['not when it is listed but not active', type({ schedules: ['Schedule/s'] }), { active: false }, undefined, false],
    ['when its provider is named', type({}, { providers: ['Practitioner/ann'] }), {}, undefined, true],
    ['not when others are named', type({}, { providers: ['Practitioner/bob'] }), {}, undefined, false],
    ['not when somebody is named and it has no provider', type({}, { providers: ['Practitioner/ann'] }), {}, ['Location/room'], false],
    ['not when nobody is named at all', type({}, { providers: [] }), {}, undefined, false],
  ])('%s', ([, wanted, changes, actors, expected]) => {
    expect(offers(wanted, changes, actors)).toBe(expected)
  })

  test('and a Slot on a Schedule that does not offer it never serves it', () => {
    expect(serves(type({}), {}, { active: false })).toBe(false)
  })
})

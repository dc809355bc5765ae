import { describe, expect, test } from 'vitest'
import type { Appointment } from 'fhir/r4.js'
import type { VisitType } from '../../../src/clinic/mapping.ts'
import { DAY, MINUTE } from '../../../src/scheduling/interval.ts'
import { patientPolicy, timePolicy, type PatientRequest, type Policy } from '../../../src/scheduling/policies.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { at, deskVisit, gatewayVisit, NOW } from '../helpers/day.ts'

const mapping = testMapping({ holds: { ttlSeconds: 300, perPatient: 2 } })
const TYPE: VisitType = { ...mapping.visitTypes[0]!, noticeMinutes: 60, horizonDays: 10, minDaysBetween: 7 }
const NINE = at('09:00')

describe('when a visit may start', () => {
  test.for<readonly [rule: string, start: number, policy: Policy | undefined]>([
    ['not in the past', NOW - 1, 'past'],
    ['not at this very moment', NOW, 'past'],
    ['not with less notice than asked for', NOW + 60 * MINUTE - 1, 'notice'],
    ['with exactly the notice', NOW + 60 * MINUTE, undefined],
    ['exactly at the horizon', NOW + 10 * DAY, undefined],
    ['not behind the horizon', NOW + 10 * DAY + 1, 'horizon'],
  ])('%s', ([, start, policy]) => {
    expect(timePolicy(start, NOW, TYPE)).toBe(policy)
  })

  test('without notice a moment from now is enough', () => {
    expect(timePolicy(NOW + 1, NOW, { ...TYPE, noticeMinutes: 0 })).toBeUndefined()
  })
})

describe('what the patient already has', () => {
  const visit = { start: NINE, end: NINE + 15 * MINUTE }
  const ask = (existing: readonly Appointment[], changes: Partial<PatientRequest> = {}) =>
    patientPolicy({ visit, type: TYPE, asHold: true, existing, ...changes }, mapping, NOW)
  const other = (start: number, changes: Partial<Appointment> = {}) => deskVisit(['Patient/p'], start, 15, changes)
  const same = (start: number) => gatewayVisit('mine', { startsAt: start })
  const hold = (id: string, holdExpires = NOW + 1) => gatewayVisit(id, { startsAt: at('15:00'), visitType: 'long', holdExpires })

  test.for<readonly [rule: string, existing: readonly Appointment[], policy: Policy | undefined]>([
    ['nothing refuses nothing', [], undefined],
    ['a visit at the same time refuses', [other(NINE)], 'patient_busy'],
    ['a visit that ends within refuses', [other(at('08:50'))], 'patient_busy'],
    ['a visit that ends where the new one begins does not', [other(at('08:45'))], undefined],
    ['a visit that begins where the new one ends does not', [other(at('09:15'))], undefined],
    ['a cancelled visit at the same time does not', [other(NINE, { status: 'cancelled' })], undefined],
    ['a hold that has run out at the same time does not', [gatewayVisit('x', { startsAt: NINE, holdExpires: NOW })], undefined],
    ['a visit without a time does not', [{ ...other(NINE), start: 'soon' }], undefined],
    ['one of the same type within the days refuses', [same(NINE + 7 * DAY - 1000)], 'same_type_too_soon'],
    ['one of the same type within the days before refuses', [same(NINE - 7 * DAY + 1000)], 'same_type_too_soon'],
    ['one of the same type so many days away does not', [same(NINE + 7 * DAY), same(NINE - 7 * DAY)], undefined],
    ['one of another type within the days does not', [gatewayVisit('x', { startsAt: NINE + DAY, visitType: 'long' })], undefined],
    ['as many live holds as allowed refuse', [hold('a'), hold('b')], 'too_many_holds'],
    ['fewer do not', [hold('a')], undefined],
    ['holds that have run out do not count', [hold('a'), hold('b', NOW)], undefined],
    ['booked visits are no holds', [hold('a'), gatewayVisit('b', { startsAt: at('15:00'), visitType: 'long' })], undefined],
    ['what the desk left pending is no hold', [hold('a'), other(at('16:00'), { status: 'pending' })], undefined],
  ])('%s', ([, existing, policy]) => {
    expect(ask(existing)).toBe(policy)
  })

  test('the number of holds does not matter to a booking', () => {
    expect(ask([hold('a'), hold('b')], { asHold: false })).toBeUndefined()
  })

  test('days between do not matter to a type that asks for none', () => {
    expect(ask([same(NINE + DAY)], { type: { ...TYPE, minDaysBetween: 0 } })).toBeUndefined()
  })

  test('the visit that is confirmed or moved does not stand in its own way', () => {
    const mine = gatewayVisit('mine', { startsAt: NINE, holdExpires: NOW + 1 })
    expect(ask([mine], { self: 'mine' })).toBeUndefined()
    expect(ask([mine, hold('a'), hold('b')], { self: 'mine' })).toBe('too_many_holds')
    expect(ask([mine], { self: 'another' })).toBe('patient_busy')
  })

  test('a desk entry, which has no id of the gateway, is never taken for the visit itself', () => {
    expect(ask([other(NINE)], { self: 'mine' })).toBe('patient_busy')
  })
})

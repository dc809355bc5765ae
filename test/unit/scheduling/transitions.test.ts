import { describe, expect, test } from 'vitest'
import type { Appointment } from 'fhir/r4.js'
import { withBooked, withCancelled } from '../../../src/fhir/appointment.ts'
import {
  stateOf,
  TRANSITIONS,
  type AppointmentState,
  type Transition,
  type TransitionVerdict,
} from '../../../src/scheduling/transitions.ts'
import { holdEnd } from '../../../src/scheduling/write.ts'
import { at, deskVisit, gatewayVisit, NOW } from '../helpers/day.ts'

const hold = gatewayVisit('h', { holdExpires: NOW + 1 })

describe('the state of an Appointment', () => {
  test.for<readonly [rule: string, appointment: Appointment, state: AppointmentState]>([
    ['a hold that lasts is held', hold, 'held'],
    ['a hold that has run out has lapsed although nobody wrote that down', gatewayVisit('h', { holdExpires: NOW }), 'lapsed'],
    ['a confirmed hold is booked', withBooked(hold), 'booked'],
    ['a booked one is booked', gatewayVisit('b'), 'booked'],
    ['one the clinic left pending is in its hands', deskVisit([], at('09:00'), 15, { status: 'pending' }), 'closed'],
    [
      'one cancelled for a reason of a person is cancelled',
      withCancelled(hold, { coding: [{ system: 'x', code: 'expired' }] }),
      'cancelled',
    ],
    ['one cancelled without a reason is cancelled', { ...hold, status: 'cancelled' }, 'cancelled'],
    ['one released is released', withCancelled(hold, holdEnd('released')), 'released'],
    ['one written down as expired is expired', withCancelled(hold, holdEnd('expired')), 'expired'],
    ...(['proposed', 'arrived', 'fulfilled', 'noshow', 'entered-in-error', 'checked-in', 'waitlist'] as const).map(
      (status) => [`one that is ${status} is in the clinic's hands`, { ...hold, status }, 'closed'] as const,
    ),
  ])('%s', ([, appointment, state]) => {
    expect(stateOf(appointment, NOW)).toBe(state)
  })
})

describe('what each transition means in each state', () => {
  const STATES = ['held', 'booked', 'lapsed', 'expired', 'released', 'cancelled', 'closed'] as const
  const no = 'invalid_transition'
  test.for<readonly [Transition, readonly TransitionVerdict[]]>([
    ['confirm', ['go', 'done', 'hold_expired', 'hold_expired', no, no, no]],
    ['release', ['go', no, 'go', 'done', 'done', 'done', no]],
    ['cancel', ['go', 'go', 'go', 'done', 'done', 'done', no]],
    ['reschedule', [no, 'go', no, no, no, no, no]],
  ])('%s', ([transition, verdicts]) => {
    expect(STATES.map((state) => TRANSITIONS[transition][state])).toEqual(verdicts)
    expect(Object.keys(TRANSITIONS[transition]).sort()).toEqual([...STATES].sort())
  })
})

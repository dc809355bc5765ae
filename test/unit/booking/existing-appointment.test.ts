import type { Appointment } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import { assertMayAccess, type Caller } from '../../../src/booking/caller.ts'
import { checkTransition, existingQuery, type ExistingRequest } from '../../../src/booking/existing-appointment.ts'
import { notFound } from '../../../src/booking/errors.ts'
import type { Reading } from '../../../src/booking/ports.ts'
import { appointmentIdFor } from '../../../src/fhir/appointment-id.ts'
import { withCancelled } from '../../../src/fhir/appointment.ts'
import { at, deskVisit, gatewayVisit, NOW } from '../helpers/day.ts'

const reading: Reading = { now: NOW, readUntil: NOW, all: () => [], isComplete: () => true }
const caller: Caller = { clientId: 'chatbot', patient: 'Patient/p', anyPatient: false }
const ask = (changes: Partial<ExistingRequest> = {}): ExistingRequest => ({ caller, appointmentId: 'x', what: 'appointment', ...changes })

describe('who may reach an appointment', () => {
  const his = gatewayVisit('v', { patient: 'Patient/p' })
  const nobodys = gatewayVisit('v', { clientId: 'chatbot' })
  const may = (appointment: Appointment, changes: Partial<Caller>) => {
    try {
      assertMayAccess(appointment, { clientId: 'chatbot', anyPatient: false, ...changes }, 'appointment')
      return true
    } catch (error) {
      // The same words as for an id that nobody has: P7.
      expect(error).toEqual(notFound('appointment', true))
      expect((error as Error).message).toBe(notFound('appointment').message)
      return false
    }
  }

  test.for<readonly [rule: string, appointment: Appointment, caller: Partial<Caller>, allowed: boolean]>([
    ['its patient', his, { patient: 'Patient/p' }, true],
    ['its patient through another client', his, { patient: 'Patient/p', clientId: 'other' }, true],
    ['not another patient', his, { patient: 'Patient/q' }, false],
    ['not a patient whose id only begins the same', his, { patient: 'Patient/p2' }, false],
    ['not nobody', his, {}, false],
    ['a client for any patient that names none', his, { anyPatient: true }, true],
    ['a client for any patient that names him', his, { anyPatient: true, patient: 'Patient/p' }, true],
    ['not a client for any patient that names another', his, { anyPatient: true, patient: 'Patient/q' }, false],
    ['a hold without patient: the client that made it', nobodys, {}, true],
    ['a hold without patient: not another client', nobodys, { clientId: 'other' }, false],
    ['a hold without patient: not another client, even for any patient', nobodys, { clientId: 'other', anyPatient: true }, false],
  ])('%s', ([, appointment, who, allowed]) => {
    expect(may(appointment, who)).toBe(allowed)
  })
})

describe('an appointment is looked for', () => {
  const own = appointmentIdFor({ clientId: 'c', operation: 'hold', key: 'k' }, at('09:00'), 's')

  test('by the id of the gateway, with its Slots where they are asked for', () => {
    expect(existingQuery({ appointmentId: own, what: 'hold' }, false)).toMatchObject({
      params: [['identifier', expect.stringContaining(own)]],
    })
    expect(existingQuery({ appointmentId: own, what: 'hold' }, true)).toMatchObject({ params: [{}, ['_include', 'Appointment:slot'], {}] })
  })

  test('by the id of the EHR where the clinic made it, but never as a hold', () => {
    expect(existingQuery({ appointmentId: 'ehr-77', what: 'appointment' }, true)).toMatchObject({ params: [['_id', '77']] })
    expect(() => existingQuery({ appointmentId: 'ehr-77', what: 'hold' }, true)).toThrow(expect.objectContaining({ code: 'not_found' }))
  })

  test.for(['', 'x', 'ehr-', 'ehr-a/b', 'ehr-a,b', 'ehr-*', `${own}0`, own.toUpperCase()])(
    'and %j is not found without asking',
    (appointmentId) => {
      expect(() => existingQuery({ appointmentId, what: 'appointment' }, true)).toThrow(expect.objectContaining({ code: 'not_found' }))
    },
  )
})

describe('a transition', () => {
  const booked = gatewayVisit('v')
  const cancelled = withCancelled(booked, { text: 'why' })

  test('goes where nothing is against it, and is done where it is so already', () => {
    expect(checkTransition(booked, 'cancel', ask(), reading)).toBe('go')
    expect(checkTransition(cancelled, 'cancel', ask(), reading)).toBe('done')
  })

  test('is refused when the version is not the one that was seen', () => {
    expect(() => checkTransition(booked, 'cancel', ask({ expectedVersion: '9' }), reading)).toThrow(
      expect.objectContaining({ code: 'version_mismatch' }),
    )
    expect(checkTransition(booked, 'cancel', ask({ expectedVersion: '1' }), reading)).toBe('go')
  })

  test('that is done stays done with an old version: it is a repetition', () => {
    expect(checkTransition(cancelled, 'cancel', ask({ expectedVersion: '9' }), reading)).toBe('done')
  })

  test.for<readonly [what: string, appointment: Appointment, transition: 'confirm' | 'reschedule', code: string]>([
    ['a hold that has run out', gatewayVisit('v', { holdExpires: NOW }), 'confirm', 'hold_expired'],
    ['a cancelled visit', cancelled, 'reschedule', 'invalid_transition'],
    ['what the clinic made itself', deskVisit([], at('09:00'), 15), 'reschedule', 'policy_refused'],
  ])('is refused for %s', ([, appointment, transition, code]) => {
    expect(() => checkTransition(appointment, transition, ask(), reading)).toThrow(expect.objectContaining({ code }))
  })
})

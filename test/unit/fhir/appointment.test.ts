import { describe, expect, test } from 'vitest'
import {
  appointmentIdOf,
  claimedSlotIds,
  clientOf,
  holdExpiresOf,
  modalityOf,
  nextVersion,
  patientOf,
  visitTypeOf,
  withBooked,
  withCancelled,
  withModality,
  withPatient,
  withSlots,
} from '../../../src/fhir/appointment.ts'
import { confirmationCode } from '../../../src/fhir/ids.ts'
import { HOLD_EXPIRES_URL } from '../../../src/fhir/vocabulary.ts'
import { deskVisit, gatewayVisit, NOW } from '../helpers/day.ts'

/** Paths of everything FHIR JSON forbids: empty arrays, empty objects, null, undefined. */
function flaws(value: unknown, path = ''): string[] {
  if (value === null || value === undefined || value === '') return [path]
  if (typeof value !== 'object') return []
  const entries = Object.entries(value)
  return entries.length === 0 ? [path] : entries.flatMap(([key, each]) => flaws(each, `${path}/${key}`))
}

const hold = gatewayVisit('h', { holdExpires: NOW, patient: 'Patient/p', ownSlots: ['s1', 's2'], blockedSlots: ['s3'] })
const bare = gatewayVisit('b')

describe('a new Appointment', () => {
  test('that is a hold is pending, says until when, and everybody is tentative', () => {
    expect(hold).toMatchObject({
      status: 'pending',
      start: '2027-03-01T09:00:00-08:00',
      end: '2027-03-01T09:15:00-08:00',
      minutesDuration: 15,
    })
    expect(holdExpiresOf(hold)).toBe(NOW)
    expect(hold.participant.map((each) => each.status)).toEqual(['tentative', 'tentative'])
  })

  test('that is a booking is booked, never expires, and everybody has accepted', () => {
    expect(bare.status).toBe('booked')
    expect(holdExpiresOf(bare)).toBeUndefined()
    expect(bare.participant.map((each) => each.status)).toEqual(['accepted'])
  })

  test('says whose it is, what it is, how it takes place, for whom, and what it claims', () => {
    expect(appointmentIdOf(hold)).toBe('h')
    expect(hold.identifier?.[1]?.value).toBe(confirmationCode('h'))
    expect([clientOf(hold), visitTypeOf(hold), modalityOf(hold), patientOf(hold)]).toEqual(['chatbot', 'short', 'in-person', 'Patient/p'])
    expect(claimedSlotIds(hold)).toEqual(['s1', 's2', 's3'])
  })

  test.for([
    ['with everything', hold],
    ['with nothing that can be left out', bare],
    ['without a patient', gatewayVisit('x', { holdExpires: NOW })],
    [
      'with codings of the clinic',
      gatewayVisit('x', { serviceType: [{ text: 'a' }], specialty: [{ text: 'b' }], appointmentType: { text: 'c' } }),
    ],
    ['confirmed', withBooked(hold)],
    ['cancelled', withCancelled(hold, { text: 'why' })],
    ['without Slots', withSlots(hold, [], [])],
  ] as const)('is valid FHIR JSON %s: nothing in it is empty', ([, appointment]) => {
    expect(flaws(appointment)).toEqual([])
  })
})

describe('confirming', () => {
  test('books it, ends the expiry, makes everybody accept, and changes nothing else', () => {
    const { status: _, extension, participant, ...rest } = withBooked(hold)
    const { status: _pending, extension: before, participant: people, ...same } = hold
    expect(rest).toEqual(same)
    expect(extension).toEqual(before?.filter((each) => each.url !== HOLD_EXPIRES_URL))
    expect(participant).toEqual(people.map((each) => ({ ...each, status: 'accepted' })))
    expect(withBooked(hold).status).toBe('booked')
  })

  test('leaves no empty list where the expiry was the only extension, FHIR forbids it', () => {
    const only = { ...hold, extension: hold.extension!.filter((each) => each.url === HOLD_EXPIRES_URL) }
    expect(flaws(withBooked(only))).toEqual([])
  })
})

describe('the Slots of an Appointment', () => {
  const others = [{ reference: 'DocumentReference/d' }, { display: 'a note' }]

  test('are replaced, and supporting information of others stays', () => {
    const moved = withSlots({ ...hold, supportingInformation: [...others, { reference: 'Slot/s3' }] }, ['n1'], ['n2'])
    expect(moved.slot).toEqual([{ reference: 'Slot/n1' }])
    expect(moved.supportingInformation).toEqual([...others, { reference: 'Slot/n2' }])
    expect(claimedSlotIds(moved)).toEqual(['n1', 'n2'])
  })

  test('leave no empty list behind', () => {
    const empty = withSlots(hold, [], [])
    expect([empty.slot, empty.supportingInformation]).toEqual([undefined, undefined])
    expect(Object.keys(empty)).not.toContain('supportingInformation')
  })
})

describe('the patient', () => {
  test('is added, replaces another, and has accepted what is booked', () => {
    const both = withPatient(withPatient(bare, 'Patient/a'), 'Patient/b')
    expect(both.participant).toEqual([{ actor: { reference: 'Patient/b' }, required: 'required', status: 'accepted' }, ...bare.participant])
    expect(patientOf(both)).toBe('Patient/b')
    expect(withPatient(gatewayVisit('h', { holdExpires: NOW }), 'Patient/a').participant[0]?.status).toBe('tentative')
  })
})

test('the modality is replaced, other extensions stay', () => {
  const changed = withModality(hold, 'phone')
  expect(modalityOf(changed)).toBe('phone')
  expect(changed.extension).toHaveLength(hold.extension!.length)
  expect(holdExpiresOf(changed)).toBe(NOW)
})

test('a cancelled one keeps its Slots, which tell what it had', () => {
  const ended = withCancelled(hold, { text: 'why' })
  expect(ended).toEqual({ ...hold, status: 'cancelled', cancelationReason: { text: 'why' } })
})

test('the next version is one more, and the first of a new one is 1', () => {
  const { id: _, ...fresh } = bare
  expect([nextVersion({ ...bare, meta: { versionId: '9' } }), nextVersion(fresh)]).toEqual(['10', '1'])
})

test('an Appointment of the front desk has none of what the gateway writes', () => {
  const desk = deskVisit(['Practitioner/ann'], NOW, 15)
  expect([appointmentIdOf(desk), clientOf(desk), visitTypeOf(desk), modalityOf(desk), patientOf(desk), holdExpiresOf(desk)]).toEqual(
    Array.from({ length: 6 }),
  )
})

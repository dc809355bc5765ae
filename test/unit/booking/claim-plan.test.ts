import { describe, expect, test } from 'vitest'
import type { Bundle } from 'fhir/r4.js'
import {
  assertOfferAllowed,
  claimOffer,
  commitPlan,
  modalityFor,
  newAppointment,
  offerSpan,
  placeOf,
  visitTypeNamed,
} from '../../../src/booking/claim-plan.ts'
import type { SlotOffer } from '../../../src/booking/slot-id.ts'
import { fingerprint } from '../../../src/fhir/ids.ts'
import { guardId } from '../../../src/fhir/patient-guard.ts'
import { transactionOf } from '../../../src/scheduling/write.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { at, claimed, deskVisit, directoryOf, gatewayVisit, location, NOW, practitioner, role, schedule, slot, windowOf } from '../helpers/day.ts'
import { receipt } from '../helpers/write-requests.ts'

const mapping = testMapping()
const type = (code: string) => visitTypeNamed(mapping, code)
const SERVICE = { serviceType: [{ coding: [{ system: 'https://test.example/service', code: 'general' }] }] }
const directory = directoryOf(
  practitioner('ann'),
  role('ann-role', 'ann'),
  location('house', 'bu'),
  schedule('s', ['PractitionerRole/ann-role', 'Location/house'], SERVICE),
)
const slots = ['08:45', '09:00', '09:15', '09:30'].map((time) => slot(time.replace(':', ''), 's', at(time)))
const window = windowOf(directory, slots)
const offer = (changes: Partial<SlotOffer> = {}): SlotOffer => ({
  slotId: '0900',
  type: type('buffered'),
  modality: 'in-person',
  start: at('09:00'),
  scheduleFingerprint: fingerprint('s'),
  ...changes,
})
const set = claimOffer(window, offer())

test('an offer spans the visit and both buffers', () => {
  expect(offerSpan(offer())).toEqual({ start: at('08:45'), end: at('09:45') })
})

describe('a claim', () => {
  test('takes what the offer says, or says why not', () => {
    expect([set.own.map((each) => each.id), set.blocked.map((each) => each.id)]).toEqual([
      ['0900', '0915'],
      ['0845', '0930'],
    ])
    expect(() => claimOffer(window, offer({ start: at('09:01') }))).toThrow(
      expect.objectContaining({ code: 'slot_taken', message: expect.stringContaining('moved') as string }),
    )
    const busy = windowOf(directory, [...slots.slice(1), { ...slots[0]!, status: 'busy' }])
    expect(() => claimOffer(busy, offer())).toThrow(expect.objectContaining({ code: 'slot_taken' }))
  })

  test.for<readonly [policy: string, changes: Partial<SlotOffer>, now: number]>([
    ['past', {}, at('09:00')],
    ['horizon', { type: { ...type('buffered'), horizonDays: 1 } }, NOW - 24 * 3_600_000],
    ['notice', { type: { ...type('buffered'), noticeMinutes: 600 } }, NOW],
    ['not_bookable', { type: type('staff-only') }, NOW],
    ['provider_not_for_type', { type: type('chosen') }, NOW],
  ])("is refused by the clinic's rule: %s", ([policy, changes, now]) => {
    expect(() => {
      assertOfferAllowed(offer(changes), set, now)
    }).toThrow(expect.objectContaining({ code: 'policy_refused', extras: expect.objectContaining({ policy }) as object }))
  })

  // The clock and the front desk change no version that an earlier send of the same request has read.
  test.for<readonly [policy: string, changes: Partial<SlotOffer>, now: number, extras: object]>([
    ['past', {}, at('09:00'), { policy: 'past', mayStillLand: true }],
    ['notice', { type: { ...type('buffered'), noticeMinutes: 600 } }, NOW, { policy: 'notice', mayStillLand: true }],
    ['not_bookable', { type: type('staff-only') }, NOW, { policy: 'not_bookable' }],
  ])('says whether its refusal rests on the clock: %s', ([, changes, now, extras]) => {
    expect(() => {
      assertOfferAllowed(offer(changes), set, now)
    }).toThrow(expect.objectContaining({ extras }))
  })

  test('that is refused for an entry of the front desk alone says so; for a Slot it does not', () => {
    const desk = windowOf(directory, slots, [deskVisit(['Practitioner/ann'], at('09:00'), 15)])
    expect(() => claimOffer(desk, offer())).toThrow(expect.objectContaining({ code: 'slot_taken', extras: { mayStillLand: true } }))
    const busy = windowOf(directory, [...slots.slice(1), { ...slots[0]!, status: 'busy' }])
    expect(() => claimOffer(busy, offer())).toThrow(expect.objectContaining({ code: 'slot_taken', extras: {} }))
  })

  test('is allowed where no rule is against it', () => {
    expect(() => {
      assertOfferAllowed(offer(), set, NOW)
    }).not.toThrow()
  })
})

describe('the Appointment of a claim', () => {
  const appointment = newAppointment({ appointmentId: 'ap-1', clientId: 'c', offer: offer(), set, patient: 'Patient/p', now: NOW }, mapping)

  test("has the visit's time without its buffers, and the Slots it uses and blocks", () => {
    expect(appointment).toMatchObject({ start: '2027-03-01T09:00:00-08:00', end: '2027-03-01T09:30:00-08:00', minutesDuration: 30 })
    expect(appointment.slot?.map((each) => each.reference)).toEqual(['Slot/0900', 'Slot/0915'])
    expect(appointment.supportingInformation?.map((each) => each.reference)).toEqual(['Slot/0845', 'Slot/0930'])
  })

  test('names the patient, the person behind the role, the role and the place, each once', () => {
    expect(appointment.participant.map((each) => each.actor?.reference)).toEqual([
      'Patient/p',
      'Practitioner/ann',
      'PractitionerRole/ann-role',
      'Location/house',
    ])
    expect(placeOf(set, mapping).actors).toHaveLength(3)
  })

  test('carries the codings that the mapping writes', () => {
    const writes = { serviceType: ['a|1'], specialty: ['|2'], appointmentType: 'c|3' }
    const coded = newAppointment(
      { appointmentId: 'ap-1', clientId: 'c', offer: offer({ type: { ...type('buffered'), writes } }), set, now: NOW },
      mapping,
    )
    expect(coded).toMatchObject({
      serviceType: [{ coding: [{ system: 'a', code: '1' }] }, { coding: [{ code: 'buffered' }] }],
      specialty: [{ coding: [{ code: '2' }] }],
      appointmentType: { coding: [{ system: 'c', code: '3' }] },
    })
  })
})

describe('the plan of a claim', () => {
  const appointment = newAppointment({ appointmentId: 'ap-1', clientId: 'c', offer: offer(), set, now: NOW, holdExpires: NOW + 1 }, mapping)
  const plan = commitPlan(
    { key: 'k', set, appointment, appointmentId: 'ap-1', until: NOW + 1, guarded: { patient: 'Patient/p', guard: undefined } },
    window.slots,
  )

  test('writes the Appointment, every Slot with its claim, and the guard of the patient', () => {
    if (plan.kind !== 'commit') throw new Error(plan.kind)
    expect(Object.fromEntries(plan.slots.map((each) => [each.id, each.status]))).toEqual({
      '0900': 'busy-tentative',
      '0915': 'busy-tentative',
      '0845': 'busy-unavailable',
      '0930': 'busy-unavailable',
    })
    const bundle: Bundle = transactionOf({ ...plan, receipt: receipt() })
    expect(bundle.entry?.map((entry) => entry.request?.url)).toEqual([
      `AuditEvent/${receipt().id ?? ''}`,
      `Basic/${guardId('Patient/p')}`,
      'Appointment',
      ...['0845', '0900', '0915', '0930'].map((id) => `Slot/${id}`),
    ])
  })

  test('first asks for the Slots that were not read, of what it leaves and of holds that end', () => {
    const leaving = gatewayVisit('ap-1', { ownSlots: ['1500'] })
    const ended = gatewayVisit('old', { blockedSlots: ['1600', '0845'] })
    const asked = commitPlan({ key: 'k', set: { ...set, expired: [ended] }, appointment, appointmentId: 'ap-1', leaving }, window.slots)
    expect(asked).toEqual({ kind: 'read-slots', ids: ['1500', '1600'] })
  })

  test('frees what it leaves, and what a hold that ends had besides', () => {
    const known = windowOf(directory, [
      ...slots,
      claimed(slot('1500', 's', at('15:00')), 'ap-1', 'busy'),
      claimed(slot('1600', 's', at('16:00')), 'old', 'busy-tentative', NOW),
      claimed(slot('1700', 's', at('17:00')), 'other', 'busy'),
    ]).slots
    const ended = gatewayVisit('old', { ownSlots: ['1600'] })
    const leaving = gatewayVisit('ap-1', { ownSlots: ['1500'] })
    const moved = commitPlan({ key: 'k', set: { ...set, expired: [ended] }, appointment, appointmentId: 'ap-1', leaving }, known)
    if (moved.kind !== 'commit') throw new Error(moved.kind)
    expect(moved.slots.filter((each) => each.status === 'free').map((each) => each.id)).toEqual(['1500', '1600'])
    expect(moved.slots.map((each) => each.id)).not.toContain('1700')
    expect(moved.ended).toEqual([ended])
  })
})

describe('what a caller names', () => {
  test('a modality is the one asked for, or the first of the visit type', () => {
    expect([modalityFor(type('short'), undefined), modalityFor(type('short'), 'telehealth')]).toEqual(['in-person', 'telehealth'])
    expect(() => modalityFor(type('long'), 'phone')).toThrow(
      expect.objectContaining({ code: 'invalid_request', extras: { path: 'modality' } }),
    )
  })

  test("a visit type is one of the clinic's, and the answer lists them", () => {
    expect(() => visitTypeNamed(mapping, 'lunch')).toThrow(/short, long, buffered/)
  })
})

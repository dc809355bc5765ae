import { describe, expect, test } from 'vitest'
import { EHR_MADE, showAppointment, showOffer } from '../../../src/booking/show.ts'
import { SlotIds } from '../../../src/booking/slot-id.ts'
import { withBooked, withCancelled } from '../../../src/fhir/appointment.ts'
import { confirmationCode } from '../../../src/fhir/ids.ts'
import { holdEnd } from '../../../src/scheduling/write.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { at, deskVisit, directoryOf, gatewayVisit, location, NOW, practitioner, role, schedule, ZONE } from '../helpers/day.ts'

const directory = directoryOf(
  practitioner('ann', [{ text: 'Dr. Ann Marsh' }]),
  role('ann-role', 'ann'),
  location('room', 'ro'),
  schedule('s', ['Practitioner/ann', 'Location/room']),
)
const hold = gatewayVisit('ap-1', {
  holdExpires: NOW + 60_000,
  patient: 'Patient/p',
  actors: [{ reference: 'Practitioner/ann' }, { reference: 'Location/room' }],
})
const shown = (appointment = hold, now = NOW) => showAppointment(appointment, now, directory, ZONE)

describe('an appointment is shown', () => {
  test('with everything a caller needs, and nothing of the patient', () => {
    expect(shown()).toEqual({
      appointment_id: 'ap-1',
      confirmation_code: confirmationCode('ap-1'),
      status: 'pending',
      state: 'held',
      version: '1',
      expires_at: '2027-03-01T00:01:00-08:00',
      type: 'short',
      start: '2027-03-01T09:00:00-08:00',
      end: '2027-03-01T09:15:00-08:00',
      timezone: ZONE,
      local_start: 'Monday, March 1 at 9:00 AM PST',
      provider: { id: 'ann', name: 'Dr. Ann Marsh' },
      location: { id: 'room', name: 'Place room' },
      modality: 'in-person',
    })
  })

  test('as cancelled and expired from the moment its hold runs out, whether or not somebody wrote that down', () => {
    const lapsed = shown(hold, NOW + 60_000)
    expect(lapsed).toMatchObject({ status: 'cancelled', state: 'expired' })
    expect(shown(withCancelled(hold, holdEnd('expired')))).toEqual({ ...lapsed })
  })

  test('without an expiry once it is booked', () => {
    expect(shown(withBooked(hold))).toMatchObject({ status: 'booked', state: 'booked', expires_at: null })
  })

  test('under an id of the EHR and without a code where the clinic made it itself', () => {
    const desk = deskVisit(['PractitionerRole/ann-role'], at('10:00'), 20, { id: '77' })
    expect(shown(desk)).toMatchObject({
      appointment_id: `${EHR_MADE}77`,
      confirmation_code: null,
      type: 'other',
      provider: { id: 'ann' },
      location: null,
    })
  })

  test('with a person or place nobody knows by the name that stands in it, or a plain word', () => {
    const strangers = (display?: string) =>
      shown(
        deskVisit([], at('10:00'), 20, {
          participant: ['Practitioner/new', 'Location/new'].map((reference) => ({
            actor: { reference, ...(display !== undefined && { display }) },
            status: 'accepted',
          })),
        }),
      )
    expect(strangers()).toMatchObject({ provider: { id: 'new', name: 'the provider' }, location: { id: 'new', name: 'the clinic' } })
    expect(strangers('New One')).toMatchObject({ provider: { name: 'New One' }, location: { name: 'New One' } })
  })
})

test('an offer is shown with a slot_id that can be read back', () => {
  const mapping = testMapping()
  const slotIds = new SlotIds(['a secret of the tests, long enough'], mapping)
  const offer = { slotId: 'x', schedule: directory.schedules.get('s')!, start: at('09:00'), end: at('09:15') }
  const { slot_id, ...rest } = showOffer(offer, mapping.visitTypes[0]!, 'telehealth', { mapping, slotIds })
  expect(slotIds.read(slot_id)).toMatchObject({ slotId: 'x', start: at('09:00'), modality: 'telehealth', type: { code: 'short' } })
  expect(rest).toMatchObject({
    type: 'short',
    start: '2027-03-01T09:00:00-08:00',
    end: '2027-03-01T09:15:00-08:00',
    modality: 'telehealth',
  })
})

import type { Misuse } from './cases.ts'
import { forge, MARK, type Scene } from './scene.ts'

const SECRET_OF_DEVELOPMENT = 'development-only-secret-never-use-in-production'

/** Holds with what the function makes of a real offer. */
const holdWith = (make: (offer: string, scene: Scene) => unknown) => (scene: Scene) =>
  scene.call('hold_time', { slot_id: make(scene.offers[0] ?? '', scene), patient_token: scene.token })
const invalidOffer = { outcome: 'invalid_slot_id', next: 'find_times' } as const

const flipped = (text: string, at: number): string => {
  const place = at < 0 ? text.length + at : at
  return text.slice(0, place) + (text[place] === 'A' ? 'B' : 'A') + text.slice(place + 1)
}

const OFFERS: readonly Misuse[] = [
  { name: 'an invented slot_id in the right form', act: holdWith(() => `${MARK}-slot.${'a'.repeat(24)}`), ...invalidOffer },
  { name: 'a slot_id with one letter of its seal changed', act: holdWith((offer) => flipped(offer, -3)), ...invalidOffer },
  { name: 'a slot_id with one letter of its Slot changed', act: holdWith((offer) => flipped(offer, 2)), ...invalidOffer },
  { name: 'a slot_id that lost its end', act: holdWith((offer) => offer.slice(0, -4)), ...invalidOffer },
  {
    name: 'the Slot of one offer with the seal of another',
    act: holdWith((offer, { offers }) => `${offer.split('.')[0]}.${offers[1]?.split('.')[1]}`),
    ...invalidOffer,
  },
  {
    name: 'a slot_id that another gateway has signed',
    act: holdWith((_offer, { desk }) =>
      forge(desk.slots[0]?.id ?? '', desk.schedule, Date.parse(desk.slots[0]?.start ?? ''), 'the secret of another clinic, long enough'),
    ),
    ...invalidOffer,
  },
  { name: 'a slot_id in capitals', act: holdWith((offer) => offer.toUpperCase()), ...invalidOffer },
  { name: 'a slot_id in quotation marks', act: holdWith((offer) => `"${offer}"`), ...invalidOffer },
  { name: 'a FHIR reference for a slot_id', act: holdWith((_offer, { desk }) => `Slot/${desk.slots[0]?.id}`), ...invalidOffer },
  { name: 'the words of a time for a slot_id', act: holdWith(() => 'Tuesday at 9 AM with Dr. Tester'), ...invalidOffer },
  {
    name: 'a real Slot at a start that was never offered',
    act: holdWith((_offer, { desk }) =>
      forge(desk.slots[0]?.id ?? '', desk.schedule, Date.parse(desk.slots[0]?.start ?? '') + 300_000, SECRET_OF_DEVELOPMENT),
    ),
    outcome: 'slot_taken',
    next: 'find_times',
  },
]

const HOLDS: readonly Misuse[] = [
  {
    name: 'an invented hold_id',
    act: ({ call, token }) => call('confirm_booking', { hold_id: `ap-${MARK}`, patient_token: token }),
    outcome: 'not_found',
    next: 'find_times',
  },
  {
    name: 'a hold_id that lost its end',
    act: async ({ call, hold, token }) => call('confirm_booking', { hold_id: (await hold()).slice(0, -3), patient_token: token }),
    outcome: 'not_found',
    next: 'find_times',
    live: 1,
  },
  {
    name: 'a slot_id for a hold_id',
    act: ({ call, offers, token }) => call('confirm_booking', { hold_id: offers[0], patient_token: token }),
    outcome: 'not_found',
    next: 'find_times',
  },
  {
    name: 'a patient_token for a hold_id',
    act: ({ call, token }) => call('confirm_booking', { hold_id: token.slice(0, 120), patient_token: token }),
    outcome: 'not_found',
    next: 'find_times',
  },
  {
    name: 'a confirmation before there is a hold',
    act: ({ call, token }) => call('confirm_booking', { hold_id: 'none', patient_token: token }),
    outcome: 'not_found',
    next: 'find_times',
  },
]

const VISITS: readonly Misuse[] = [
  {
    name: 'an appointment_id that means all of them',
    act: async ({ call, book, token }) => {
      await book()
      return call('cancel', { appointment_id: '*', patient_token: token })
    },
    outcome: 'not_found',
    next: 'my_appointments',
    live: 1,
  },
  {
    name: 'the confirmation code for an appointment_id',
    act: async ({ call, book, token }) => {
      await book()
      const { body } = await call('my_appointments', { patient_token: token })
      const [visit] = body['appointments'] as { confirmation_code: string }[]
      return call('cancel', { appointment_id: visit?.confirmation_code, patient_token: token })
    },
    outcome: 'not_found',
    next: 'my_appointments',
    live: 1,
  },
  {
    name: 'a path for an appointment_id',
    act: ({ call, token }) => call('cancel', { appointment_id: `../Patient/${MARK}?_cascade=delete`, patient_token: token }),
    outcome: 'not_found',
    next: 'my_appointments',
  },
]

export const ID_CASES: readonly Misuse[] = [...OFFERS, ...HOLDS, ...VISITS]

import { describe, expect, test } from 'vitest'
import { speakAppointment, speakList, speakOffers } from '../../../src/booking/messages.ts'
import type { ShownAppointment } from '../../../src/booking/shown.ts'
import { shownAppointment, shownOffer, TYPE } from '../helpers/shown.ts'

const ZONE = 'America/Los_Angeles'
const WHEN = 'Monday, March 1 at 9:00 AM PST'
const none = { offers: [], asOf: 0, truncated: false }

describe('what is said about offers', () => {
  test('how many there are, and when and with whom the first is', () => {
    expect(speakOffers([shownOffer()], none, ZONE).message).toBe(`One time is free. The first is ${WHEN} with Dr. Ann Marsh.`)
    expect(speakOffers([shownOffer({ provider: null }), shownOffer()], none, ZONE).message).toBe(`2 times are free. The first is ${WHEN}.`)
  })

  test('where there is none, when the next one is, if that is known', () => {
    expect(speakOffers([], none, ZONE).message).toBe('Nothing is free there.')
    const nextAvailable = Date.parse('2027-03-14T10:00:00Z')
    expect(speakOffers([], { ...none, nextAvailable }, ZONE).message).toBe(
      'Nothing is free there. The next free time is Sunday, March 14 at 3:00 AM PDT.',
    )
  })

  test('what can follow', () => {
    expect(speakOffers([shownOffer()], none, ZONE).next_actions).toEqual(['hold_slot', 'find_availability'])
    expect(speakOffers([], none, ZONE).next_actions).toEqual(['find_availability', 'contact_staff'])
  })
})

describe('what is said about an appointment', () => {
  test.for<readonly [state: ShownAppointment['state'], message: string, first: string]>([
    ['held', `${WHEN} with Dr. Ann Marsh is held, but not booked yet.`, 'book_appointment'],
    ['booked', `The visit is booked for ${WHEN} with Dr. Ann Marsh. The confirmation code is A B 1 2 C D 3 4.`, 'read_appointment'],
    ['cancelled', `The visit on ${WHEN} with Dr. Ann Marsh is cancelled.`, 'find_availability'],
    ['released', `The hold on ${WHEN} with Dr. Ann Marsh is released.`, 'find_availability'],
    ['expired', `The hold on ${WHEN} with Dr. Ann Marsh has run out.`, 'find_availability'],
    ['closed', `The visit on ${WHEN} with Dr. Ann Marsh is in the clinic's hands.`, 'contact_staff'],
  ])('that is %s', ([state, message, first]) => {
    const spoken = speakAppointment(shownAppointment({ state }))
    expect(spoken.message).toBe(message)
    expect(spoken.next_actions[0]).toBe(first)
  })

  test('without a code none is spoken', () => {
    expect(speakAppointment(shownAppointment({ confirmation_code: null })).message).toBe(
      `The visit is booked for ${WHEN} with Dr. Ann Marsh.`,
    )
  })
})

test('what is said about a list: how many, and the next one', () => {
  expect(speakList([]).message).toBe('There are no upcoming visits.')
  expect(speakList([shownAppointment()]).message).toBe(`There is one upcoming visit. The next one is ${WHEN} with Dr. Ann Marsh.`)
  expect(speakList([shownAppointment(), shownAppointment()]).message).toContain('There are 2 upcoming visits')
})

test('nothing that is said names the type of the visit: somebody may overhear it', () => {
  const states = ['held', 'booked', 'cancelled', 'released', 'expired', 'closed'] as const
  const all = [
    ...states.map((state) => speakAppointment(shownAppointment({ state }))),
    speakList([shownAppointment()]),
    speakOffers([shownOffer()], none, ZONE),
  ]
  for (const { message } of all) for (const word of TYPE.split('-')) expect(message.toLowerCase()).not.toContain(word)
})

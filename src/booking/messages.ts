import { localWords } from '../calendar/words.ts'
import type { Availability } from './find-availability.ts'
import type { ShownAppointment, ShownOffer } from './shown.ts'

/** What a chatbot can do next; the names of the actions, the same over REST and MCP. */
export type NextAction =
  | 'find_availability'
  | 'hold_slot'
  | 'book_appointment'
  | 'release_hold'
  | 'read_appointment'
  | 'list_appointments'
  | 'reschedule_appointment'
  | 'cancel_appointment'
  | 'get_calendar'
  | 'check_operation'
  | 'repeat_request'
  | 'start_intake'
  | 'contact_staff'
  | 'escalate'
  | 'open_portal'
  | 'call_emergency'
  | 'new_idempotency_key'

/** One sentence to speak, and what can follow. No clinical content: a visit type's title may tell too much to whoever overhears. */
export interface Spoken {
  readonly message: string
  readonly next_actions: NextAction[]
}

/** What to say about a list of offers. */
export function speakOffers(offers: readonly ShownOffer[], found: Availability, zone: string): Spoken {
  const [first] = offers
  if (!first) {
    const later =
      found.nextAvailable === undefined
        ? 'Nothing is free there.'
        : `Nothing is free there. The next free time is ${localWords(found.nextAvailable, zone)}.`
    return { message: later, next_actions: ['find_availability', 'contact_staff'] }
  }
  const count = offers.length === 1 ? 'One time is' : `${offers.length} times are`
  return {
    message: `${count} free. The first is ${first.local_start}${withWhom(first)}.`,
    next_actions: ['hold_slot', 'find_availability'],
  }
}

/** What to say about an Appointment as it stands. */
export function speakAppointment(shown: ShownAppointment): Spoken {
  const time = `${shown.local_start}${withWhom(shown)}`
  switch (shown.state) {
    case 'held':
      return { message: `${time} is held, but not booked yet.`, next_actions: ['book_appointment', 'release_hold'] }
    case 'booked':
      return {
        message: `The visit is booked for ${time}.${spokenCode(shown)}`,
        next_actions: ['read_appointment', 'reschedule_appointment', 'cancel_appointment', 'get_calendar'],
      }
    case 'cancelled':
      return { message: `The visit on ${time} is cancelled.`, next_actions: ['find_availability'] }
    case 'released':
      return { message: `The hold on ${time} is released.`, next_actions: ['find_availability'] }
    case 'expired':
      return { message: `The hold on ${time} has run out.`, next_actions: ['find_availability', 'hold_slot'] }
    case 'closed':
      return { message: `The visit on ${time} is in the clinic's hands.`, next_actions: ['contact_staff'] }
  }
}

/** What to say about a patient's upcoming appointments. */
export function speakList(shown: readonly ShownAppointment[]): Spoken {
  const [first] = shown
  if (!first) return { message: 'There are no upcoming visits.', next_actions: ['find_availability'] }
  const count = shown.length === 1 ? 'There is one upcoming visit' : `There are ${shown.length} upcoming visits`
  return {
    message: `${count}. The next one is ${first.local_start}${withWhom(first)}.`,
    next_actions: ['read_appointment', 'reschedule_appointment', 'cancel_appointment'],
  }
}

function withWhom(shown: Pick<ShownOffer, 'provider'>): string {
  return shown.provider === null ? '' : ` with ${shown.provider.name}`
}

/** The code letter by letter, so that a voice spells it. */
function spokenCode(shown: ShownAppointment): string {
  return shown.confirmation_code === null ? '' : ` The confirmation code is ${shown.confirmation_code.split('').join(' ')}.`
}

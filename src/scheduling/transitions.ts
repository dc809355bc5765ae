import type { Appointment } from 'fhir/r4.js'
import { holdExpiresOf } from '../fhir/appointment.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { HOLD_END_SYSTEM } from '../fhir/vocabulary.ts'
import { isExpiredHold } from './window.ts'

/**
 * Where an Appointment of the gateway stands. `lapsed` is a hold that has run out and still stands as `pending` in the EHR, `expired`
 * one that was ended for it; `closed` is everything the clinic does after the visit began (arrived, fulfilled, noshow, …).
 */
export type AppointmentState = 'held' | 'booked' | 'cancelled' | 'released' | 'lapsed' | 'expired' | 'closed'

/** What can be asked of an existing Appointment. */
export type Transition = 'confirm' | 'release' | 'cancel' | 'reschedule'

/** `go`: do it · `done`: it already is so, answer with what stands · the others are refusals. */
export type TransitionVerdict = 'go' | 'done' | 'hold_expired' | 'invalid_transition'

/** The state of an Appointment at a moment of the EHR's clock: a hold that has run out is no hold even before anybody wrote that down. */
export function stateOf(appointment: Appointment, now: EpochMs): AppointmentState {
  if (isExpiredHold(appointment, now)) return 'lapsed'
  switch (appointment.status) {
    case 'pending':
      return holdExpiresOf(appointment) === undefined ? 'closed' : 'held'
    case 'booked':
      return 'booked'
    case 'cancelled':
      return endOf(appointment)
    default:
      return 'closed'
  }
}

/** What each transition means in each state. */
export const TRANSITIONS: Readonly<Record<Transition, Readonly<Record<AppointmentState, TransitionVerdict>>>> = {
  confirm: {
    held: 'go',
    booked: 'done',
    lapsed: 'hold_expired',
    expired: 'hold_expired',
    released: 'invalid_transition',
    cancelled: 'invalid_transition',
    closed: 'invalid_transition',
  },
  release: {
    held: 'go',
    booked: 'invalid_transition',
    lapsed: 'go',
    expired: 'done',
    released: 'done',
    cancelled: 'done',
    closed: 'invalid_transition',
  },
  cancel: { held: 'go', booked: 'go', lapsed: 'go', expired: 'done', released: 'done', cancelled: 'done', closed: 'invalid_transition' },
  reschedule: {
    held: 'invalid_transition',
    booked: 'go',
    lapsed: 'invalid_transition',
    expired: 'invalid_transition',
    released: 'invalid_transition',
    cancelled: 'invalid_transition',
    closed: 'invalid_transition',
  },
}

function endOf(appointment: Appointment): AppointmentState {
  const code = appointment.cancelationReason?.coding?.find((coding) => coding.system === HOLD_END_SYSTEM)?.code
  return code === 'released' || code === 'expired' ? code : 'cancelled'
}

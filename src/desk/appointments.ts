import { calendarOf } from '../booking/calendar.ts'
import { BookingError } from '../booking/errors.ts'
import { speakList } from '../booking/messages.ts'
import { listAppointments, readAppointment } from '../booking/read-appointments.ts'
import { showAppointment } from '../booking/show.ts'
import { formatInstant } from '../fhir/instant.ts'
import { callerOf, patientCallerOf, type Asking } from './asking.ts'
import { makeWatchedChange } from './change.ts'
import type { Gateway } from './gateway.ts'
import { present, presentWrite } from './present.ts'

/** What is to be booked: a hold, or an offer in one step. */
export type Booking = { readonly holdId: string } | { readonly slotId: string }

/**
 * Confirms a hold, or books an offered time in one step.
 * @throws BookingError | OutcomeUnknown | Deferred what the actions throw; so do the other changes below
 */
export async function book(gateway: Gateway, asking: Asking, what: Booking) {
  const caller = await callerOf(asking, gateway.patientTokens)
  const { call, key } = asking
  const change =
    'holdId' in what
      ? { change: 'confirm' as const, caller, key, appointmentId: what.holdId }
      : { change: 'book' as const, caller, key, slotId: what.slotId }
  return presentWrite(gateway, await makeWatchedChange(gateway, change, call), call)
}

/** Moves a visit to another offer; the id stays. */
export async function reschedule(gateway: Gateway, asking: Asking, id: string, slotId: string) {
  const caller = await patientCallerOf(asking, gateway.patientTokens)
  const { call, key, expectedVersion } = asking
  const change = { change: 'reschedule' as const, caller, appointmentId: id, slotId, key, expectedVersion }
  return presentWrite(gateway, await makeWatchedChange(gateway, change, call), call)
}

/** Cancels a visit and frees its time; repeatable. */
export async function cancel(gateway: Gateway, asking: Asking, id: string, reason?: string) {
  const caller = await patientCallerOf(asking, gateway.patientTokens)
  const { call, key, expectedVersion } = asking
  const change = { change: 'cancel' as const, caller, appointmentId: id, reason, key, expectedVersion }
  return presentWrite(gateway, await makeWatchedChange(gateway, change, call), call)
}

/**
 * One appointment as it stands now.
 * @throws BookingError `not_found`, `patient_required`, `ehr_unavailable`
 */
export async function readOne(gateway: Gateway, asking: Asking, id: string) {
  return present(gateway, await read(gateway, asking, id), asking.call)
}

/** The appointment as a calendar entry (RFC 5545). @throws as `readOne` */
export async function calendarEntry(gateway: Gateway, asking: Asking, id: string): Promise<string> {
  const found = await read(gateway, asking, id)
  const shown = await present(gateway, found, asking.call)
  return calendarOf(shown, gateway.booking.mapping.clinic.name, found.now)
}

/**
 * The patient's upcoming holds and visits, soonest first.
 * @throws BookingError `patient_required`, `ehr_unavailable`, `ehr_rejected`
 */
export async function listUpcoming(gateway: Gateway, asking: Asking) {
  const { booking } = gateway
  const { call } = asking
  const { patient } = await callerOf(asking, gateway.patientTokens)
  if (patient === undefined) throw new BookingError('patient_required', 'Send X-Patient-Token from POST /intake.')
  const { appointments, now } = await listAppointments(booking, patient, call)
  const { directory } = await booking.directories.current(call)
  const zone = booking.mapping.clinic.timeZone
  const shown = appointments.map((appointment) => showAppointment(appointment, now, directory, zone))
  return { appointments: shown, as_of: formatInstant(now, zone), ...speakList(shown) }
}

async function read(gateway: Gateway, asking: Asking, id: string) {
  const caller = await patientCallerOf(asking, gateway.patientTokens)
  return readAppointment(gateway.booking, { caller, appointmentId: id, what: 'appointment' }, asking.call)
}

import { releaseHold } from '../booking/cancel-appointment.ts'
import { holdSlot } from '../booking/hold-slot.ts'
import { readAppointment } from '../booking/read-appointments.ts'
import { watchWrite } from '../escalation/triggers.ts'
import { callerOf, type Asking } from './asking.ts'
import type { Gateway } from './gateway.ts'
import { present, presentWrite } from './present.ts'

/**
 * Claims a time until `expires_at`.
 * @throws BookingError | OutcomeUnknown what `holdSlot` throws
 */
export async function hold(gateway: Gateway, asking: Asking, slotId: string) {
  const { booking, escalation } = gateway
  const { call, key } = asking
  const caller = await callerOf(asking, gateway.patientTokens)
  const offer = booking.slotIds.read(slotId)
  const result = await watchWrite(escalation, { caller, operation: 'hold', target: offer.slotId }, call, () =>
    holdSlot(booking, { caller, offer, key }, call),
  )
  return presentWrite(gateway, result, call)
}

/**
 * A hold as it stands, also after it ended.
 * @throws BookingError `not_found`, `ehr_unavailable`
 */
export async function readHold(gateway: Gateway, asking: Asking, id: string) {
  const caller = await callerOf(asking, gateway.patientTokens)
  const read = await readAppointment(gateway.booking, { caller, appointmentId: id, what: 'hold' }, asking.call)
  const shown = await present(gateway, read, asking.call)
  return { ...shown, hold_id: shown.appointment_id }
}

/**
 * Gives a held time back; repeatable.
 * @throws BookingError | OutcomeUnknown what `releaseHold` throws
 */
export async function release(gateway: Gateway, asking: Asking, id: string) {
  const { call, key } = asking
  const caller = await callerOf(asking, gateway.patientTokens)
  const result = await watchWrite(gateway.escalation, { caller, operation: 'release', target: id, appointmentId: id }, call, () =>
    releaseHold(gateway.booking, { caller, appointmentId: id, what: 'hold', key }, call),
  )
  return presentWrite(gateway, result, call)
}

import type { Appointment } from 'fhir/r4.js'
import type { EpochMs } from '../fhir/instant.ts'
import { speakAppointment } from '../booking/messages.ts'
import type { WriteResult } from '../booking/perform-write.ts'
import type { Call } from '../booking/ports.ts'
import { showAppointment } from '../booking/show.ts'
import type { Gateway } from './gateway.ts'

/** An Appointment as the answer of a read. */
export async function present(gateway: Gateway, read: { appointment: Appointment; now: EpochMs }, call: Call) {
  const { directory } = await gateway.booking.directories.current(call)
  const shown = showAppointment(read.appointment, read.now, directory, gateway.booking.mapping.clinic.timeZone)
  return { ...shown, ...speakAppointment(shown) }
}

/** An Appointment as the answer of a write, with `replayed`. */
export async function presentWrite(gateway: Gateway, result: WriteResult, call: Call) {
  const shown = await present(gateway, result, call)
  return { ...shown, hold_id: shown.appointment_id, replayed: result.replayed }
}

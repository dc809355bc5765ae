import type { Appointment } from 'fhir/r4.js'
import { appointmentIdOf, holdExpiresOf } from '../fhir/appointment.ts'
import type { AuditedAction } from '../fhir/audit-event.ts'
import { OutcomeUnknown } from './errors.ts'
import type { Call, VisitEvent, WakeUps } from './ports.ts'

/** What a write of each action tells others of a visit. A hold, and the end of one that its patient chose, is nobody's business. */
const EVENTS: Readonly<Partial<Record<AuditedAction, VisitEvent['kind']>>> = {
  book: 'booked',
  reschedule: 'rescheduled',
  cancel: 'cancelled',
  expire: 'expired',
}

/** What is looked at of a write's result. */
interface Written {
  readonly appointment: Appointment
  readonly replayed: boolean
}

/** Runs a write, and wakes whoever has to do with its outcome. A repetition that found the work done wakes nobody. */
export async function announced<T extends Written>(
  wakeUps: WakeUps,
  action: AuditedAction,
  call: Call,
  write: () => Promise<T>,
): Promise<T> {
  try {
    const result = await write()
    if (!result.replayed) announce(wakeUps, action, result, call)
    return result
  } catch (error) {
    if (error instanceof OutcomeUnknown) wakeUps.outcomeUnknown({ receiptId: error.receiptId, clientId: call.clientId, since: Date.now() })
    throw error
  }
}

function announce(wakeUps: WakeUps, action: AuditedAction, { appointment }: Written, { clientId }: Call): void {
  const appointmentId = appointmentIdOf(appointment)
  if (appointmentId === undefined) return
  const expires = holdExpiresOf(appointment)
  if (action === 'hold' && appointment.status === 'pending' && expires !== undefined) wakeUps.holdMade(appointmentId, expires)
  const kind = EVENTS[action]
  // A hold keeps its expiry when it is cancelled, a booking has none: nobody was told of the former.
  if (kind === undefined || (kind === 'cancelled' && expires !== undefined)) return
  wakeUps.visitChanged({ kind, appointmentId, version: appointment.meta?.versionId ?? '', clientId })
}

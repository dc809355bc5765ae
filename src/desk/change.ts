import { changeOrDefer, type Change } from '../booking/deferred-write.ts'
import type { WriteResult } from '../booking/perform-write.ts'
import type { Call } from '../booking/ports.ts'
import { watchWrite } from '../escalation/triggers.ts'
import type { Gateway } from './gateway.ts'

/** Makes a change of a caller: accepted for later where the EHR is down, put in front of a person where that is needed. */
export function makeWatchedChange(gateway: Gateway, change: Change, call: Call): Promise<WriteResult> {
  const { booking, deferrals, escalation } = gateway
  const { caller, appointmentId, slotId } = change
  const watched = {
    caller,
    operation: change.change === 'confirm' ? 'book' : change.change,
    target: appointmentId ?? slotId ?? '',
    ...(appointmentId !== undefined && { appointmentId }),
  } as const
  return watchWrite(escalation, watched, call, () => changeOrDefer(booking, deferrals, change, call))
}

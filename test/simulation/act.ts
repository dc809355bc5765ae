import type { BookingDeps } from '../../src/booking/deps.ts'
import type { Caller } from '../../src/booking/caller.ts'
import { cancelAppointment, releaseHold } from '../../src/booking/cancel-appointment.ts'
import { visitTypeNamed } from '../../src/booking/claim-plan.ts'
import { confirmHold } from '../../src/booking/confirm-hold.ts'
import { BookingError, OutcomeUnknown, type ErrorCode } from '../../src/booking/errors.ts'
import { bookSlot, holdSlot } from '../../src/booking/hold-slot.ts'
import type { WriteResult } from '../../src/booking/perform-write.ts'
import type { Call } from '../../src/booking/ports.ts'
import { rescheduleAppointment } from '../../src/booking/reschedule-appointment.ts'
import type { SlotOffer } from '../../src/booking/slot-id.ts'
import { appointmentIdOf } from '../../src/fhir/appointment.ts'
import type { ActionName } from './plan.ts'

/** A request as a gateway process gets it. */
export interface Request {
  readonly action: ActionName
  readonly caller: Caller
  readonly key: string | undefined
  readonly offer: SlotOffer
  /** The hold or visit it is about; empty for a new one. */
  readonly appointmentId: string
  readonly expectedVersion: string | undefined
}

/** What a caller is told. */
export type Answer =
  | { readonly kind: 'success'; readonly result: WriteResult }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly detail: string }
  | { readonly kind: 'unknown'; readonly receiptId: string }
  /** A fault of the gateway: it must not happen. */
  | { readonly kind: 'fault'; readonly error: unknown }

/** Runs the real action. */
export async function act(deps: BookingDeps, request: Request, call: Call): Promise<Answer> {
  try {
    return { kind: 'success', result: await dispatch(deps, request, call) }
  } catch (error) {
    if (error instanceof BookingError) return { kind: 'refused', code: error.code, detail: error.extras.policy ?? '' }
    return error instanceof OutcomeUnknown ? { kind: 'unknown', receiptId: error.receiptId } : { kind: 'fault', error }
  }
}

function dispatch(deps: BookingDeps, request: Request, call: Call): Promise<WriteResult> {
  const { caller, key, offer, appointmentId, expectedVersion } = request
  const existing = { caller, key, appointmentId, expectedVersion }
  switch (request.action) {
    case 'hold':
      return holdSlot(deps, { caller, key, offer }, call)
    case 'book':
      return bookSlot(deps, { caller, key, offer }, call)
    case 'confirm':
      return confirmHold(deps, { caller, key, appointmentId, what: 'hold' }, call)
    case 'release':
      return releaseHold(deps, { ...existing, what: 'hold' }, call)
    case 'cancel':
      return cancelAppointment(deps, { ...existing, what: 'appointment' }, call)
    case 'reschedule':
      return rescheduleAppointment(deps, { ...existing, offer, what: 'appointment' }, call)
  }
}

/** Whether the answer is a refusal that says only: nothing was written, try again. */
export function isNoVerdict(answer: Answer | undefined): boolean {
  return answer?.kind === 'refused' && (answer.code === 'contention' || answer.code === 'ehr_unavailable')
}

/** An answer in a few words. */
export function describeAnswer(answer: Answer | undefined): string {
  switch (answer?.kind) {
    case undefined:
      return 'nothing'
    case 'success': {
      const { appointment, replayed } = answer.result
      const which = `${appointmentIdOf(appointment) ?? ''} v${appointment.meta?.versionId ?? ''} ${appointment.status}`
      return `success, ${which} at ${appointment.start ?? ''}${replayed ? ', replayed' : ''}`
    }
    case 'refused':
      return `refused, ${answer.code} ${answer.detail}`
    case 'unknown':
      return 'unknown'
    case 'fault':
      return `FAULT ${answer.error instanceof Error ? (answer.error.stack ?? '') : String(answer.error)}`
  }
}

/** The visit type of a plan's code. */
export const typeNamed = visitTypeNamed

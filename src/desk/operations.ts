import { BookingError, notFound } from '../booking/errors.ts'
import type { NextAction } from '../booking/messages.ts'
import { settleOutcome, type OperationState } from '../booking/settle-outcome.ts'
import type { Asking } from './asking.ts'
import type { Gateway } from './gateway.ts'

const SPOKEN: Readonly<Record<OperationState['state'], { message: string; next_actions: NextAction[] }>> = {
  pending: { message: 'I am still waiting for the clinic to confirm that.', next_actions: ['check_operation'] },
  succeeded: { message: 'It worked. Let me read it to you.', next_actions: ['read_appointment'] },
  escalated: { message: 'I could not finish that. The clinic has it now and will get back to you.', next_actions: ['contact_staff'] },
  failed: {
    message: 'It did not go through, and nothing was changed. Let me try again.',
    next_actions: ['repeat_request', 'find_availability'],
  },
}

/**
 * What became of a request whose outcome was not known.
 * @throws BookingError `not_found` for an id that was not issued to this client
 */
export async function readOperation(gateway: Gateway, asking: Asking, id: string) {
  const operation = gateway.operationIds.read(id, asking.client.id)
  if (!operation) throw notFound('operation')
  const waitsMs = operation.kind === 'deferred' ? gateway.booking.mapping.whenEhrIsDown.giveUpAfterMinutes * 60_000 : 0
  const outcome = await settleOutcome(gateway.booking, { ...operation, waitsMs }, asking.call).catch(pendingWhileDown)
  return {
    operation_id: id,
    state: outcome.state,
    ...(outcome.state === 'succeeded' && { appointment_id: outcome.appointmentId }),
    ...SPOKEN[outcome.state],
  }
}

/** While the EHR does not answer nobody knows more than before. */
function pendingWhileDown(error: unknown): OperationState {
  if (error instanceof BookingError && error.code === 'ehr_unavailable') return { state: 'pending' }
  throw error
}

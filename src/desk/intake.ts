import type { IntakeAnswer, IntakeBody } from '../intake/intake-request.ts'
import { startIntake } from '../intake/start-intake.ts'
import type { Asking } from './asking.ts'
import type { Gateway } from './gateway.ts'

/**
 * Is it an emergency, who is it, and may the chatbot go on?
 * @throws BookingError `invalid_request`, `rate_limited`, `ehr_unavailable`
 */
export function intake(gateway: Gateway, { client, call, conversation }: Asking, body: IntakeBody): Promise<IntakeAnswer> {
  return startIntake(gateway, client, body, call, conversation)
}

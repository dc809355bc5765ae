import { modalityFor, visitTypeNamed } from '../booking/claim-plan.ts'
import type { NextAction } from '../booking/messages.ts'
import { escalateUnverified } from '../escalation/triggers.ts'
import { verifyIdentity } from '../intake/verify-identity.ts'
import type { Asking } from './asking.ts'
import type { Gateway } from './gateway.ts'
import type { IntakeBody } from './schemas.ts'

/** What an intake came to. */
export interface IntakeAnswer {
  readonly outcome: 'eligible' | 'urgent' | 'identity_unverified' | 'needs_staff'
  readonly patient_token?: string
  readonly expires_at?: string
  readonly escalation_id?: string
  readonly message: string
  readonly next_actions: NextAction[]
}

/**
 * Who is it, and may the chatbot go on?
 * @throws BookingError `invalid_request`, `ehr_unavailable`
 */
export async function intake(gateway: Gateway, { client, call }: Asking, body: IntakeBody): Promise<IntakeAnswer> {
  const { booking, patients, patientTokens, audit, escalation } = gateway
  const phone = booking.mapping.clinic.phone
  const type = visitTypeNamed(booking.mapping, body.type)
  modalityFor(type, body.modality)
  if (!type.bookable || body.reason !== undefined) {
    return {
      outcome: 'needs_staff',
      message: `The staff will arrange that with you. Shall I pass it on to them? Or call them at ${phone}.`,
      next_actions: ['escalate', 'contact_staff'],
    }
  }
  const patient = await verifyIdentity(patients, booking.mapping, body.patient, call)
  audit.record({
    action: 'look-up',
    recorded: Date.now(),
    clientId: client.id,
    requestId: call.requestId,
    ...(patient === undefined ? { outcome: 'identity_unverified' } : { patient }),
  })
  if (patient === undefined) {
    const escalated = await escalateUnverified(escalation, body.patient, call)
    return {
      outcome: 'identity_unverified',
      ...(escalated && { escalation_id: escalated.escalationId }),
      message: escalated?.spoken ?? `I could not find you with these details. Please check them, or call ${phone}.`,
      next_actions: ['start_intake', 'contact_staff'],
    }
  }
  const { token, expiresAt } = await patientTokens.issue(patient, client.id)
  return {
    outcome: 'eligible',
    patient_token: token,
    expires_at: expiresAt.toISOString(),
    message: 'Thank you, I found you. Let me look for a time.',
    next_actions: ['find_availability'],
  }
}

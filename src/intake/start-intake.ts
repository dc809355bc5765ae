import type { AuditTrail } from '../audit/audit-trail.ts'
import { modalityFor, visitTypeNamed } from '../booking/claim-plan.ts'
import type { BookingDeps } from '../booking/deps.ts'
import type { Call } from '../booking/ports.ts'
import { escalateUnverified, type TriggerDeps } from '../escalation/triggers.ts'
import { withinAttempts, type Looked } from './attempts.ts'
import { assertWellFormed, type IntakeAnswer, type IntakeBody } from './intake-request.ts'
import type { PatientSearch } from './patient-search.ts'
import type { PatientTokens } from './patient-token.ts'
import { answerRedFlag } from './red-flag-answer.ts'
import { registerPatient } from './register-patient.ts'
import type { Screening } from './screening.ts'
import { staffMatter } from './staff-matters.ts'
import { verifyIdentity } from './verify-identity.ts'

/** What an intake needs; put together in `src/deps.ts`. */
export interface IntakeDeps {
  readonly booking: BookingDeps
  readonly patients: PatientSearch
  readonly patientTokens: PatientTokens
  readonly audit: AuditTrail
  readonly escalation: TriggerDeps
  readonly screening: Screening
}

/** Registrations of one client in an hour; more than that are staff's. */
const MOST_REGISTRATIONS = 30
const HOUR_SECONDS = 60 * 60

/**
 * Checks what a chatbot has collected, and says how to go on. In this order: red flags (also with the EHR down), what the request says,
 * sensitive details, what is staff's or booked elsewhere, identity. The reason is screened here and goes nowhere else.
 * @param conversation what the client calls the conversation (`X-Conversation-Id`): its failed identities count for themselves
 * @throws BookingError `invalid_request`, `rate_limited`, `ehr_unavailable`
 */
export async function startIntake(
  deps: IntakeDeps,
  client: { readonly id: string },
  body: IntakeBody,
  call: Call,
  conversation?: string,
): Promise<IntakeAnswer> {
  const { mapping } = deps.booking
  const { patient: claims } = body
  const flag = deps.screening.redFlagIn(textOf(body, deps))
  if (flag) {
    return answerRedFlag(deps.escalation, flag, { claims, conversation }, call, async (own) => {
      const patient = await verifyIdentity(deps.patients, mapping, claims, own)
      if (patient !== undefined) recordLookUp(deps, own, patient)
      return patient
    })
  }
  const type = visitTypeNamed(mapping, body.type)
  modalityFor(type, body.modality)
  assertWellFormed(body)
  const sensitive = body.reason === undefined ? undefined : deps.screening.sensitiveIn(body.reason)
  if (sensitive !== undefined) {
    return {
      outcome: 'needs_staff',
      escalation_reason: 'other',
      message: sensitive,
      next_actions: ['start_intake', 'escalate', 'contact_staff'],
    }
  }
  const visitor = new Visitor(deps, client.id, body, call, conversation)
  const matter = await staffMatter(deps.booking, type, body, call)
  if (!matter) return visitor.identify()
  return matter.portal_url === undefined ? { ...matter, ...(await visitor.tokenIfKnown()) } : matter
}

/** A model may put words into the visit type too; those of the clinic are no words of a patient. */
function textOf({ reason = '', type }: IntakeBody, { booking }: IntakeDeps): string {
  return booking.mapping.visitTypes.some(({ code }) => code === type) ? reason : `${type}\n${reason}`
}

function recordLookUp({ audit }: IntakeDeps, { clientId, requestId }: Call, patient: string | undefined): void {
  const found = patient === undefined ? { outcome: 'identity_unverified' } : { patient }
  audit.record({ action: 'look-up', recorded: Date.now(), clientId, requestId, ...found })
}

/** Whoever it is about. */
class Visitor {
  readonly #deps: IntakeDeps
  readonly #clientId: string
  readonly #body: IntakeBody
  readonly #call: Call
  readonly #conversation: string | undefined

  constructor(deps: IntakeDeps, clientId: string, body: IntakeBody, call: Call, conversation: string | undefined) {
    this.#deps = deps
    this.#clientId = clientId
    this.#body = body
    this.#call = call
    this.#conversation = conversation
  }

  /** Who it is decides: on with the booking, to staff, or once more. */
  async identify(): Promise<IntakeAnswer> {
    const isNew = this.#body.new_patient === true
    const looked = await this.#lookUp(isNew && this.#deps.booking.mapping.newPatients === 'register')
    if (looked.isExhausted) return this.#exhausted()
    if (looked.found !== undefined) return this.#eligible(looked.found)
    return isNew ? this.#newPatient() : this.#unverified()
  }

  /** Staff can call back only somebody they know: where the details tell who it is, a token goes along for `POST /escalations`. */
  async tokenIfKnown(): Promise<Pick<IntakeAnswer, 'patient_token' | 'expires_at'>> {
    const looked = await this.#lookUp().catch(() => undefined)
    return looked?.isExhausted === false && looked.found !== undefined ? this.#token(looked.found) : {}
  }

  /** Whoever is registered is found: that is no failed attempt. */
  async #lookUp(mayRegister = false): Promise<Looked<string>> {
    const { booking, escalation, patients } = this.#deps
    const { patient: claims } = this.#body
    const attempt = { clientId: this.#clientId, claims, conversation: this.#conversation }
    const looked = await withinAttempts(escalation, attempt, async () => {
      const patient = await verifyIdentity(patients, booking.mapping, claims, this.#call)
      recordLookUp(this.#deps, this.#call, patient)
      return patient ?? (mayRegister ? this.#register() : undefined)
    })
    if (looked.isExhausted) this.#deny('attempts_exhausted')
    return looked
  }

  #deny(outcome: string): void {
    const { clientId, requestId } = this.#call
    this.#deps.audit.record({ action: 'denied', recorded: Date.now(), clientId, requestId, outcome })
  }

  async #eligible(patient: string): Promise<IntakeAnswer> {
    const message = 'Thank you, I found you. Let me look for a time.'
    return { outcome: 'eligible', ...(await this.#token(patient)), message, next_actions: ['find_availability'] }
  }

  async #token(patient: string): Promise<Required<Pick<IntakeAnswer, 'patient_token' | 'expires_at'>>> {
    const { token, expiresAt } = await this.#deps.patientTokens.issue(patient, this.#clientId)
    return { patient_token: token, expires_at: expiresAt.toISOString() }
  }

  async #unverified(): Promise<IntakeAnswer> {
    const told = await escalateUnverified(this.#deps.escalation, this.#body.patient, this.#call)
    return {
      outcome: 'identity_unverified',
      ...(told && { escalation_id: told.escalationId }),
      message: told?.spoken ?? `I could not find you with these details. Please check them, or call ${this.#phone}.`,
      next_actions: ['start_intake', 'contact_staff'],
    }
  }

  #exhausted(): IntakeAnswer {
    return {
      outcome: 'needs_staff',
      escalation_reason: 'other',
      message: `I could not find you with the details so far. Please call the clinic at ${this.#phone}; they will help you.`,
      next_actions: ['contact_staff', 'escalate'],
    }
  }

  async #newPatient(): Promise<IntakeAnswer> {
    const told = await escalateUnverified(this.#deps.escalation, this.#body.patient, this.#call, 'new_patient')
    return {
      outcome: 'needs_staff',
      ...(told && { escalation_id: told.escalationId }),
      escalation_reason: 'new_patient',
      message: told?.spoken ?? `New patients are taken on by the staff. Please call them at ${this.#phone}.`,
      next_actions: ['contact_staff'],
    }
  }

  async #register(): Promise<string | undefined> {
    const count = await this.#deps.escalation.counters.add(`registrations ${this.#clientId}`, HOUR_SECONDS)
    return count > MOST_REGISTRATIONS ? undefined : registerPatient(this.#deps, this.#body.patient, this.#call)
  }

  get #phone(): string {
    return this.#deps.booking.mapping.clinic.phone
  }
}

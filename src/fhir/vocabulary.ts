/**
 * The names this project adds to FHIR R4: identifier systems, code systems and extension URLs.
 * They are part of the stored data, so none of them may change once a clinic has run the gateway.
 */
const BASE = 'https://fhir-scheduling-gateway.org/fhir'

/** `Appointment.identifier.system` of the id that callers see (`hold_id` = `appointment_id`). */
export const APPOINTMENT_ID_SYSTEM = `${BASE}/appointment-id`
/** `Appointment.identifier.system` of the short code a patient can read out. */
export const CONFIRMATION_CODE_SYSTEM = `${BASE}/confirmation-code`
/** `AuditEvent.agent.who.identifier.system` of a chatbot client. */
export const CLIENT_ID_SYSTEM = `${BASE}/client-id`
/** `AuditEvent.entity.what.identifier.system` of the X-Request-Id (IHE BALP). */
export const REQUEST_ID_SYSTEM = `${BASE}/request-id`

/** Code system of the visit types of a clinic's mapping, written as a `serviceType` coding. */
export const VISIT_TYPE_SYSTEM = `${BASE}/CodeSystem/visit-type`
/** Code system of `Appointment.cancelationReason` for ends that no person chose (released, expired). */
export const HOLD_END_SYSTEM = `${BASE}/CodeSystem/hold-end`
/**
 * Code system of `AuditEvent.subtype`: hold, book, reschedule, cancel, release, expire, reconcile (with freed, reclaimed or moved), look-up,
 * register, denied, escalate, take, resolve.
 */
export const ACTION_SYSTEM = `${BASE}/CodeSystem/action`

/** `Patient.identifier.system` of somebody the gateway registered: a digest of name and birth date, so that it happens once. */
export const REGISTRATION_ID_SYSTEM = `${BASE}/registration-id`

/** `Task.identifier.system` of an escalation: the id that callers see. */
export const ESCALATION_ID_SYSTEM = `${BASE}/escalation-id`
/** `Task.code`: the reason, as the clinic's mapping names it. */
export const ESCALATION_REASON_SYSTEM = `${BASE}/CodeSystem/escalation-reason`
/** `Task.input.type`: what an input says (`channel`), or what happened at its instant (the machine's trail). */
export const ESCALATION_INPUT_SYSTEM = `${BASE}/CodeSystem/escalation-input`
/** `Task.input.valueCoding` of the channel by which staff get back to the patient. */
export const ESCALATION_CHANNEL_SYSTEM = `${BASE}/CodeSystem/escalation-channel`
/** `Task.statusReason`: how staff resolved it. */
export const ESCALATION_RESOLUTION_SYSTEM = `${BASE}/CodeSystem/escalation-resolution`

/** `Basic.code.coding.system` and `Basic.identifier.system` of the guard that serializes the writes for one patient. */
export const PATIENT_GUARD_SYSTEM = `${BASE}/CodeSystem/patient-guard`

/** Extension on Slot: whose claim stands on it, and until when for a hold. */
export const SLOT_CLAIM_URL = `${BASE}/StructureDefinition/slot-claim`
/** Extension on Appointment (`valueInstant`): when the hold runs out. Absent once booked. */
export const HOLD_EXPIRES_URL = `${BASE}/StructureDefinition/hold-expires`
/** Extension on Appointment (`valueString`): the gateway client that made it. */
export const CLIENT_URL = `${BASE}/StructureDefinition/booked-through`
/** Extension on Appointment (`valueCode`): in-person, telehealth or phone. R4 has no element for it. */
export const MODALITY_URL = `${BASE}/StructureDefinition/modality`

/** HL7's code system for reasons why an Appointment was cancelled. */
export const CANCELLATION_REASON_SYSTEM = 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason'

import type { AuditEvent, AuditEventEntity, Coding } from 'fhir/r4.js'
import { formatUtc, parseInstant, type EpochMs } from './instant.ts'
import { ACTION_SYSTEM, APPOINTMENT_ID_SYSTEM, CLIENT_ID_SYSTEM, ESCALATION_ID_SYSTEM, REQUEST_ID_SYSTEM } from './vocabulary.ts'

/** What an AuditEvent of the gateway can be about; `take` and `resolve` are what staff do with an escalation. */
export type AuditedAction =
  | 'hold'
  | 'book'
  | 'reschedule'
  | 'cancel'
  | 'release'
  | 'expire'
  | 'reconcile'
  | 'look-up'
  | 'register'
  | 'denied'
  | 'escalate'
  | 'take'
  | 'resolve'

/** One AuditEvent after IHE Basic Audit Log Patterns (RESTful activity): client, server, patient, entity, X-Request-Id. */
export interface AuditRecord {
  readonly action: AuditedAction
  /** A code that says more about the action: which kind of repair a `reconcile` was. */
  readonly detail?: string
  readonly recorded: EpochMs
  readonly clientId: string
  readonly requestId: string
  readonly patient?: string
  readonly appointment?: AuditedAppointment
  readonly escalation?: AuditedEscalation
  /** FHIR ids of Slots, where it is about them more than about an Appointment. */
  readonly slots?: readonly string[]
  /** For a denial: the error code. */
  readonly outcome?: string
}

/** The Appointment an AuditEvent speaks of. */
export interface AuditedAppointment {
  readonly appointmentId: string
  /** Literal reference, or the `urn:uuid:` of the entry that creates it in the same transaction; absent where the EHR has none. */
  readonly reference?: string
  /** `meta.versionId` that the write leaves behind; absent where the EHR has no such Appointment. */
  readonly version?: string
  /** Digest of the request, so that the same key with another body is told apart from a replay. */
  readonly requestDigest: string
}

/** The Task an AuditEvent speaks of. */
export interface AuditedEscalation {
  readonly escalationId: string
  /** Literal reference, or the `urn:uuid:` of the entry that creates it in the same transaction. */
  readonly reference: string
  /** Where it is a receipt. */
  readonly requestDigest?: string
  /** Literal reference of the Appointment it is about. */
  readonly about?: string
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM'
const RESTFUL: Coding = { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest', display: 'Restful Operation' }
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type'
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role'
const DOMAIN_RESOURCE: Pick<AuditEventEntity, 'type' | 'role'> = {
  type: { system: ENTITY_TYPE, code: '2', display: 'System Object' },
  role: { system: OBJECT_ROLE, code: '4', display: 'Domain Resource' },
}
const VERSION = 'appointment-version'
const DIGEST = 'request-digest'
const CREATES: readonly AuditedAction[] = ['hold', 'book', 'escalate', 'register']
const READS: readonly AuditedAction[] = ['look-up', 'denied']

/** Builds the AuditEvent; the caller gives it an id where it is a receipt. */
export function buildAuditEvent(record: AuditRecord): AuditEvent {
  return {
    resourceType: 'AuditEvent',
    type: RESTFUL,
    subtype: [record.action, ...(record.detail === undefined ? [] : [record.detail])].map((code) => ({ system: ACTION_SYSTEM, code })),
    action: CREATES.includes(record.action) ? 'C' : READS.includes(record.action) ? 'R' : 'U',
    recorded: formatUtc(record.recorded),
    outcome: record.outcome === undefined ? '0' : '4',
    ...(record.outcome !== undefined && { outcomeDesc: record.outcome }),
    agent: [
      {
        type: { coding: [{ system: DCM, code: '110153', display: 'Source Role ID' }] },
        who: { identifier: { system: CLIENT_ID_SYSTEM, value: record.clientId } },
        requestor: true,
      },
      {
        type: { coding: [{ system: DCM, code: '110152', display: 'Destination Role ID' }] },
        who: { display: 'FHIR scheduling gateway' },
        requestor: false,
      },
    ],
    source: { observer: { display: 'FHIR scheduling gateway' } },
    entity: entitiesOf(record),
  }
}

function entitiesOf(record: AuditRecord): AuditEventEntity[] {
  const entities: AuditEventEntity[] = [
    {
      what: { identifier: { system: REQUEST_ID_SYSTEM, value: record.requestId } },
      type: { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' },
    },
  ]
  if (record.patient !== undefined) {
    entities.push({
      what: { reference: record.patient },
      type: { system: ENTITY_TYPE, code: '1', display: 'Person' },
      role: { system: OBJECT_ROLE, code: '1', display: 'Patient' },
    })
  }
  if (record.appointment) entities.push(appointmentEntity(record.appointment))
  if (record.escalation) entities.push(...escalationEntities(record.escalation))
  for (const id of record.slots ?? []) entities.push({ what: { reference: `Slot/${id}` }, ...DOMAIN_RESOURCE })
  return entities
}

/** The visit stands here without its identifier: an AuditEvent that has it is the receipt of a write to that visit. */
function escalationEntities({ escalationId, reference, requestDigest, about }: AuditedEscalation): AuditEventEntity[] {
  const task: AuditEventEntity = {
    what: { reference, identifier: { system: ESCALATION_ID_SYSTEM, value: escalationId } },
    type: { system: ENTITY_TYPE, code: '2', display: 'System Object' },
    role: { system: OBJECT_ROLE, code: '20', display: 'Job' },
    ...(requestDigest !== undefined && { detail: [{ type: DIGEST, valueString: requestDigest }] }),
  }
  return about === undefined ? [task] : [task, { what: { reference: about }, ...DOMAIN_RESOURCE }]
}

function appointmentEntity(appointment: AuditedAppointment): AuditEventEntity {
  return {
    what: {
      ...(appointment.reference !== undefined && { reference: appointment.reference }),
      identifier: { system: APPOINTMENT_ID_SYSTEM, value: appointment.appointmentId },
    },
    ...DOMAIN_RESOURCE,
    detail: [
      ...(appointment.version === undefined ? [] : [{ type: VERSION, valueString: appointment.version }]),
      { type: DIGEST, valueString: appointment.requestDigest },
    ],
  }
}

/** What a receipt says about the write it came with. */
export interface Receipt {
  readonly appointmentId: string
  readonly requestDigest: string
  readonly clientId: string
  /** `meta.versionId` that the write left behind. */
  readonly version: string
  /** The action, and what says more about it. */
  readonly codes: readonly string[]
}

/** Reads a receipt back; `undefined` for an AuditEvent that is none. */
export function readReceipt(event: AuditEvent): Receipt | undefined {
  const entity = event.entity?.find((candidate) => candidate.what?.identifier?.system === APPOINTMENT_ID_SYSTEM)
  const appointmentId = entity?.what?.identifier?.value
  const requestDigest = entity?.detail?.find((detail) => detail.type === DIGEST)?.valueString
  const clientId = event.agent[0]?.who?.identifier?.value
  if (appointmentId === undefined || requestDigest === undefined || clientId === undefined) return undefined
  const version = entity?.detail?.find((detail) => detail.type === VERSION)?.valueString ?? ''
  const codes = (event.subtype ?? []).map((coding) => coding.code).filter((code) => code !== undefined)
  return { appointmentId, requestDigest, clientId, version, codes }
}

/** What the receipt of an escalation says. */
export interface EscalationReceipt {
  readonly recorded: EpochMs | undefined
  readonly requestDigest: string
}

/** Reads the receipt of an escalation back; `undefined` for an AuditEvent that is none. */
export function readEscalationReceipt(event: AuditEvent): EscalationReceipt | undefined {
  const entity = event.entity?.find((candidate) => candidate.what?.identifier?.system === ESCALATION_ID_SYSTEM)
  const requestDigest = entity?.detail?.find((detail) => detail.type === DIGEST)?.valueString
  return requestDigest === undefined ? undefined : { recorded: parseInstant(event.recorded), requestDigest }
}

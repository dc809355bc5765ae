import type { Appointment, FhirResource, Slot, Task } from 'fhir/r4.js'
import type { Call, Ehr, Queries } from '../booking/ports.ts'
import { appointmentQuery, ofType } from '../booking/window-queries.ts'
import { claimedSlotIds } from '../fhir/appointment.ts'
import { formatUtc } from '../fhir/instant.ts'
import { token, type EhrQuery } from '../fhir/query.ts'
import { ESCALATION_ID_SYSTEM } from '../fhir/vocabulary.ts'

/** What somebody who watches the demo wants to see of the EHR. */
export interface Glance {
  /** The gateway's id of a visit. */
  readonly appointmentId?: string | undefined
  /** Slots the visit may have had before: a moved visit names its new ones only. */
  readonly slotIds: readonly string[]
  /** The gateway's id of an escalation. */
  readonly escalationId?: string | undefined
}

/** Versions as the EHR keeps them, newest first: what changed can be read off them. */
export interface EhrHistory {
  readonly read_at: string
  readonly appointment: readonly Appointment[]
  readonly slots: readonly (readonly Slot[])[]
  readonly task: readonly Task[]
}

/**
 * Reads the histories of a visit, of every Slot it claims and of a staff Task: two round trips at most. It looks past the rules
 * about whose visit it is, so only the development page has it.
 * What is not there has no versions.
 * @throws BookingError `ehr_unavailable`
 */
export async function ehrHistory(ehr: Ehr, glance: Glance, call: Call): Promise<EhrHistory> {
  const found = await ehr.batch(entryQueries(glance), call)
  const [appointment] = ofType(found.all('appointment'), 'Appointment')
  const [task] = ofType(found.all('task'), 'Task')
  const slotIds = [...new Set([...(appointment ? claimedSlotIds(appointment) : []), ...glance.slotIds])].sort()
  const histories: Queries = {
    ...(appointment && { appointment: historyOf(appointment) }),
    ...(task && { task: historyOf(task) }),
    ...Object.fromEntries(slotIds.map((id) => [`slot ${id}`, { kind: 'history', type: 'Slot', id } satisfies EhrQuery])),
  }
  if (Object.keys(histories).length === 0) return { read_at: formatUtc(found.now), appointment: [], slots: [], task: [] }
  const reading = await ehr.batch(histories, call)
  return {
    read_at: formatUtc(reading.now),
    appointment: appointment ? ofType(reading.all('appointment'), 'Appointment') : [],
    slots: slotIds.map((id) => ofType(reading.all(`slot ${id}`), 'Slot')),
    task: task ? ofType(reading.all('task'), 'Task') : [],
  }
}

function entryQueries({ appointmentId, escalationId }: Glance): Queries {
  return {
    ...(appointmentId !== undefined && { appointment: appointmentQuery(appointmentId, false) }),
    ...(escalationId !== undefined && { task: taskQuery(escalationId) }),
  }
}

function taskQuery(escalationId: string): EhrQuery {
  return { kind: 'search', type: 'Task', params: [['identifier', token(ESCALATION_ID_SYSTEM, escalationId)]] }
}

function historyOf(resource: FhirResource): EhrQuery {
  return { kind: 'history', type: resource.resourceType, id: resource.id ?? '' }
}

import type { Appointment, FhirResource } from 'fhir/r4.js'
import { CANCELLATION_REASON_SYSTEM } from '../../src/fhir/vocabulary.ts'
import { StackError } from '../stack/console.ts'
import type { FhirServer } from './fhir-server.ts'

const PAGE = 200
const MOST_PAGES = 100
const LIVE = 'pending,booked,arrived,checked-in'

/** Cancels every live Appointment of the practitioners among the resources, so that their Slots may be given back. */
export async function cancelVisits(server: FhirServer, resources: readonly FhirResource[]): Promise<number> {
  const actors = resources.flatMap(({ resourceType, id }) =>
    (resourceType === 'Practitioner' || resourceType === 'PractitionerRole') && id !== undefined ? [`${resourceType}/${id}`] : [],
  )
  if (actors.length === 0) return 0
  let cancelled = 0
  for (let page = 0; page < MOST_PAGES; page += 1) {
    // What is cancelled is no longer found: each search brings the next ones.
    const live = await server.search('Appointment', { actor: actors.join(','), status: LIVE, _count: String(PAGE) })
    if (live.length === 0) return cancelled
    const puts = live.map((visit) => ({ resource: asCancelled(visit), ifMatch: `W/"${visit.meta?.versionId ?? ''}"` }))
    const answer = await server.putAll('transaction', puts)
    if (answer.kind === 'done') cancelled += live.length
  }
  throw new StackError('Visits keep changing while they are cancelled. Stop the gateway and run the seed again.')
}

function asCancelled(visit: Appointment): Appointment {
  return {
    ...visit,
    status: 'cancelled',
    cancelationReason: { coding: [{ system: CANCELLATION_REASON_SYSTEM, code: 'other' }], text: 'Demo data loaded anew' },
  }
}

import type { Bundle } from 'fhir/r4.js'
import { say, StackError } from '../scripts/stack/console.ts'
import type { World } from './world.ts'

/** Both sides asked for the same, so they must leave the same behind: otherwise one of them did less work than it seems. */
export async function assertSameOutcome(fhirBaseUrl: string, gateway: World, bare: World): Promise<void> {
  const [ours, theirs] = await Promise.all([countsOf(fhirBaseUrl, gateway), countsOf(fhirBaseUrl, bare)])
  if (ours !== theirs) throw new StackError(`The two sides left different things in the EHR. Gateway: ${ours}. Bare: ${theirs}.`)
  say(`Both sides left the same in the EHR: ${ours}`)
}

async function countsOf(fhirBaseUrl: string, world: World): Promise<string> {
  const schedule = world.scheduleIds.map((id) => `Schedule/${id}`).join(',')
  const actor = world.scheduleIds.map((_, index) => `Practitioner/${world.practitionerId(index)}`).join(',')
  const queries = {
    'Slots free': `Slot?schedule=${schedule}&status=free`,
    busy: `Slot?schedule=${schedule}&status=busy`,
    'Appointments booked': `Appointment?actor=${actor}&status=booked`,
    cancelled: `Appointment?actor=${actor}&status=cancelled`,
    pending: `Appointment?actor=${actor}&status=pending`,
  }
  const counted = Object.entries(queries).map(async ([name, query]) => `${name} ${await count(`${fhirBaseUrl}/${query}`)}`)
  return (await Promise.all(counted)).join(', ')
}

async function count(search: string): Promise<number> {
  const answer = await fetch(`${search}&_summary=count`, { headers: { 'cache-control': 'no-store' } })
  if (!answer.ok) throw new StackError(`The FHIR server answers a count with status ${answer.status}.`)
  return ((await answer.json()) as Bundle).total ?? 0
}

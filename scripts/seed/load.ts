import type { FhirResource } from 'fhir/r4.js'
import { StackError } from '../stack/console.ts'
import { cancelVisits } from './cancel-visits.ts'
import { FhirServer, type Put, type SearchedType } from './fhir-server.ts'
import { loadOrder, nameOf } from './load-order.ts'
import { planWrites } from './plan-writes.ts'

/** Resources per bundle: larger ones are no faster. */
const BUNDLE_SIZE = 250
/** Visits stand on these, so they are never simply overwritten. */
const IN_USE: readonly SearchedType[] = ['Slot', 'Appointment']

/** How far the resources of one type are. */
export interface LoadProgress {
  readonly resourceType: string
  readonly total: number
  readonly created: number
  /** Were there before: written again (directory, patients), moved, or found as wanted. */
  readonly present: number
  /** Slots and Appointments that were claimed or changed since the last seed: left alone. */
  readonly kept: number
}

/** How to load. */
export interface LoadOptions {
  /** Cancels the live visits of the practitioners and overwrites Slots and Appointments, instead of leaving alone what is in use. */
  readonly fresh?: boolean
  readonly onProgress?: (progress: LoadProgress) => void
  readonly onCancelled?: (visits: number) => void
}

/**
 * Loads resources into a FHIR server by dependency, in transactions of PUTs, and can be repeated: live bookings survive.
 * @returns the final count of each type
 * @throws StackError when the server does not answer or refuses something
 */
export async function loadResources(
  baseUrl: string,
  resources: readonly FhirResource[],
  options: LoadOptions = {},
): Promise<LoadProgress[]> {
  const server = new FhirServer(baseUrl)
  await server.check()
  if (options.fresh) options.onCancelled?.(await cancelVisits(server, resources))
  const counts: LoadProgress[] = []
  for (const group of loadOrder(resources)) {
    let progress: LoadProgress = { resourceType: group.resourceType, total: group.resources.length, created: 0, present: 0, kept: 0 }
    for (let from = 0; from < group.resources.length; from += BUNDLE_SIZE) {
      progress = add(progress, await loadSome(server, group.resources.slice(from, from + BUNDLE_SIZE), options.fresh ?? false))
      options.onProgress?.(progress)
    }
    counts.push(progress)
  }
  return counts
}

type Counts = Pick<LoadProgress, 'created' | 'present' | 'kept'>

async function loadSome(server: FhirServer, resources: readonly FhirResource[], fresh: boolean): Promise<Counts> {
  const inUse = IN_USE.find((type) => type === resources[0]?.resourceType)
  if (fresh || !inUse)
    return write(
      server,
      resources.map((resource) => ({ resource })),
    )
  const ids = resources.map((resource) => resource.id).join(',')
  const existing = await server.search(inUse, { _id: ids, _count: String(BUNDLE_SIZE) })
  const plan = planWrites(resources, existing)
  const written = await write(server, plan.puts)
  return { created: written.created, present: written.present + plan.present, kept: written.kept + plan.kept }
}

/** A transaction is three times as fast as a batch; but where one PUT meets a conflict, each has to stand for itself. */
async function write(server: FhirServer, puts: readonly Put[]): Promise<Counts> {
  if (puts.length === 0) return { created: 0, present: 0, kept: 0 }
  let answer = await server.putAll('transaction', puts)
  if (answer.kind === 'conflict') answer = await server.putAll('batch', puts)
  if (answer.kind === 'conflict') throw new StackError('The FHIR server answers a batch with a conflict. Run the seed again.')
  const counts = { created: 0, present: 0, kept: 0 }
  answer.entries.forEach(({ status, diagnostics }, index) => {
    if (status === 201) counts.created += 1
    else if (status === 200) counts.present += 1
    else if (status === 409 || status === 412) counts.kept += 1
    else throw new StackError(`The FHIR server refused ${refusedName(puts[index])}: status ${status}. ${diagnostics}`)
  })
  return counts
}

function refusedName(put: Put | undefined): string {
  return put ? nameOf(put.resource) : 'a resource'
}

function add(progress: LoadProgress, more: Counts): LoadProgress {
  return {
    ...progress,
    created: progress.created + more.created,
    present: progress.present + more.present,
    kept: progress.kept + more.kept,
  }
}

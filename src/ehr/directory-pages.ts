import type { Bundle, FhirResource } from 'fhir/r4.js'
import { formatUtc, parseInstant, type EpochMs } from '../fhir/instant.ts'
import { foundIn, isBundle, resourcesIn } from './bundles.ts'
import type { FhirHttp } from './fhir-http.ts'
import type { Guard } from './guard.ts'
import { unavailable } from './unavailable.ts'

/** A large directory takes longer than one request of a caller may; it is shared by all who wait. In milliseconds. */
const PAGE_TIMEOUT_MS = 20_000
const MAX_PAGES = 200
/** A change may be committed this long after the time stamp it carries, in milliseconds. */
const OVERLAP_MS = 10_000

/** Schedules with everybody they name, and the roles and places around them. */
const SEARCHES = [
  'Schedule?_include=Schedule:actor&_count=500',
  'PractitionerRole?_include=PractitionerRole:practitioner&_include=PractitionerRole:location&_count=500',
  'Location?_count=500',
]

/** What was read for a directory. */
export interface DirectoryPages {
  readonly resources: readonly FhirResource[]
  /** From this moment of the EHR's clock on, changes may be missing in it. */
  readonly asOf: EpochMs
}

/**
 * Reads the Schedules of the EHR and who stands behind them.
 * @param since only what has changed since then, by `meta.lastUpdated`; what was deleted does not show
 * @throws BookingError `ehr_unavailable`
 */
export async function readDirectory(http: FhirHttp, guard: Guard, since?: EpochMs): Promise<DirectoryPages> {
  const changed = since === undefined ? '' : `&_lastUpdated=ge${formatUtc(since)}`
  const read = (search: string) => readAll(http, guard, search + changed)
  const lists = since === undefined ? await oneByOne(SEARCHES, read) : await Promise.all(SEARCHES.map(read))
  return { resources: lists.flatMap((list) => list.resources), asOf: Math.min(...lists.map((list) => list.at)) - OVERLAP_MS }
}

/** Everything takes its time, and leaves room for the changes that somebody waits for. */
async function oneByOne<T>(searches: readonly string[], read: (search: string) => Promise<T>): Promise<T[]> {
  const lists: T[] = []
  for (const search of searches) lists.push(await read(search))
  return lists
}

/** All pages of a search. `no-cache`, because `no-store` knows no pages. */
async function readAll(http: FhirHttp, guard: Guard, search: string): Promise<{ resources: FhirResource[]; at: EpochMs }> {
  const resources: FhirResource[] = []
  let at = Number.POSITIVE_INFINITY
  let url: string | undefined = search
  for (let page = 0; url !== undefined; page++) {
    if (page >= MAX_PAGES) throw new Error('the directory of Schedules is too large to read')
    const bundle = await readPage(http, guard, url, search.slice(0, search.indexOf('?')))
    resources.push(...resourcesIn(bundle))
    at = Math.min(at, parseInstant(bundle.meta?.lastUpdated) ?? Date.now())
    url = bundle.link?.find((link) => link.relation === 'next')?.url
  }
  return { resources, at }
}

async function readPage(http: FhirHttp, guard: Guard, url: string, type: string): Promise<Bundle> {
  const exchange = await guard.run({
    waitUntil: performance.now() + PAGE_TIMEOUT_MS,
    timeoutMs: () => PAGE_TIMEOUT_MS,
    send: (timeoutMs) => http.request('GET', url, { 'cache-control': 'no-cache' }, timeoutMs),
    isUsable: ({ body }) => foundIn(body, type) !== undefined,
  })
  const body = exchange.kind === 'answer' && exchange.status === 200 ? exchange.body : undefined
  if (isBundle(body) && foundIn(body, type)) return body
  throw unavailable(exchange)
}

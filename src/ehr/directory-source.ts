import type { Bundle, FhirResource } from 'fhir/r4.js'
import type { Call, DirectorySnapshot, DirectorySource } from '../booking/ports.ts'
import { parseInstant } from '../fhir/instant.ts'
import { Directory } from '../scheduling/directory.ts'
import { foundIn, isBundle, resourcesIn } from './bundles.ts'
import type { FhirHttp } from './fhir-http.ts'
import type { Guard } from './guard.ts'
import { unavailable } from './unavailable.ts'

/** A directory older than this is read anew in the background, in milliseconds. */
const MAX_AGE_MS = 60_000
/** A change may be committed this long after the time stamp it carries, in milliseconds. */
const OVERLAP_MS = 10_000
/** Reading a large directory takes longer than one request may; it is shared by all who wait. */
const READ_TIMEOUT_MS = 20_000
const MAX_PAGES = 200

/** Schedules with everybody they name, and the roles and places around them. */
const SEARCHES = [
  'Schedule?_include=Schedule:actor&_count=500',
  'PractitionerRole?_include=PractitionerRole:practitioner&_include=PractitionerRole:location&_count=500',
  'Location?_count=500',
]

/** Reads the directory from the FHIR server and keeps the last one. */
export class FhirDirectorySource implements DirectorySource {
  readonly #http: FhirHttp
  readonly #guard: Guard
  #snapshot: DirectorySnapshot | undefined
  #readAt = 0
  #reading: Promise<DirectorySnapshot> | undefined

  constructor(http: FhirHttp, guard: Guard) {
    this.#http = http
    this.#guard = guard
  }

  async current(call: Call): Promise<DirectorySnapshot> {
    if (!this.#snapshot) return this.refresh(call)
    // A failing refresh in the background changes nothing: writes check their Schedules anew in any case.
    if (performance.now() - this.#readAt > MAX_AGE_MS) this.#start().catch(() => undefined)
    return this.#snapshot
  }

  async refresh(call: Call): Promise<DirectorySnapshot> {
    // One that began before the caller noticed a change may miss it, so it is waited for and another one started.
    const running = this.#reading
    const fresh = running ? running.catch(() => undefined).then(() => this.#start()) : this.#start()
    return withDeadline(fresh, call.deadline)
  }

  #start(): Promise<DirectorySnapshot> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<DirectorySnapshot> {
    const lists = await Promise.all(SEARCHES.map((search) => this.#readAll(search)))
    const asOf = Math.min(...lists.map((list) => list.at)) - OVERLAP_MS
    this.#snapshot = { directory: new Directory(lists.flatMap((list) => list.resources)), asOf }
    this.#readAt = performance.now()
    return this.#snapshot
  }

  /** All pages of a search. `no-cache`, because `no-store` knows no pages. */
  async #readAll(search: string): Promise<{ resources: FhirResource[]; at: number }> {
    const resources: FhirResource[] = []
    let at = Number.POSITIVE_INFINITY
    let url: string | undefined = search
    for (let page = 0; url !== undefined; page++) {
      if (page >= MAX_PAGES) throw new Error('the directory of Schedules is too large to read')
      const bundle = await this.#page(url, search.slice(0, search.indexOf('?')))
      resources.push(...resourcesIn(bundle))
      at = Math.min(at, parseInstant(bundle.meta?.lastUpdated) ?? Date.now())
      url = bundle.link?.find((link) => link.relation === 'next')?.url
    }
    return { resources, at }
  }

  async #page(url: string, type: string): Promise<Bundle> {
    const exchange = await this.#guard.run({
      waitUntil: performance.now() + READ_TIMEOUT_MS,
      timeoutMs: () => READ_TIMEOUT_MS,
      send: (timeoutMs) => this.#http.request('GET', url, { 'cache-control': 'no-cache' }, timeoutMs),
      isUsable: ({ body }) => foundIn(body, type) !== undefined,
    })
    const body = exchange.kind === 'answer' && exchange.status === 200 ? exchange.body : undefined
    if (isBundle(body) && foundIn(body, type)) return body
    throw unavailable(exchange)
  }
}

async function withDeadline<T>(work: Promise<T>, deadline: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => {
        reject(unavailable({ kind: 'broken', sent: true }))
      },
      Math.max(0, deadline - performance.now()),
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

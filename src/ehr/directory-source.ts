import type { FhirResource } from 'fhir/r4.js'
import type { Call, DirectorySnapshot, DirectorySource } from '../booking/ports.ts'
import { Directory } from '../scheduling/directory.ts'
import { readDirectory, type DirectoryPages } from './directory-pages.ts'
import type { FhirHttp } from './fhir-http.ts'
import type { Guard } from './guard.ts'
import { unavailable } from './unavailable.ts'

/** What changed is read in the background when the directory is older than this, in milliseconds. */
const MAX_AGE_MS = 60_000
/** Everything is read anew after so long: what was deleted, and new names of people, show only then. In milliseconds. */
const WHOLE_EVERY_MS = 5 * 60_000

/**
 * Reads the directory from the FHIR server and keeps the last one. A large clinic's takes many seconds to read (HAPI: about two for
 * 500 Schedules), and one new Schedule makes it stale: therefore only what changed is read, as long as that explains what was noticed,
 * also while everything is being read.
 */
export class FhirDirectorySource implements DirectorySource {
  readonly #http: FhirHttp
  readonly #guard: Guard
  #resources: ReadonlyMap<string, FhirResource> = new Map()
  #snapshot: DirectorySnapshot | undefined
  #readAt = Number.NEGATIVE_INFINITY
  #wholeBegunAt = Number.NEGATIVE_INFINITY
  #news: Promise<DirectorySnapshot> | undefined
  #whole: Promise<DirectorySnapshot> | undefined

  constructor(http: FhirHttp, guard: Guard) {
    this.#http = http
    this.#guard = guard
  }

  async current(call: Call): Promise<DirectorySnapshot> {
    const snapshot = this.#snapshot
    if (!snapshot) return this.refresh(call)
    const now = performance.now()
    // A failing refresh in the background changes nothing: writes check their Schedules anew in any case.
    if (now - this.#wholeBegunAt > WHOLE_EVERY_MS) this.#readWhole().catch(() => undefined)
    else if (now - this.#readAt > MAX_AGE_MS) this.#readNews(snapshot).catch(() => undefined)
    return snapshot
  }

  async refresh(call: Call, contradicted?: Directory): Promise<DirectorySnapshot> {
    return withDeadline(this.#newerThan(contradicted), call.deadline)
  }

  async #newerThan(contradicted: Directory | undefined): Promise<DirectorySnapshot> {
    // A reading that began before the caller noticed a change may miss it.
    await this.#news?.catch(() => undefined)
    if (!this.#snapshot) return this.#readWhole()
    const snapshot = await this.#readNews(this.#snapshot)
    // No change explains it, so something was deleted.
    return snapshot.directory === contradicted ? this.#readWhole() : snapshot
  }

  /** One reading at a time: whoever asks meanwhile shares it. */
  #readNews({ asOf }: DirectorySnapshot): Promise<DirectorySnapshot> {
    const read = async () => {
      const pages = await readDirectory(this.#http, this.#guard, asOf)
      const news = pages.resources.filter((resource) => versionOf(this.#resources.get(keyOf(resource))) !== versionOf(resource))
      return this.#keep(pages, news.length > 0 ? [...this.#resources.values(), ...news] : undefined)
    }
    this.#news ??= read().finally(() => {
      this.#news = undefined
    })
    return this.#news
  }

  #readWhole(): Promise<DirectorySnapshot> {
    const read = async () => {
      this.#wholeBegunAt = performance.now()
      const whole = await readDirectory(this.#http, this.#guard)
      // It took its time: what others have learned of the EHR meanwhile must not be forgotten.
      const news = await readDirectory(this.#http, this.#guard, whole.asOf)
      return this.#keep(news, [...whole.resources, ...news.resources])
    }
    this.#whole ??= read().finally(() => {
      this.#whole = undefined
    })
    return this.#whole
  }

  /** @param resources what there is now, later versions last; `undefined` when nothing has changed */
  #keep({ asOf }: DirectoryPages, resources: readonly FhirResource[] | undefined): DirectorySnapshot {
    if (resources) this.#resources = new Map(resources.map((resource) => [keyOf(resource), resource]))
    const directory = resources || !this.#snapshot ? new Directory([...this.#resources.values()]) : this.#snapshot.directory
    this.#snapshot = { directory, asOf }
    this.#readAt = performance.now()
    return this.#snapshot
  }
}

function keyOf(resource: FhirResource): string {
  return `${resource.resourceType}/${resource.id ?? ''}`
}

function versionOf(resource: FhirResource | undefined): string | undefined {
  return resource?.meta?.versionId
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

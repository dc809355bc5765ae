import type { Bundle, BundleEntry, FhirResource } from 'fhir/r4.js'
import { BookingError } from '../booking/errors.ts'
import type { Call, CommitOutcome, CommittedVersion, Ehr, Queries, Reading, RoundTripObserver } from '../booking/ports.ts'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'
import { queryUrl, type EhrQuery } from '../fhir/query.ts'
import { isBundle, resourcesIn } from './bundles.ts'
import type { Exchange, FhirHttp } from './fhir-http.ts'

/** What of the deadline a commit leaves over, in milliseconds: time to look up what became of it. */
const SETTLE_RESERVE_MS = 700
/** The largest page asked for. A server that cuts pages smaller than this is found by the doctor and not written to. */
export const LARGEST_PAGE = 500

/** The port `Ehr` on a FHIR R4 server. One method call is one HTTP request. */
export class FhirEhr implements Ehr {
  readonly #http: FhirHttp
  readonly #observe: RoundTripObserver

  constructor(http: FhirHttp, observe: RoundTripObserver) {
    this.#http = http
    this.#observe = observe
  }

  async batch(queries: Queries, call: Call, maxResults = LARGEST_PAGE): Promise<Reading> {
    const names = Object.keys(queries)
    const entry = Object.values(queries).map((query) => ({
      request: { method: 'GET' as const, url: queryUrl(withCount(query, maxResults)) },
    }))
    // no-store: never from the search cache. It also cuts off silently, at max-results and at the page size whichever is less,
    // included resources first; therefore both are given, and an answer of that size counts as incomplete.
    const headers = { 'cache-control': `no-store, max-results=${maxResults}`, 'x-request-id': call.requestId }
    const exchange = await this.#timed('read', call, () =>
      this.#http.bundle({ resourceType: 'Bundle', type: 'batch', entry }, headers, call.deadline - performance.now()),
    )
    const reading = exchange.kind === 'answer' && exchange.status === 200 ? readBatch(names, exchange, maxResults) : undefined
    if (reading) return reading
    throw new BookingError('ehr_unavailable', 'The EHR does not answer as it should. Nothing was written; try again.', {
      retryAfterSeconds: 5,
    })
  }

  async commit(transaction: Bundle, call: Call): Promise<CommitOutcome> {
    const timeLeft = Math.max(call.deadline - performance.now() - SETTLE_RESERVE_MS, 100)
    const bundle = { ...transaction, entry: (transaction.entry ?? []).map((entry) => this.#withFullUrl(entry)) }
    const headers = { prefer: 'return=minimal', 'x-request-id': call.requestId }
    const exchange = await this.#timed('commit', call, () => this.#http.bundle(bundle, headers, timeLeft))
    return classify(exchange, transaction)
  }

  /** Servers that validate want a fullUrl on every entry, and it has to agree with the id. */
  #withFullUrl(entry: BundleEntry): BundleEntry {
    return { fullUrl: `${this.#http.baseUrl}/${entry.request?.url ?? ''}`, ...entry }
  }

  async #timed(kind: 'read' | 'commit', call: Call, exchange: () => Promise<Exchange>): Promise<Exchange> {
    const started = performance.now()
    call.roundTrips++
    const result = await exchange()
    this.#observe(kind, result.kind === 'answer' ? String(result.status) : 'broken', (performance.now() - started) / 1000)
    return result
  }
}

function withCount(query: EhrQuery, count: number): EhrQuery {
  return query.kind === 'search' ? { ...query, params: [...query.params, ['_count', String(count)]] } : query
}

/** 409 and 412 are both a lost race: HAPI answers either, depending on the place where it notices. */
function classify(exchange: Exchange, transaction: Bundle): CommitOutcome {
  if (exchange.kind === 'broken') return exchange.sent ? { kind: 'unknown' } : { kind: 'unavailable', retryAfterSeconds: 5 }
  const { status } = exchange
  if (status === 409 || status === 412) return { kind: 'conflict' }
  if (status === 429) return { kind: 'unavailable', retryAfterSeconds: 5 }
  if (status >= 400 && status < 500) return { kind: 'rejected' }
  const versions = status === 200 ? readVersions(exchange.body, transaction) : undefined
  return versions ? { kind: 'committed', versions } : { kind: 'unknown' }
}

function readVersions(body: unknown, transaction: Bundle): Map<string, CommittedVersion> | undefined {
  const sent = transaction.entry ?? []
  const answered = isBundle(body) ? (body.entry ?? []) : []
  if (answered.length !== sent.length) return undefined
  const versions = new Map<string, CommittedVersion>()
  for (const [index, entry] of sent.entries()) {
    const written = readLocation(answered[index]?.response?.location)
    if (!written) return undefined
    versions.set(entry.fullUrl ?? entry.request?.url ?? '', written)
  }
  return versions
}

function readLocation(location: string | undefined): CommittedVersion | undefined {
  const [, id, version] = /([A-Za-z0-9\-.]{1,64})\/_history\/([A-Za-z0-9\-.]{1,64})$/.exec(location ?? '') ?? []
  return id !== undefined && version !== undefined ? { id, version } : undefined
}

interface ReadAnswer {
  readonly resources: readonly FhirResource[]
  readonly complete: boolean
  readonly at: EpochMs | undefined
}

/** `undefined` when the answer is not what was asked for; half a reading must not decide anything. */
function readBatch(names: readonly string[], exchange: Extract<Exchange, { kind: 'answer' }>, maxResults: number): Reading | undefined {
  const entries = isBundle(exchange.body) ? (exchange.body.entry ?? []) : []
  if (entries.length !== names.length) return undefined
  const answers = new Map<string, ReadAnswer>()
  for (const [index, name] of names.entries()) {
    const answer = readEntry(entries[index], maxResults)
    if (!answer) return undefined
    answers.set(name, answer)
  }
  const times = [...answers.values()].map((answer) => answer.at).filter((at) => at !== undefined)
  const now = times.length > 0 ? Math.min(...times) : Date.parse(exchange.date ?? '')
  if (Number.isNaN(now)) return undefined
  return {
    now,
    all: (name) => answers.get(name)?.resources ?? [],
    isComplete: (name) => answers.get(name)?.complete ?? true,
  }
}

function readEntry(entry: BundleEntry | undefined, maxResults: number): ReadAnswer | undefined {
  const status = entry?.response?.status.slice(0, 3)
  if (status === '404' || status === '410') return { resources: [], complete: true, at: undefined }
  if (status !== '200' || !entry?.resource) return undefined
  if (!isBundle(entry.resource)) return { resources: [entry.resource as FhirResource], complete: true, at: undefined }
  const resources = resourcesIn(entry.resource)
  return { resources, complete: resources.length < maxResults, at: parseInstant(entry.resource.meta?.lastUpdated) }
}

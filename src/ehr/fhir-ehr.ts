import type { Bundle, BundleEntry } from 'fhir/r4.js'
import type { Call, CommitOutcome, CommittedVersion, Ehr, Queries, Reading } from '../booking/ports.ts'
import { queryUrl, type EhrQuery } from '../fhir/query.ts'
import { readBatch } from './batch-answer.ts'
import { isBundle } from './bundles.ts'
import type { Exchange, FhirHttp } from './fhir-http.ts'
import type { Guards, Refused } from './guard.ts'
import { retryAfterSeconds, unavailable } from './unavailable.ts'

/** What of the deadline a commit leaves over, in milliseconds: time to look up what became of it. */
const SETTLE_RESERVE_MS = 700
/** The longest a reading may take where the call says nothing else, in milliseconds: of a slow EHR the caller hears while there is time to do something else. */
const READ_WITHIN_MS = 2_500
/** Waiting for a connection makes no sense any more when so little time is left for the exchange itself, in milliseconds. */
const LEAST_MS = 200
/** The largest page asked for. A server that cuts pages smaller than this is found by the doctor and not written to. */
export const LARGEST_PAGE = 500

/** The port `Ehr` on a FHIR R4 server. One method call is one HTTP request. */
export class FhirEhr implements Ehr {
  readonly #http: FhirHttp
  readonly #guards: Guards

  constructor(http: FhirHttp, guards: Guards) {
    this.#http = http
    this.#guards = guards
  }

  async batch(queries: Queries, call: Call, maxResults = LARGEST_PAGE): Promise<Reading> {
    const entry = Object.values(queries).map((query) => ({
      request: { method: 'GET' as const, url: queryUrl(withCount(query, maxResults)) },
    }))
    // no-store: never from the search cache. It also cuts off silently, at max-results and at the page size whichever is less,
    // included resources first; therefore both are given, and an answer of that size counts as incomplete.
    const headers = { 'cache-control': `no-store, max-results=${maxResults}`, 'x-request-id': call.requestId }
    let reading: Reading | undefined
    const exchange = await this.#guards.read.run({
      waitUntil: call.deadline - LEAST_MS,
      timeoutMs: () => Math.min(call.deadline - performance.now(), call.readWithinMs ?? READ_WITHIN_MS),
      send: (timeoutMs) => {
        call.roundTrips++
        return this.#http.bundle({ resourceType: 'Bundle', type: 'batch', entry }, headers, timeoutMs)
      },
      isUsable: (answer) => (reading = readBatch(queries, answer, maxResults)) !== undefined,
    })
    if (reading) return reading
    throw unavailable(exchange)
  }

  async commit(transaction: Bundle, call: Call): Promise<CommitOutcome> {
    const bundle = { ...transaction, entry: (transaction.entry ?? []).map((entry) => this.#withFullUrl(entry)) }
    const headers = { prefer: 'return=minimal', 'x-request-id': call.requestId }
    let versions: Versions | undefined
    const exchange = await this.#guards.commit.run({
      waitUntil: call.deadline - SETTLE_RESERVE_MS - LEAST_MS,
      timeoutMs: () => Math.max(call.deadline - performance.now() - SETTLE_RESERVE_MS, 100),
      send: (timeoutMs) => {
        call.roundTrips++
        return this.#http.bundle(bundle, headers, timeoutMs)
      },
      isUsable: ({ status, body }) => status === 200 && (versions = readVersions(body, transaction)) !== undefined,
    })
    return versions ? { kind: 'committed', versions } : failureOf(exchange)
  }

  /** Servers that validate want a fullUrl on every entry, and it has to agree with the id. */
  #withFullUrl(entry: BundleEntry): BundleEntry {
    return { fullUrl: `${this.#http.baseUrl}/${entry.request?.url ?? ''}`, ...entry }
  }
}

type Versions = ReadonlyMap<string, CommittedVersion>

function withCount(query: EhrQuery, count: number): EhrQuery {
  return query.kind === 'search' ? { ...query, params: [...query.params, ['_count', String(count)]] } : query
}

/** 409 and 412 are both a lost race: HAPI answers either, depending on the place where it notices. */
function failureOf(exchange: Exchange | Refused): CommitOutcome {
  if (exchange.kind === 'refused') return { kind: 'unavailable', retryAfterSeconds: retryAfterSeconds(exchange) }
  if (exchange.kind === 'broken')
    return exchange.sent ? { kind: 'unknown' } : { kind: 'unavailable', retryAfterSeconds: retryAfterSeconds(exchange) }
  const { status } = exchange
  if (status === 409 || status === 412) return { kind: 'conflict' }
  if (status === 429) return { kind: 'unavailable', retryAfterSeconds: retryAfterSeconds(exchange) }
  if (status >= 400 && status < 500) return { kind: 'rejected' }
  const asked = exchange.retryAfterSeconds
  return { kind: 'unknown', ...(asked !== undefined && { retryAfterSeconds: asked }) }
}

function readVersions(body: unknown, transaction: Bundle): Versions | undefined {
  const sent = transaction.entry ?? []
  const answered = isBundle(body, 'transaction-response') ? (body.entry ?? []) : []
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

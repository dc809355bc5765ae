import type { AuditEvent, FhirResource, Patient } from 'fhir/r4.js'
import type { AuditSink } from '../audit/audit-trail.ts'
import type { Call } from '../booking/ports.ts'
import type { PatientSearch } from '../intake/patient-search.ts'
import { foundIn } from './bundles.ts'
import type { FhirHttp } from './fhir-http.ts'
import type { Guard } from './guard.ts'
import { unavailable } from './unavailable.ts'

const STORE_TIMEOUT_MS = 10_000

/** Stores AuditEvents as one batch. */
export class FhirAuditSink implements AuditSink {
  readonly #http: FhirHttp

  constructor(http: FhirHttp) {
    this.#http = http
  }

  async store(events: readonly AuditEvent[]): Promise<boolean> {
    const entry = events.map((resource) => ({
      fullUrl: `urn:uuid:${crypto.randomUUID()}`,
      resource,
      request: { method: 'POST' as const, url: 'AuditEvent' },
    }))
    const exchange = await this.#http.bundle(
      { resourceType: 'Bundle', type: 'batch', entry },
      { prefer: 'return=minimal' },
      STORE_TIMEOUT_MS,
    )
    return exchange.kind === 'answer' && exchange.status === 200
  }
}

/** Looks patients up. More candidates than this cannot be told apart safely, and none of them is taken. */
const MOST_CANDIDATES = 50
/** The longest a look-up may take, in milliseconds. */
const LOOK_UP_WITHIN_MS = 2_500

export class FhirPatientSearch implements PatientSearch {
  readonly #http: FhirHttp
  readonly #guard: Guard

  constructor(http: FhirHttp, guard: Guard) {
    this.#http = http
    this.#guard = guard
  }

  async find(params: readonly (readonly [string, string])[], call: Call): Promise<readonly Patient[]> {
    const form = new URLSearchParams([
      ...params.map(([name, value]): [string, string] => [name, value]),
      ['_count', String(MOST_CANDIDATES + 1)],
    ])
    const headers = {
      // Without the charset HAPI reads the form as Latin-1, and finds nobody by a name with an umlaut.
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'cache-control': `no-store, max-results=${MOST_CANDIDATES + 1}`,
      'x-request-id': call.requestId,
    }
    let found: FhirResource[] | undefined
    const exchange = await this.#guard.run({
      waitUntil: call.deadline,
      timeoutMs: () => Math.min(call.deadline - performance.now(), LOOK_UP_WITHIN_MS),
      send: (timeoutMs) => {
        call.roundTrips++
        return this.#http.request('POST', 'Patient/_search', headers, timeoutMs, form.toString())
      },
      isUsable: ({ body }) => (found = foundIn(body, 'Patient')) !== undefined,
    })
    if (!found) throw unavailable(exchange)
    const patients = found.filter((resource) => resource.resourceType === 'Patient')
    return patients.length > MOST_CANDIDATES ? [] : patients
  }
}

import type { AuditEvent, Patient } from 'fhir/r4.js'
import type { AuditSink } from '../audit/audit-trail.ts'
import { BookingError } from '../booking/errors.ts'
import type { Call } from '../booking/ports.ts'
import type { PatientSearch } from '../intake/verify-identity.ts'
import { isBundle, resourcesIn } from './bundles.ts'
import type { FhirHttp } from './fhir-http.ts'

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

export class FhirPatientSearch implements PatientSearch {
  readonly #http: FhirHttp

  constructor(http: FhirHttp) {
    this.#http = http
  }

  async find(params: readonly (readonly [string, string])[], call: Call): Promise<readonly Patient[]> {
    const form = new URLSearchParams([
      ...params.map(([name, value]): [string, string] => [name, value]),
      ['_count', String(MOST_CANDIDATES + 1)],
    ])
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'cache-control': `no-store, max-results=${MOST_CANDIDATES + 1}`,
      'x-request-id': call.requestId,
    }
    call.roundTrips++
    const exchange = await this.#http.request('POST', 'Patient/_search', headers, call.deadline - performance.now(), form.toString())
    if (exchange.kind !== 'answer' || exchange.status !== 200 || !isBundle(exchange.body)) {
      throw new BookingError('ehr_unavailable', 'The EHR does not answer as it should. Nothing was written; try again.', {
        retryAfterSeconds: 5,
      })
    }
    const patients = resourcesIn(exchange.body).filter((resource) => resource.resourceType === 'Patient')
    return patients.length > MOST_CANDIDATES ? [] : patients
  }
}

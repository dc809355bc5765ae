import type { Patient } from 'fhir/r4.js'
import { AuditTrail } from '../../../src/audit/audit-trail.ts'
import { SCOPES, type Client } from '../../../src/config.ts'
import type { Gateway } from '../../../src/desk/gateway.ts'
import { OperationIds } from '../../../src/desk/operation-id.ts'
import { loadRedFlags } from '../../../src/clinic/load-red-flags.ts'
import { PatientTokens } from '../../../src/intake/patient-token.ts'
import { Screening } from '../../../src/intake/screening.ts'
import { buildMetrics } from '../../../src/metrics.ts'
import { MemoryEhr } from '../../simulation/memory-ehr.ts'
import { MemoryStore } from '../../simulation/memory-store.ts'
import { MemoryDirectories } from '../../simulation/memory-directories.ts'
import { depsOf } from '../../simulation/cluster.ts'
import { mappingOf, resourcesOf, type WorldPlan } from '../../simulation/world.ts'
import { countersOfTheTest } from './escalations.ts'

/** A client with every scope but that for any patient, as a chatbot has it. */
export const CHATBOT: Client = {
  id: 'chatbot',
  key_sha256: '0'.repeat(64),
  scopes: SCOPES.filter((scope) => scope !== 'patients:any' && scope !== 'staff'),
}

/** Who the patients of this clinic are; `Patient/ada` and `Patient/bo`. */
export const PEOPLE: readonly Patient[] = [
  {
    resourceType: 'Patient',
    id: 'ada',
    identifier: [{ system: 'https://test.example/mrn', value: 'A-1' }],
    name: [{ family: 'Quill', given: ['Ada'] }],
    birthDate: '1980-02-29',
  },
  {
    resourceType: 'Patient',
    id: 'bo',
    identifier: [{ system: 'https://test.example/mrn', value: 'B-2' }],
    name: [{ family: 'Rook', given: ['Bo'] }],
    birthDate: '1990-01-01',
  },
]

/** What the two say to be known. */
export const ADA = { mrn: 'A-1', birth_date: '1980-02-29' }
export const BO = { mrn: 'B-2', birth_date: '1990-01-01' }

const PLAN: WorldPlan = { shape: 'two', slots: 8, patients: 0, ttlSeconds: 300, holdsPerPatient: 3 }
const SECRETS = ['a secret of the tests, long enough']

/** Everything a door needs, on an EHR in memory: two practitioners with eight Slots each. Set the clock to `BEGINNING` before. */
export function memoryGateway(options: { ehr?: (store: MemoryStore) => MemoryEhr } = {}): { gateway: Gateway; store: MemoryStore } {
  const store = new MemoryStore([...resourcesOf(PLAN), ...PEOPLE])
  const ehr = options.ehr?.(store) ?? new MemoryEhr(store)
  const booking = depsOf(ehr, new MemoryDirectories(store), mappingOf(PLAN))
  const keep = () => Promise.resolve(false)
  const gateway: Gateway = {
    booking,
    deferrals: { keep },
    escalation: {
      ...booking,
      observe: () => undefined,
      announce: () => undefined,
      backlog: { keep },
      counters: countersOfTheTest(),
      secret: SECRETS[0] ?? '',
    },
    patients: { find: () => Promise.resolve(store.all('Patient')) },
    audit: new AuditTrail({ store: () => Promise.resolve(true) }, () => undefined),
    screening: new Screening(loadRedFlags(booking.mapping.redFlags, 'mappings/demo-clinic.json')),
    clients: [CHATBOT],
    accessTokens: undefined,
    origins: { allowed: [], local: true },
    channels: { entries: {}, openToClientKeys: false },
    publicUrl: undefined,
    patientTokens: new PatientTokens(SECRETS),
    operationIds: new OperationIds(SECRETS),
    metrics: buildMetrics(),
    rateLimit: { perMinute: 10_000, counters: { count: () => Promise.resolve({ count: 1, leftMs: 1 }) } },
    readiness: () => Promise.resolve({ ready: true, checks: {} }),
  }
  return { gateway, store }
}

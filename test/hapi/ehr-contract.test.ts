import { FhirDirectorySource } from '../../src/ehr/directory-source.ts'
import { FhirEhr } from '../../src/ehr/fhir-ehr.ts'
import { buildGuards } from '../../src/ehr/guard.ts'
import { FhirHttp } from '../../src/ehr/fhir-http.ts'
import { describeEhr } from '../contract/ehr-contract.ts'
import type { Fhir } from '../helpers/fhir.ts'
import { hapiOnH2, hapiOnPostgres } from '../helpers/servers.ts'

for (const [name, server] of [
  ['HAPI on PostgreSQL', hapiOnPostgres],
  ['HAPI on H2', hapiOnH2],
] as const) {
  describeEhr(name, () => through(server()))
}

function through(fhir: Fhir) {
  const http = new FhirHttp({ baseUrl: fhir.baseUrl, connections: 16 })
  const guards = buildGuards({ roundTrip: () => undefined, breaker: () => undefined, refused: () => undefined })
  return {
    ehr: new FhirEhr(http, guards),
    directories: new FhirDirectorySource(http, guards.directory),
    put: (...resources: Parameters<Fhir['putAll']>[0]) => fhir.putAll(resources),
    delete: (url: string) => fhir.delete(url),
  }
}

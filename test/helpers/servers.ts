import { Fhir } from './fhir.ts'

/** The servers that `npm test` starts. Without them a test file that needs them fails and says how to run it. */
function address(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: run this test through "npm test", which starts the servers.`)
  return value
}

/** HAPI on PostgreSQL: for everything about races. */
export const hapiOnPostgres = (): Fhir => new Fhir(address('TEST_FHIR_PG'))
/** HAPI on H2 with request validation: every write must be valid R4. */
export const hapiOnH2 = (): Fhir => new Fhir(address('TEST_FHIR_H2'))
/** The full run has the numbers of the requirements, the short one fewer rounds. */
export const isFullRun = process.env['TEST_FULL'] === '1'

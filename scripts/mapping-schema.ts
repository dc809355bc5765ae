/**
 * Writes the JSON Schema of `mappings/*.json` from the zod schema, for editors that complete and check while typing.
 * `--check` only compares, and fails when the file that is checked in is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { clinicMappingSchema } from '../src/clinic/mapping.ts'

const FILE = new URL('../mappings/clinic.schema.json', import.meta.url)
const schema = `${JSON.stringify({ title: 'Clinic mapping of the FHIR scheduling gateway', ...z.toJSONSchema(clinicMappingSchema, { io: 'input' }) }, null, 2)}\n`

if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== schema) {
    console.error('mappings/clinic.schema.json is out of date. Run: node scripts/mapping-schema.ts')
    process.exitCode = 1
  }
} else {
  writeFileSync(FILE, schema)
  console.log('Wrote mappings/clinic.schema.json')
}

/**
 * Writes the JSON Schemas of the files in `mappings/` from the zod schemas, for editors that complete and check while typing.
 * `--check` only compares, and fails when a file that is checked in is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { clinicMappingSchema } from '../src/clinic/mapping.ts'
import { redFlagListSchema } from '../src/clinic/red-flags.ts'

const SCHEMAS = [
  { file: 'mappings/clinic.schema.json', title: 'Clinic mapping of the FHIR scheduling gateway', schema: clinicMappingSchema },
  { file: 'mappings/red-flags.schema.json', title: 'List of red flags of the FHIR scheduling gateway', schema: redFlagListSchema },
]

for (const { file, title, schema } of SCHEMAS) {
  const url = new URL(`../${file}`, import.meta.url)
  const text = `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input' }) }, null, 2)}\n`
  if (!process.argv.includes('--check')) {
    writeFileSync(url, text)
    console.log(`Wrote ${file}`)
  } else if (readFileSync(url, 'utf8') !== text) {
    console.error(`${file} is out of date. Run: node scripts/mapping-schema.ts`)
    process.exitCode = 1
  }
}

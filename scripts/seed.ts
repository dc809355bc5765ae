/**
 * npm run seed                          loads the demo clinic into the FHIR server at FHIR_BASE_URL; can be repeated, live bookings survive
 * npm run seed -- --fresh               the same, but cancels the demo's visits and frees their Slots
 * npm run seed -- --from FILE.ndjson    loads any R4 scheduling data, moved to begin on the coming Monday (--zone: its time zone)
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { FhirResource } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { loadMapping, MappingError } from '../src/clinic/load-mapping.ts'
import { demoClinic } from './seed/demo-clinic.ts'
import { loadResources } from './seed/load.ts'
import { readNdjson } from './seed/read-ndjson.ts'
import { printCancelled, printProgress, printSummary, printTryIt } from './seed/report.ts'
import { shiftToMonday, zoneOf } from './seed/shift-data.ts'
import { runScript, say, StackError } from './stack/console.ts'
import { repoRoot } from './stack/paths.ts'

const DEFAULT_FHIR_BASE_URL = 'http://127.0.0.1:8080/fhir'
const DEFAULT_MAPPING = join(repoRoot, 'mappings/demo-clinic.json')

await runScript(async () => {
  const options = readOptions()
  const baseUrl = process.env['FHIR_BASE_URL'] ?? DEFAULT_FHIR_BASE_URL
  const resources = options.from === undefined ? demoData() : dataFrom(options.from, options.zone)
  say(`Loading ${resources.length.toLocaleString('en')} resources into ${baseUrl}`)
  const started = performance.now()
  const counts = await loadResources(baseUrl, resources, {
    fresh: options.fresh,
    onProgress: printProgress(started),
    onCancelled: printCancelled,
  })
  printSummary(counts, started)
  if (options.from === undefined) printTryIt()
  return 0
})

interface SeedOptions {
  readonly fresh: boolean
  readonly from: string | undefined
  readonly zone: string | undefined
}

function readOptions(): SeedOptions {
  try {
    const { values } = parseArgs({
      options: { fresh: { type: 'boolean', default: false }, from: { type: 'string' }, zone: { type: 'string' } },
    })
    return { fresh: values.fresh, from: values.from, zone: values.zone }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown option'
    throw new StackError(`${reason}\nUsage: npm run seed -- [--fresh] [--from FILE.ndjson [--zone IANA/Zone]]`)
  }
}

function demoData(): FhirResource[] {
  const { clinic, identity } = clinicMapping()
  return demoClinic(today(clinic.timeZone), clinic.timeZone, identity.mrnSystem)
}

function dataFrom(file: string, givenZone: string | undefined): readonly FhirResource[] {
  const read = readNdjson(readText(file), file)
  const zone = givenZone ?? zoneOf(read) ?? clinicMapping().clinic.timeZone
  const { resources, weeks, firstDay, dropped } = shiftToMonday(read, today(zone), zone)
  if (firstDay)
    say(
      `Moved by ${weeks} weeks: the first Slot is on ${firstDay.toLocaleString('en', { weekday: 'long' })}, ${firstDay.toString()} (${zone})`,
    )
  if (dropped.length > 0) say(`Left out, because the clock goes forward over their time: ${dropped.join(', ')}`)
  return resources
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new StackError(`${file} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'}).`)
  }
}

function clinicMapping() {
  try {
    return loadMapping(process.env['MAPPING_FILE'] ?? DEFAULT_MAPPING)
  } catch (error) {
    throw error instanceof MappingError ? new StackError(error.message) : error
  }
}

function today(zone: string): Temporal.PlainDate {
  try {
    return Temporal.Now.plainDateISO(zone)
  } catch {
    throw new StackError(`"${zone}" is not a time zone. Use an IANA name, e.g. --zone America/New_York.`)
  }
}

/**
 * npm run escalations                              what waits for staff, due first
 * npm run escalations -- --json                    the same for programs
 * npm run escalations -- take ID                   somebody is at it: Task.status in-progress
 * npm run escalations -- resolve ID [--reason CODE]   done: Task.status completed, CODE says how
 *
 * Speaks to the EHR at FHIR_BASE_URL, and takes names and the time zone of the clinic from MAPPING_FILE.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BookingError } from '../src/booking/errors.ts'
import type { Call } from '../src/booking/ports.ts'
import { loadMapping, MappingError } from '../src/clinic/load-mapping.ts'
import type { ClinicMapping } from '../src/clinic/mapping.ts'
import { buildGuards } from '../src/ehr/guard.ts'
import { FhirEhr } from '../src/ehr/fhir-ehr.ts'
import { FhirHttp } from '../src/ehr/fhir-http.ts'
import { openEscalations, resolveEscalation, takeEscalation } from '../src/escalation/work-list.ts'
import { asJson, asTable } from './escalations/show.ts'
import { runScript, say, StackError } from './stack/console.ts'
import { repoRoot } from './stack/paths.ts'

const USAGE = 'Usage: npm run escalations -- [--json] | take ID | resolve ID [--reason CODE]'
const ID = /^esc-[0-9a-z]{24}$/
const CODE = /^[a-z][a-z0-9_-]{0,39}$/
const WITHIN_MS = 15_000

/** What the command line asks for. */
type Wish =
  | { readonly action: 'list'; readonly json: boolean }
  | { readonly action: 'take' | 'resolve'; readonly id: string; readonly reason: string | undefined }

/** Nobody counts what a command asks of the EHR. */
const NOBODY = { roundTrip: () => undefined, breaker: () => undefined, refused: () => undefined }

await runScript(async () => {
  const wish = readWish()
  const mapping = clinicMapping()
  const http = new FhirHttp({ baseUrl: fhirBaseUrl(), connections: 1 })
  try {
    await fulfil(wish, mapping, new FhirEhr(http, buildGuards(NOBODY)))
    return 0
  } catch (error) {
    throw error instanceof BookingError ? new StackError(`${error.message}${hint(error)}`) : error
  } finally {
    await http.close()
  }
})

async function fulfil(wish: Wish, mapping: ClinicMapping, ehr: FhirEhr): Promise<void> {
  const { timeZone } = mapping.clinic
  if (wish.action === 'list') {
    const list = await openEscalations(ehr, newCall())
    say(wish.json ? asJson(list, timeZone) : asTable(list, mapping))
    return
  }
  const { task, already } =
    wish.action === 'take'
      ? await takeEscalation(ehr, wish.id, timeZone, newCall())
      : await resolveEscalation(ehr, wish.id, wish.reason, timeZone, newCall())
  say(`${task.escalationId} is ${already ? 'already ' : ''}${task.status} (${task.reason})`)
}

function readWish(): Wish {
  const { positionals, values } = readArguments()
  const [action = 'list', id, ...more] = positionals
  if (more.length > 0 || !['list', 'take', 'resolve'].includes(action)) throw new StackError(USAGE)
  if (values.reason !== undefined && (action !== 'resolve' || !CODE.test(values.reason)))
    throw new StackError(`--reason goes with resolve, and is a code such as "called-back", never free text.\n${USAGE}`)
  if (action === 'list') {
    if (id !== undefined) throw new StackError(USAGE)
    return { action, json: values.json }
  }
  if (id === undefined || !ID.test(id)) throw new StackError(`"${id ?? ''}" is no escalation id; the list shows them (esc-…).\n${USAGE}`)
  return { action: action === 'take' ? 'take' : 'resolve', id, reason: values.reason }
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false }, reason: { type: 'string' } } })
  } catch (error) {
    throw new StackError(`${error instanceof Error ? error.message : 'unknown option'}\n${USAGE}`)
  }
}

function fhirBaseUrl(): string {
  const url = process.env['FHIR_BASE_URL'] ?? 'http://127.0.0.1:8080/fhir'
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new StackError(`FHIR_BASE_URL is "${url}"; write the base URL of the FHIR server.`)
  return url
}

function clinicMapping(): ClinicMapping {
  try {
    return loadMapping(process.env['MAPPING_FILE'] ?? join(repoRoot, 'mappings/demo-clinic.json'))
  } catch (error) {
    throw error instanceof MappingError ? new StackError(error.message) : error
  }
}

function newCall(): Call {
  return { requestId: randomUUID(), clientId: 'escalations-command', deadline: performance.now() + WITHIN_MS, roundTrips: 0 }
}

function hint({ code }: BookingError): string {
  return code === 'ehr_unavailable' ? `\nIs the FHIR server at ${fhirBaseUrl()} up? Set FHIR_BASE_URL to the one of the gateway.` : ''
}

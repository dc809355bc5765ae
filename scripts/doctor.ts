/**
 * npm run doctor                   examines the FHIR server at FHIR_BASE_URL (default: the development stack's usual address)
 * npm run doctor -- --fhir URL     examines another one
 *
 * Says whether a FHIR server keeps what booking without double booking rests on. Exit code 1 when it does not.
 */
import { parseArgs, styleText } from 'node:util'
import { examine, type Finding } from '../src/ehr/doctor.ts'
import { FhirHttp } from '../src/ehr/fhir-http.ts'
import { FhirServer } from './seed/fhir-server.ts'
import { runScript, say, StackError } from './stack/console.ts'

const DEFAULT_FHIR_BASE_URL = 'http://127.0.0.1:8080/fhir'

const LEFT_BEHIND = 'The server did not let all of what the examination wrote be deleted: delete what the table names yourself.'

await runScript(async () => {
  const baseUrl = readBaseUrl()
  say(`Examining ${baseUrl}`)
  await new FhirServer(baseUrl).check()
  const http = new FhirHttp({ baseUrl, connections: 2 })
  try {
    say(
      'It writes a Schedule, three Slots, an Appointment and a Task, all marked entered-in-error and in the year 2000, and deletes them again.\n',
    )
    return report(await examine(http))
  } finally {
    await http.close()
  }
})

function readBaseUrl(): string {
  const given = readOption() ?? process.env['FHIR_BASE_URL'] ?? DEFAULT_FHIR_BASE_URL
  if (!URL.canParse(given) || !/^https?:/.test(given))
    throw new StackError(`"${given}" is not an address. Write the base URL of the FHIR server, e.g. ${DEFAULT_FHIR_BASE_URL}`)
  return given
}

function readOption(): string | undefined {
  try {
    return parseArgs({ options: { fhir: { type: 'string' } } }).values.fhir
  } catch (error) {
    throw new StackError(`${error instanceof Error ? error.message : 'unknown option'}\nUsage: npm run doctor -- [--fhir URL]`)
  }
}

function report(findings: readonly Finding[]): number {
  const needWidth = Math.max(...findings.map(({ need }) => need.length))
  say(`${'need'.padEnd(needWidth)}  result  seen`)
  for (const { need, ok, seen, isWarning } of findings) {
    const result = isWarning ? styleText('yellow', 'WARN  ') : styleText(ok ? 'green' : 'red', (ok ? 'ok' : 'FAILED').padEnd(6))
    say(`${need.padEnd(needWidth)}  ${result}  ${seen}`)
  }
  const needs = findings.filter(({ isWarning }) => !isWarning)
  const failed = needs.filter(({ ok }) => !ok)
  const isClean = needs.length === findings.length
  say('')
  if (failed.length === 0) {
    const rest = isClean ? 'What the examination wrote is deleted again.' : LEFT_BEHIND
    say(`All ${needs.length} needs are met: the gateway can write to this server. ${rest}`)
    return 0
  }
  say(`${failed.length} of ${needs.length} needs are not met. Two visits could get the same time on this server, or a booking be lost,`)
  say('so the gateway answers 503 to every write and stores nothing there until they are (it asks again every few seconds).')
  if (needs.length === 1) say('The first need failed, so the others were not examined: may this client write to the server at all?')
  else
    say(
      'They are properties of the server, not settings of the gateway: compare it with the HAPI that npm run stack starts (hapi/README.md).',
    )
  say(isClean ? 'What the examination wrote is deleted again.' : LEFT_BEHIND)
  return 1
}

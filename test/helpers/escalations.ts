import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEvent, Task } from 'fhir/r4.js'
import { ESCALATION_ID_SYSTEM } from '../../src/fhir/vocabulary.ts'
import { MAPPING } from './clinic.ts'
import type { Fhir } from './fhir.ts'

/** The Tasks of an escalation, as the EHR has them: one, unless something is broken. */
export function tasksOf(fhir: Fhir, escalationId: string): Promise<Task[]> {
  return fhir.search('Task', `identifier=${encodeURIComponent(`${ESCALATION_ID_SYSTEM}|${escalationId}`)}`)
}

/** Everything that was recorded about a Task. */
export function recordsOf(fhir: Fhir, task: Task): Promise<AuditEvent[]> {
  return fhir.search('AuditEvent', `entity=Task/${task.id ?? ''}`)
}

/** Runs `npm run escalations` without npm. */
export async function escalationsCommand(fhirBaseUrl: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const mappingFile = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'mapping.json')
  writeFileSync(mappingFile, JSON.stringify(MAPPING))
  const child = spawn(process.execPath, ['scripts/escalations.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1', FHIR_BASE_URL: fhirBaseUrl, MAPPING_FILE: mappingFile },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString('utf8')))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

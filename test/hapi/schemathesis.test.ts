import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensurePython } from '../../scripts/testing/python.ts'
import { SCOPES } from '../../src/config.ts'
import { unique } from '../helpers/clinic.ts'
import { runProgram } from '../helpers/command.ts'
import { recordFact } from '../helpers/facts.ts'
import { clientsFile, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { PYTHON_WITHIN_MS } from '../helpers/mcp-python.ts'
import { hapiOnH2, isFullRun } from '../helpers/servers.ts'

/** Requests made from the description: about a minute of them, in the full run ten. */
const EXAMPLES = isFullRun ? 150 : 12
const WITHIN_MS = isFullRun ? 1_200_000 : 240_000
const AT_LEAST = 500

const CLIENT: TestClient = { id: unique('schemathesis'), key: unique('schemathesis-key'), scopes: SCOPES }
let gateway: GatewayProcess
let bin: string
beforeAll(async () => {
  bin = await ensurePython(['schemathesis==4.32.5'])
  // Refusals for asking too often would hide everything else.
  const environment = { ...clientsFile([CLIENT]), RATE_LIMIT_PER_MINUTE: '1000000' }
  gateway = await startGateway({ fhirBaseUrl: hapiOnH2().baseUrl, environment })
}, PYTHON_WITHIN_MS)
afterAll(() => gateway.stop())

test('whatever the description allows or forbids: no 5xx, no answer that is not described', { timeout: WITHIN_MS }, async () => {
  const { code, output } = await runProgram(
    join(bin, 'st'),
    [
      ...['run', `${gateway.api.baseUrl}/openapi.json`, '-H', `Authorization: Bearer ${CLIENT.key}`],
      // All checks but one: that what the schema allows is accepted. A slot_id is signed, and a visit type is the clinic's own.
      ...['--checks', 'all', '--exclude-checks', 'positive_data_acceptance'],
      ...['--max-examples', String(EXAMPLES), '--seed', '1', '--generation-database', 'none', '--no-color'],
    ],
    {},
    mkdtempSync(join(tmpdir(), 'fsg-schemathesis-')),
  )
  expect(code, output.slice(-6_000)).toBe(0)
  const generated = Number(/(\d+) generated, \1 passed/.exec(output)?.[1])
  expect(generated, output.slice(-2_000)).toBeGreaterThan(AT_LEAST)
  recordFact('requests that schemathesis made from the description', `${generated}, all answered as described`)
})

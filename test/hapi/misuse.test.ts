import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FhirResource } from 'fhir/r4.js'
import { SCOPES } from '../../src/config.ts'
import { toolsFor } from '../../src/tools/next-actions.ts'
import { checkEhr } from '../helpers/checker.ts'
import { clinicTime } from '../helpers/clinic.ts'
import { Api } from '../helpers/api.ts'
import { recordFact } from '../helpers/facts.ts'
import { clientsFile, startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { leaksIn } from '../helpers/leaks.ts'
import { connectV2, type McpFace } from '../helpers/mcp-clients.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { CASES } from '../misuse/cases.ts'
import { mcpDoor, restDoor, type Door } from '../misuse/doors.ts'
import { buildStage, MARK, setScene, type Stage } from '../misuse/scene.ts'

const fhir = hapiOnPostgres()
const scopes = SCOPES.filter((scope) => scope !== 'patients:any' && scope !== 'staff')
const [BOT, OTHER] = ['key-of-the-bot-0123456789', 'key-of-another-bot-012345']
let gateway: GatewayProcess
let agents: McpFace[]
let doors: Record<Door['name'], readonly [Door, Door]>
let stages: Stage[]
let started: number
beforeAll(async () => {
  const clients = clientsFile([
    { id: 'bot', key: BOT, scopes },
    { id: 'other-bot', key: OTHER, scopes },
  ])
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl, capture: true, environment: { ...clients, LOG_LEVEL: 'info' } })
  const url = `${gateway.api.baseUrl}/mcp`
  agents = await Promise.all([BOT, OTHER].map((key) => connectV2({ url, key }, 'auto')))
  const [mcp, strangeMcp] = agents.map(mcpDoor)
  const [rest, strangeRest] = [BOT, OTHER].map((key) => restDoor(new Api(gateway.api.baseUrl, key)))
  stages = await buildStages(2 * CASES.length)
  started = Date.now()
  doors = { MCP: [mcp!, strangeMcp!], REST: [rest!, strangeRest!] }
})
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.close()))
  await gateway.stop()
})

/** Each on a day of its own, so that no two scenes meet. */
async function buildStages(count: number): Promise<Stage[]> {
  const built: Stage[] = []
  for (let days = 20; built.length < count; days += 10)
    built.push(...(await Promise.all(Array.from({ length: 10 }, (_, index) => buildStage(fhir, clinicTime('09:00', days + index))))))
  return built
}

/** What was written since, in parts that can be read at once. */
function spansSince(start: number): string[] {
  const length = (Date.now() - start) / 20
  const at = (part: number) => new Date(start + part * length).toISOString()
  return Array.from({ length: 21 }, (_, part) => `_lastUpdated=ge${at(part)}&_lastUpdated=lt${at(part + 1)}`)
}

describe.each(['REST', 'MCP'] as const)('over %s', (name) => {
  test.each(CASES.map((each) => [each.name, each] as const))('%s', async (_name, misuse) => {
    const scene = await setScene(fhir, stages.pop()!, ...doors[name])
    const told = await misuse.act(scene)
    const outcome = typeof misuse.outcome === 'string' ? misuse.outcome : misuse.outcome[name]
    expect(told).toMatchObject({ outcome, ...(misuse.body && { body: misuse.body }) })
    for (const field of misuse.without ?? []) expect(told.body).not.toHaveProperty(field)
    expect(told.message).not.toBe('')
    const next = (told.body['next_actions'] ?? []) as Parameters<typeof toolsFor>[0]
    if (misuse.next !== undefined) expect(name === 'MCP' ? next : toolsFor(next)).toContain(misuse.next)
    const { desk } = scene
    const verdict = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
    expect(verdict.violations).toEqual([])
    expect(verdict.live).toHaveLength(misuse.live ?? 0)
    expect(leaksIn(JSON.stringify(told), { [MARK]: MARK })).toEqual([])
  })
})

test('nothing invented has reached the EHR, the log or the metrics', async () => {
  const types: FhirResource['resourceType'][] = ['Appointment', 'Task', 'AuditEvent', 'Basic', 'Patient', 'Slot']
  for (const type of types) {
    for (const span of spansSince(started)) {
      const written = await fhir.search(type, span)
      expect(leaksIn(JSON.stringify(written), { [MARK]: MARK }), type).toEqual([])
    }
  }
  const metrics = await gateway.api.get('/metrics', { auth: `Bearer ${BOT}` })
  expect(leaksIn(`${gateway.output()} ${JSON.stringify(metrics.body)}`, { [MARK]: MARK })).toEqual([])
  expect(CASES.length).toBeGreaterThanOrEqual(40)
  recordFact('misuse', `${CASES.length} ways to go wrong, over REST and MCP: each with its answer, nothing invented in the EHR`)
})

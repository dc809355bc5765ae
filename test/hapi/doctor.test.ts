import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { examine } from '../../src/ehr/doctor.ts'
import { FhirHttp } from '../../src/ehr/fhir-http.ts'
import { ProbedWriteGate } from '../../src/ehr/write-gate.ts'
import { hapiOnH2, hapiOnPostgres } from '../helpers/servers.ts'
import { httpAnswer, startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'

const LEFT_BEHIND = 'What the examination wrote is deleted again'

describe.for([
  ['PostgreSQL', hapiOnPostgres()],
  ['H2', hapiOnH2()],
] as const)('the doctor on %s', ([, fhir]) => {
  let proxy: TcpProxy
  let http: FhirHttp
  beforeEach(async () => {
    proxy = await startProxy(fhir.baseUrl)
    http = new FhirHttp({ baseUrl: proxy.fhirBaseUrl, connections: 2 })
  })
  afterEach(async () => {
    await http.close()
    await proxy.stop()
  })
  const deletions = () => proxy.seen.flatMap(({ line }) => /^DELETE \/fhir\/(\S+) /.exec(line)?.[1] ?? [])
  /** Whether the server still shows what was to be deleted. */
  const stillThere = async (urls: readonly string[]) => {
    const answers = await Promise.all(urls.map(async (url) => ({ url, status: (await fetch(`${fhir.baseUrl}/${url}`)).status })))
    return answers.filter(({ status }) => status === 200).map(({ url }) => url)
  }

  test('repeats a deletion that the server refuses the first time, and leaves nothing behind', async () => {
    const refused = new Set<string>()
    proxy.rule(({ line }) => {
      if (!line.startsWith('DELETE ') || refused.has(line)) return 'pass'
      refused.add(line)
      return httpAnswer('409 Conflict', '{"resourceType":"OperationOutcome"}')
    })
    const findings = await examine(http)
    expect(findings.filter(({ ok }) => !ok)).toEqual([])
    expect(findings.map(({ need }) => need)).toContain('If-None-Exist on a Task: one escalation, one Task')
    const probes = [...new Set(deletions())]
    expect(probes.map((url) => url.split('/')[0]).sort()).toEqual(['Appointment', 'Schedule', 'Slot', 'Slot', 'Slot', 'Task'])
    expect(refused.size).toBe(probes.length)
    expect(await stillThere(probes)).toEqual([])
  })

  test('warns where something stays behind, and writes stay open', async () => {
    proxy.rule(({ line }) => (line.startsWith('DELETE /fhir/Task/') ? httpAnswer('403 Forbidden', '{}') : 'pass'))
    const findings = await examine(http)
    const task = deletions().find((url) => url.startsWith('Task/'))!
    expect(findings.filter(({ ok }) => !ok)).toEqual([{ need: LEFT_BEHIND, ok: false, isWarning: true, seen: `left behind: ${task}` }])
    expect(await stillThere([task])).toEqual([task])
    expect(deletions().filter((url) => url === task)).toHaveLength(3)
    const gate = new ProbedWriteGate(
      () => Promise.resolve(findings),
      () => undefined,
    )
    await gate.open()
    expect(gate.state).toBe('open')
    await fhir.delete(task)
  })

  test('deletes nothing where it has written nothing', async () => {
    proxy.rule(({ kind }) => (kind === 'transaction' ? httpAnswer('401 Unauthorized', '{}') : 'pass'))
    expect(await examine(http)).toEqual([{ need: 'It answers, and takes a transaction', ok: false, seen: 'status 401' }])
    expect(deletions()).toEqual([])
  })
})

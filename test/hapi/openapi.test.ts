import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SCOPES } from '../../src/config.ts'
import { CODES } from '../../src/desk/problems.ts'
import type { Answer, Ask } from '../helpers/api.ts'
import { MRN_SYSTEM, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { runProgram } from '../helpers/command.ts'
import { clientsFile, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { succeed, until } from '../helpers/writes.ts'

/** What the contract says each call can answer, besides what all can. Written out here, so that a change has to be made twice. */
const CONTRACT: Readonly<Record<string, readonly number[]>> = {
  'post /intake': [200, 413, 415],
  'get /availability': [200, 422],
  'post /holds': [201, 202, 404, 409, 413, 415, 422, 502],
  'get /holds/{id}': [200, 404],
  'delete /holds/{id}': [200, 202, 404, 409, 422, 502],
  'post /appointments': [201, 202, 404, 409, 410, 413, 415, 422, 502],
  'get /appointments': [200, 502],
  'get /appointments/{id}': [200, 404],
  'get /appointments/{id}/calendar.ics': [200, 404],
  'post /appointments/{id}/reschedule': [200, 202, 404, 409, 412, 413, 415, 422, 502],
  'post /appointments/{id}/cancel': [200, 202, 404, 409, 412, 413, 415, 422, 502],
  'post /escalations': [201, 202, 404, 413, 415, 422, 502],
  'get /operations/{id}': [200, 404],
}
const ALWAYS = [400, 401, 403, 429, 500, 503]

interface Description {
  readonly openapi: string
  readonly paths: Record<string, Record<string, { responses: Record<string, { description: string; content: Record<string, unknown> }> }>>
}

const fhir = hapiOnH2()
const READER: TestClient = { id: unique('reader'), key: unique('reader-key'), scopes: ['availability:read'] }
const EAGER: TestClient = { id: unique('eager'), key: unique('eager-key'), scopes: SCOPES }
const ALL: TestClient = { id: unique('all'), key: unique('all-key'), scopes: SCOPES }
let proxy: TcpProxy
let gateway: GatewayProcess
let hasty: GatewayProcess
let description: Description
beforeAll(async () => {
  proxy = await startProxy(fhir.baseUrl)
  const environment = { ...clientsFile([ALL, READER, EAGER]), RATE_LIMIT_PER_MINUTE: '300' }
  ;[gateway, hasty] = await Promise.all([
    startGateway({ fhirBaseUrl: proxy.fhirBaseUrl, environment: { ...environment, LOG_LEVEL: 'fatal' } }),
    startGateway({ fhirBaseUrl: fhir.baseUrl, environment, mapping: { holds: { ttlSeconds: 1, perPatient: 3 } } }),
  ])
  description = (await gateway.api.get('/openapi.json', { auth: null })).body as unknown as Description
})
afterAll(async () => {
  await Promise.all([gateway.stop(), hasty.stop()])
  await proxy.stop()
})

describe('the description', () => {
  const operations = () =>
    Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
    )

  test('is OpenAPI 3.1 and passes the linter without a warning', async () => {
    expect(description.openapi).toMatch(/^3\.1\./)
    const file = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'openapi.json')
    writeFileSync(file, JSON.stringify(description))
    const cli = 'node_modules/@redocly/cli/bin/cli.js'
    const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const lint = await runProgram(process.execPath, [cli, 'lint', file, '--config', 'redocly.yaml'], quiet)
    expect(lint.code, lint.output).toBe(0)
    expect(lint.output).toContain('Your API description is valid')
    expect(lint.output).not.toMatch(/\bwarning\b/)
  })

  test('has every call and every status of the contract, and no other', () => {
    expect(operations().map(([name]) => name)).toHaveLength(Object.keys(CONTRACT).length)
    for (const [name, operation] of operations()) {
      const statuses = Object.keys(operation.responses).map(Number)
      expect(statuses, name).toEqual([...new Set([...(CONTRACT[name] ?? []), ...ALWAYS])].sort((a, b) => a - b))
    }
  })

  test('names every error code where its status is described', () => {
    for (const [code, { status }] of Object.entries(CODES)) {
      const texts = operations().flatMap(([, { responses }]) => responses[status]?.description ?? [])
      expect(texts.some((text) => text.includes(`\`${code}\``)), code).toBe(true)
    }
  })
})

describe('real answers are as described', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  const seen = new Set<string>()
  let desk: Desk
  let offers: string[]
  const key = () => ({ key: unique('key') })
  beforeAll(async () => {
    ajv.addSchema(description, 'api')
    desk = await openDesk(fhir, { slots: 12, patients: 3 })
    const far = encodeURIComponent(new Date(Date.now() + 40 * 86_400_000).toISOString())
    const found = await gateway.api.get(`/availability?type=short&provider=${desk.provider}&limit=50&end=${far}`, auth(ALL))
    offers = found.body.slots.map((slot) => slot.slot_id)
  })
  const auth = (client: TestClient): Ask => ({ auth: `Bearer ${client.key}` })

  /** Asks, and checks status, media type and body of the answer against the description of the call. */
  async function ask(name: string, path: string, body?: unknown, options: Ask & { through?: GatewayProcess } = {}): Promise<Answer> {
    const [method = '', template = ''] = name.split(' ')
    const { through = gateway, ...rest } = options
    const answer = await through.api.send(method.toUpperCase(), path, body, { ...auth(ALL), ...rest })
    expectDescribed(method, template, answer)
    seen.add(`${name} ${answer.status}`)
    return answer
  }

  function expectDescribed(method: string, template: string, answer: Answer): void {
    const what = `${method} ${template} ${answer.status}`
    const mediaType = answer.headers.get('content-type')?.split(';')[0] ?? ''
    const content = description.paths[template]?.[method]?.responses[answer.status]?.content
    expect(Object.keys(content ?? {}), what).toEqual([mediaType])
    const part = (text: string) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'))
    const pointer = ['paths', template, method, 'responses', String(answer.status), 'content', mediaType, 'schema'].map(part).join('/')
    const validate = ajv.compile({ $ref: `api#/${pointer}` })
    const value = mediaType.endsWith('json') ? answer.body : answer.body['text']
    expect(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`).toBe(true)
  }

  /** The answer's status, after it was found to be as described. */
  const statusOf = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).status

  test('intake', async () => {
    const [patient] = desk.patients
    const { identifier, birthDate } = await fhir.read('Patient', patient?.split('/')[1] ?? '')
    expect(identifier?.[0]?.system).toBe(MRN_SYSTEM)
    const body = { type: 'short', patient: { mrn: identifier?.[0]?.value, birth_date: birthDate } }
    expect((await ask('post /intake', '/intake', body)).body['outcome']).toBe('eligible')
    expect((await ask('post /intake', '/intake', { ...body, patient: { mrn: 'x' } })).body['outcome']).toBe('identity_unverified')
    expect((await ask('post /intake', '/intake', { ...body, reason: 'a cough' })).body['outcome']).toBe('eligible')
    expect((await ask('post /intake', '/intake', { ...body, reason: 'chest pain' })).body['outcome']).toBe('urgent')
    expect((await ask('post /intake', '/intake', { ...body, exception: 'overbook' })).body['outcome']).toBe('needs_staff')
    expect(await statusOf('post /intake', '/intake', { ...body, type: 'none' })).toBe(400)
    expect(await statusOf('post /intake', '/intake', body, auth(READER))).toBe(403)
    expect(await statusOf('post /intake', '/intake', body, { auth: null })).toBe(401)
  })

  test('availability', async () => {
    const free = await ask('get /availability', '/availability?type=short')
    expect(free.status).toBe(200)
    const none = await ask('get /availability', `/availability?type=short&provider=${desk.provider}`)
    expect(none.body['next_available']).toEqual(expect.any(String))
    expect(await statusOf('get /availability', '/availability?type=staff-only')).toBe(422)
    expect(await statusOf('get /availability', '/availability?type=short&limit=0')).toBe(400)
  })

  test('holds', async () => {
    const [patient] = desk.patients
    const body = { slot_id: offers[0], patient }
    const held = await ask('post /holds', '/holds', body)
    expect((await ask('post /holds', '/holds', body)).body['replayed']).toBe(true)
    const path = `/holds/${held.body.hold_id}`
    expect(await statusOf('get /holds/{id}', path)).toBe(200)
    const lost = await ask('post /holds', '/holds', { ...body, patient: desk.patients[1] })
    expect([lost.status, lost.body.alternatives.length]).toEqual([409, 3])
    expect(await statusOf('delete /holds/{id}', path)).toBe(200)
    expect(await statusOf('delete /holds/{id}', '/holds/none')).toBe(404)
    expect(await statusOf('get /holds/{id}', '/holds/none')).toBe(404)
    expect(await statusOf('post /holds', '/holds', { slot_id: 'invented' })).toBe(400)
    expect(await statusOf('post /holds', '/holds', { slot_id: 'x'.repeat(65 * 1024) })).toBe(413)
    expect(await statusOf('post /holds', '/holds', '<hold/>', { headers: { 'content-type': 'application/xml' } })).toBe(415)
    const once = key()
    await ask('post /holds', '/holds', { slot_id: offers[1] }, once)
    expect(await statusOf('post /holds', '/holds', { slot_id: offers[2] }, once)).toBe(422)
  })

  test('appointments', async () => {
    const [patient, other] = desk.patients
    const held = await ask('post /holds', '/holds', { slot_id: offers[3], patient })
    const { appointment_id: id } = (await ask('post /appointments', '/appointments', { hold_id: held.body.hold_id })).body
    const path = `/appointments/${id}`
    expect(await statusOf('delete /holds/{id}', `/holds/${id}`)).toBe(409)
    expect(await statusOf('post /appointments', '/appointments', { slot_id: offers[3], patient: other })).toBe(409)
    expect(await statusOf('post /appointments', '/appointments', { hold_id: 'none' })).toBe(404)
    expect(await statusOf('get /appointments/{id}', path)).toBe(200)
    expect(await statusOf('get /appointments/{id}', '/appointments/none')).toBe(404)
    expect(await statusOf('get /appointments', '/appointments', undefined, { headers: { 'x-patient': patient ?? '' } })).toBe(200)
    expect(await statusOf('get /appointments', '/appointments')).toBe(403)
    expect(await statusOf('get /appointments/{id}/calendar.ics', `${path}/calendar.ics`)).toBe(200)
    expect(await statusOf('get /appointments/{id}/calendar.ics', '/appointments/none/calendar.ics')).toBe(404)
    const move = (slot_id: string | undefined, more = {}) =>
      statusOf('post /appointments/{id}/reschedule', `${path}/reschedule`, { slot_id, ...more })
    expect(await move(offers[4], { expected_version: 77 })).toBe(412)
    expect(await move(offers[1])).toBe(409)
    expect(await move(offers[4])).toBe(200)
    const cancel = (more = {}) => statusOf('post /appointments/{id}/cancel', `${path}/cancel`, more)
    expect(await cancel({ expected_version: 1 })).toBe(412)
    expect(await cancel({ reason: 'none-of-these' })).toBe(400)
    expect(await cancel()).toBe(200)
    expect(await cancel()).toBe(200)
    expect(await move(offers[5])).toBe(409)
    expect(await statusOf('post /appointments/{id}/cancel', '/appointments/none/cancel', {})).toBe(404)
    const listed = await ask('get /appointments', '/appointments', undefined, { headers: { 'x-patient': other ?? '' } })
    expect(listed.body['appointments']).toEqual([])
  })

  test('escalations', async () => {
    const body = { reason: 'other', patient: desk.patients[0] }
    expect(await statusOf('post /escalations', '/escalations', body)).toBe(201)
    expect((await ask('post /escalations', '/escalations', body)).body['replayed']).toBe(true)
    expect(await statusOf('post /escalations', '/escalations', { ...body, appointment_id: 'none' })).toBe(404)
    expect(await statusOf('post /escalations', '/escalations', { ...body, reason: 'none-of-these' })).toBe(400)
    expect(await statusOf('post /escalations', '/escalations', { reason: 'other' })).toBe(400)
    const once = key()
    await ask('post /escalations', '/escalations', { reason: 'other' }, once)
    expect(await statusOf('post /escalations', '/escalations', body, once)).toBe(422)
  })

  test('a hold that ran out', async () => {
    const held = await ask('post /holds', '/holds', { slot_id: offers[6], patient: desk.patients[2] }, { through: hasty })
    const path = `/holds/${held.body.hold_id}`
    await until('the hold runs out', 5_000, async () => (await ask('get /holds/{id}', path)).body.state === 'expired')
    expect(await statusOf('post /appointments', '/appointments', { hold_id: held.body.hold_id })).toBe(410)
  })

  test('when the FHIR server refuses, fails or is down, and what became of it', async () => {
    const body = { slot_id: offers[7], patient: desk.patients[2] }
    const answer = (status: string) => ({ answer: `HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n` })
    proxy.next('transaction', answer('422 Unprocessable Entity'))
    expect(await statusOf('post /appointments', '/appointments', body)).toBe(502)
    proxy.rule(({ kind }) => (kind === 'transaction' ? answer('500 Internal Server Error') : 'pass'))
    const unknown = await ask('post /appointments', '/appointments', body)
    proxy.pass()
    expect(unknown.status).toBe(202)
    expect(await statusOf('get /operations/{id}', `/operations/${unknown.body.operation_id}`)).toBe(200)
    expect(await statusOf('get /operations/{id}', '/operations/none')).toBe(404)
    expect(await statusOf('post /appointments', '/appointments', body)).toBe(201)
    const operation = await ask('get /operations/{id}', `/operations/${unknown.body.operation_id}`)
    expect(operation.status).toBe(200)
    const path = `/appointments/${operation.body.appointment_id}`
    await proxy.refuse()
    expect(await statusOf('post /appointments', '/appointments', { ...body, slot_id: offers[8] })).toBe(503)
    const accepted = await ask('post /appointments/{id}/cancel', `${path}/cancel`, {})
    expect(await statusOf('post /escalations', '/escalations', { reason: 'other', patient: desk.patients[2] }, key())).toBe(202)
    await proxy.accept()
    expect(accepted.status).toBe(202)
    expect(await statusOf('get /operations/{id}', `/operations/${accepted.body.operation_id}`)).toBe(200)
  })

  test('when a client asks too often', async () => {
    const often = () => statusOf('get /operations/{id}', '/operations/none', undefined, auth(EAGER))
    for (let asked = 0; asked < 300; asked += 10) await Promise.all(Array.from({ length: 10 }, often))
    expect(await often()).toBe(429)
  })

  test('and no success of any call was left out', () => {
    const successes = Object.entries(CONTRACT).flatMap(([name, statuses]) =>
      statuses.filter((status) => status === 200 || status === 201).map((status) => `${name} ${status}`),
    )
    expect(successes.filter((one) => !seen.has(one))).toEqual([])
  })
})

test('/docs is a page that needs nothing from elsewhere', async () => {
  const answer = await gateway.api.get('/docs', { auth: null })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
  expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'/)
  const page = String(answer.body['text'])
  expect(page).toContain("fetch('openapi.json')")
  expect(page).not.toMatch(/https?:|\b(src|href)\s*=|url\(|@import|import\(/i)
  const [, script] = /<script>([\s\S]+)<\/script>/.exec(page) ?? []
  expect(() => new Script(script ?? 'no script!')).not.toThrow()
})

test('/llms.txt is the file of the checkout, for everybody', async () => {
  const answer = await gateway.api.get('/llms.txt', { auth: null })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(answer.body['text']).toBe(readFileSync('llms.txt', 'utf8'))
})

test('health and metrics answer', async () => {
  await succeed(gateway.api.get('/health/live', { auth: null }))
  await succeed(gateway.api.get('/health/ready', { auth: null }))
  const metrics = await succeed(gateway.api.get('/metrics', { auth: `Bearer ${ALL.key}` }))
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/)
})

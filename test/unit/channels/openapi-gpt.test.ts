import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, describe, expect, test } from 'vitest'
import { clipped, GPT_LIMITS, gptDocument } from '../../../src/channels/openapi-gpt.ts'
import { buildTools } from '../../../src/tools/catalog.ts'
import type { Gateway } from '../../../src/desk/gateway.ts'
import { runProgram } from '../../helpers/command.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { channelApp, CLIENT_KEY, type ChannelApp } from '../helpers/channel-app.ts'
import { ADA, memoryGateway } from '../helpers/memory-gateway.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly 'x-openai-isConsequential': boolean
  readonly requestBody: { readonly content: Record<string, { readonly schema: object }> }
  readonly responses: Record<string, { readonly content: Record<string, { readonly schema: object }> }>
}
interface Document {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly security: unknown
  readonly components: { readonly securitySchemes: unknown }
  readonly paths: Record<string, { readonly post: Operation }>
}

startAtBeginning()

/** A clinic with so many long names that no description would fit. */
function wordyGateway(): Gateway {
  const { gateway } = memoryGateway()
  const { visitTypes, ...mapping } = gateway.booking.mapping
  const many = Array.from({ length: 60 }, (_, index) => ({
    ...visitTypes[0]!,
    code: `type-${index}`,
    title: `A visit with a long name, number ${index}`,
  }))
  return { ...gateway, booking: { ...gateway.booking, mapping: { ...mapping, visitTypes: [...visitTypes, ...many] } } }
}
const documentOf = (gateway: Gateway, url = 'https://booking.clinic.example') =>
  gptDocument(buildTools(gateway), url) as unknown as Document
const operationsOf = (document: Document) => Object.entries(document.paths).map(([path, { post }]) => ({ path, ...post }))

/** Every description anywhere below. */
function descriptionsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, part]) =>
    name === 'description' && typeof part === 'string' ? [part] : descriptionsIn(part),
  )
}

describe('the description for GPT Actions', () => {
  test.each([
    ['of the small clinic', () => memoryGateway().gateway],
    ['of a clinic with many long names', wordyGateway],
  ])('%s stays within the limits of GPT Actions', (_what, gateway) => {
    const document = documentOf(gateway())
    for (const { operationId, summary, description, requestBody, responses } of operationsOf(document)) {
      expect(operationId).toMatch(/^[a-z_]{3,20}$/)
      expect(summary.length, operationId).toBeLessThanOrEqual(GPT_LIMITS.operation)
      expect(description.length, operationId).toBeLessThanOrEqual(GPT_LIMITS.operation)
      expect(description.length, operationId).toBeGreaterThan(40)
      for (const text of descriptionsIn([requestBody, responses])) expect(text.length, text).toBeLessThanOrEqual(GPT_LIMITS.parameter)
    }
    expect(JSON.stringify(document).length).toBeLessThan(100_000)
  })

  test('has every tool, and no other call', () => {
    const tools = buildTools(memoryGateway().gateway).map(({ name }) => name)
    const operations = operationsOf(documentOf(memoryGateway().gateway))
    expect(operations.map(({ operationId }) => operationId)).toEqual(tools)
    expect(operations.map(({ path }) => path)).toEqual(tools.map((name) => `/channels/tools/${name}`))
  })

  test('asks the patient again before everything that writes, and before nothing else', () => {
    const consequential = Object.fromEntries(
      operationsOf(documentOf(memoryGateway().gateway)).map((operation) => [operation.operationId, operation['x-openai-isConsequential']]),
    )
    expect(consequential).toMatchObject({
      find_times: false,
      my_appointments: false,
      hold_time: true,
      confirm_booking: true,
      reschedule: true,
      cancel: true,
      ask_for_staff: true,
    })
  })

  test('says of an emergency what to do, however little room there is', () => {
    const [intake] = operationsOf(documentOf(wordyGateway()))
    expect(intake?.operationId).toBe('start_intake')
    expect(intake?.description).toContain('On outcome urgent read the message at once and stop booking')
  })

  test('takes a client key, in no header but Authorization', () => {
    const document = documentOf(memoryGateway().gateway)
    expect(document).toMatchObject({
      openapi: '3.1.0',
      servers: [{ url: 'https://booking.clinic.example' }],
      security: [{ clientKey: [] }],
      components: { securitySchemes: { clientKey: { type: 'http', scheme: 'bearer' } } },
    })
    expect(JSON.stringify(document)).not.toContain('"in":"header"')
  })

  test('passes the linter without a warning', { timeout: 60_000 }, async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'openapi.gpt.json')
    writeFileSync(file, JSON.stringify(documentOf(wordyGateway())))
    const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const lint = await runProgram(
      process.execPath,
      ['node_modules/@redocly/cli/bin/cli.js', 'lint', file, '--config', 'redocly.yaml'],
      quiet,
    )
    expect(lint.code, lint.output).toBe(0)
    expect(lint.output).toContain('Your API description is valid')
    expect(lint.output).not.toMatch(/\bwarning\b/)
  })
})

describe('a text that is too long', () => {
  test.each([
    ['short', 20, 'short'],
    ['One sentence. And another one', 20, 'One sentence.'],
    ['a; b; c and so on', 8, 'a; b;'],
    ['several words without an end', 14, 'several words…'],
    ['unbroken-and-long', 8, 'unbroke…'],
  ])('%j within %i is %j', (text, limit, expected) => {
    expect(clipped(text, limit)).toBe(expected)
    expect(expected.length).toBeLessThanOrEqual(limit)
  })
})

describe('served', () => {
  let clinic: ChannelApp
  const documentAt = async (headers: Record<string, string>, changes: Partial<Gateway> = {}) => {
    clinic = await channelApp(changes)
    return (await clinic.app.inject({ method: 'GET', url: '/openapi.gpt.json', headers })).json<Document>()
  }
  afterEach(() => clinic.app.close())

  test('it names PUBLIC_URL, or else what the request calls the gateway', async () => {
    const publicUrl = 'https://booking.clinic.example'
    expect((await documentAt({ host: '10.0.0.1:3000' }, { publicUrl })).servers).toEqual([{ url: publicUrl }])
    expect((await documentAt({ host: 'gateway.local:3000' })).servers).toEqual([{ url: 'http://gateway.local:3000' }])
    expect((await documentAt({ host: 'evil.example/path"x' })).servers).toEqual([{ url: '/' }])
  })

  test('what the tools answer is as described', async () => {
    const document = await documentAt({})
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const answer = async (tool: string, body: object, key = CLIENT_KEY) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
      const { status, body: text } = await clinic.post(`/channels/tools/${tool}`, JSON.stringify(body), headers)
      const { content } = document.paths[`/channels/tools/${tool}`]!.post.responses[status]!
      const [schema] = Object.values(content)
      const value = JSON.parse(text) as Record<string, unknown>
      const validate = ajv.compile(status === 200 ? schema!.schema : true)
      expect(validate(value), ajv.errorsText(validate.errors)).toBe(true)
      return { status, ...value } as Record<string, unknown>
    }
    expect(await answer('find_times', { type: 'short', limit: 2, provider: null })).toMatchObject({ outcome: 'ok', slots: [{}, {}] })
    expect(await answer('find_times', {})).toMatchObject({ status: 200, outcome: 'invalid_request', path: 'type' })
    expect(await answer('start_intake', { type: 'short', patient: ADA })).toMatchObject({ outcome: 'eligible' })
    expect(await answer('find_times', {}, 'wrong')).toMatchObject({ status: 401 })
    expect(await clinic.post('/channels/tools/sing', '{}', { authorization: `Bearer ${CLIENT_KEY}` })).toMatchObject({ status: 404 })
  })
})

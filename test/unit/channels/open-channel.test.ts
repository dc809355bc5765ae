import { afterEach, describe, expect, test } from 'vitest'
import { CHANNELS } from '../../../src/channel-settings.ts'
import { allBots, retellSignature, SECRETS } from '../../helpers/channels.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { channelApp, CLIENT, CLIENT_KEY, OPEN, type ChannelApp } from '../helpers/channel-app.ts'

const PATHS = {
  vapi: '/channels/vapi',
  retell: '/channels/retell',
  'dialogflow-cx': '/channels/dialogflow-cx',
  rasa: '/channels/rasa/webhook',
} as const

startAtBeginning()
let clinic: ChannelApp
afterEach(() => clinic.app.close())
const post = async (path: string, headers: Record<string, string>) =>
  (await clinic.post(path, '{}', { 'content-type': 'application/json', ...headers })).status
const byKey = { authorization: `Bearer ${CLIENT_KEY}` }

describe.each(CHANNELS)('%s', (name) => {
  test('is not there without an entry, whatever is shown', async () => {
    clinic = await channelApp({ channels: { entries: {}, openToClientKeys: false } })
    for (const headers of [{}, byKey, { authorization: `Bearer ${SECRETS[name]}` }]) expect(await post(PATHS[name], headers)).toBe(404)
    for (const path of ['tools', 'health', 'actions'])
      expect((await clinic.app.inject({ method: 'GET', url: `/channels/${name}/${path}` })).statusCode).toBe(404)
  })

  test('with an entry does not take client keys', async () => {
    clinic = await channelApp()
    expect(await post(PATHS[name], byKey)).toBe(401)
  })

  test('in development takes a client key, and nothing else', async () => {
    clinic = await channelApp({ channels: { entries: {}, openToClientKeys: true } })
    expect(await post(PATHS[name], byKey)).toBe(name === 'rasa' ? 404 : 200)
    expect(await post(PATHS[name], {})).toBe(401)
    expect(await post(PATHS[name], { authorization: `Bearer ${SECRETS[name]}` })).toBe(401)
  })
})

test("an entry's client may do what its scopes say, and no more", async () => {
  const reader = { ...CLIENT, scopes: ['availability:read' as const] }
  clinic = await channelApp({ channels: { ...OPEN, entries: { retell: { client: reader, secrets: [SECRETS.retell] } } } })
  const ask = async (tool: string, args: object) => {
    const body = JSON.stringify(args)
    const answer = await clinic.post(`/channels/retell/${tool}`, body, {
      'content-type': 'application/json',
      ...(await retellSignature(body)),
    })
    return JSON.parse(answer.body) as { outcome: string }
  }
  expect(await ask('find_times', { type: 'short' })).toMatchObject({ outcome: 'ok' })
  expect(await ask('hold_time', { slot_id: 'x', patient_token: 'x' })).toMatchObject({ outcome: 'forbidden' })
})

test.each(['vapi', 'retell', 'dialogflow-cx', 'rasa'])('%s: a client that asks too often hears it as a result', async (platform) => {
  const counters = { count: (key: string) => Promise.resolve({ count: key === 'rate:chatbot' ? 3 : 1, leftMs: 1_500 }) }
  clinic = await channelApp({ rateLimit: { perMinute: 2, counters } })
  const bot = allBots(clinic.post, CLIENT_KEY).find((one) => one.platform === platform)!
  expect(await bot.call('find_times', { type: 'short' })).toMatchObject({
    outcome: 'rate_limited',
    said: expect.stringContaining('One moment') as string,
  })
  expect(clinic.lines.join('')).toContain('"code":"rate_limited"')
})

test('messages that ask for nothing are not counted', async () => {
  let counted = 0
  clinic = await channelApp({ rateLimit: { perMinute: 2, counters: { count: () => Promise.resolve({ count: counted++, leftMs: 1 }) } } })
  for (let sent = 0; sent < 5; sent++) expect(await post(PATHS.vapi, { 'x-vapi-secret': SECRETS.vapi })).toBe(200)
  expect(counted).toBe(0)
})

describe('the definitions to paste', () => {
  interface Definition {
    readonly name?: string
    readonly url?: string
    readonly server?: { readonly url: string }
    readonly function?: { readonly name: string; readonly parameters: { readonly properties: object } }
    readonly parameters?: unknown
    readonly variableExtractionPlan?: unknown
    readonly response_variables?: unknown
  }
  const definitions = async (channel: string) => {
    clinic = await channelApp({ publicUrl: 'https://booking.clinic.example' })
    return (await clinic.app.inject({ method: 'GET', url: `/channels/${channel}/tools` })).json<Definition[]>()
  }

  test('of Vapi keep the token from the model: one tool stores it, the others send it', async () => {
    const all = await definitions('vapi')
    expect(all.every(({ server }) => server?.url === 'https://booking.clinic.example/channels/vapi')).toBe(true)
    for (const tool of all) expect(Object.keys(tool.function!.parameters.properties), tool.function!.name).not.toContain('patient_token')
    const hold = all.find((tool) => tool.function?.name === 'hold_time')
    expect(hold?.parameters).toEqual([{ key: 'patient_token', value: '{{patient_token}}' }])
    expect(Object.keys(hold!.function!.parameters.properties)).toEqual(['slot_id'])
    const keeps = all.filter(({ variableExtractionPlan }) => variableExtractionPlan !== undefined)
    expect(keeps.map((tool) => tool.function?.name)).toEqual(['start_intake'])
    expect(all.find((tool) => tool.function?.name === 'find_times')).not.toHaveProperty('parameters')
  })

  test('of Retell too', async () => {
    const all = await definitions('retell')
    const hold = all.find(({ name }) => name === 'hold_time')
    expect(hold).toMatchObject({
      type: 'custom',
      url: 'https://booking.clinic.example/channels/retell/hold_time',
      parameters: { type: 'object', properties: { patient_token: { const: '{{patient_token}}' } }, required: ['slot_id'] },
    })
    expect(all.filter((tool) => tool.response_variables !== undefined).map(({ name }) => name)).toEqual(['start_intake'])
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../../src/config.ts'

const dir = mkdtempSync(join(tmpdir(), 'channels-'))
afterAll(() => {
  rmSync(dir, { recursive: true })
})

let files = 0
function fileOf(content: unknown): string {
  const file = join(dir, `${files++}.json`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}
const SECRET = 'f0e1d2c3b4a5968778695a4b'
const production = () => ({
  NODE_ENV: 'production',
  TOKEN_SECRET: 'a secret of the tests that is long enough',
  CLIENTS_FILE: fileOf([{ id: 'voice', key_sha256: 'ab'.repeat(32), scopes: ['holds:write'] }]),
})
const read = (content: unknown, environment: Record<string, string> = {}) =>
  readConfig({ ...production(), CHANNELS_FILE: fileOf(content), ...environment }).channels

function messageOf(content: unknown, environment: Record<string, string> = {}): string {
  try {
    read(content, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

describe('without CHANNELS_FILE', () => {
  test('every channel is closed in production', () => {
    expect(readConfig(production()).channels).toEqual({ entries: {}, openToClientKeys: false })
  })

  test('outside production they are open to client keys, to nothing else', () => {
    expect(readConfig({}).channels).toEqual({ entries: {}, openToClientKeys: true })
  })
})

describe('CHANNELS_FILE', () => {
  test('names for a channel the client and its secrets; other channels stay closed', () => {
    const channels = read({ vapi: { client: 'voice', secret: SECRET } })
    expect(channels).toMatchObject({ entries: { vapi: { client: { id: 'voice', scopes: ['holds:write'] }, secrets: [SECRET] } } })
    expect(Object.keys(channels.entries)).toEqual(['vapi'])
    expect(channels.openToClientKeys).toBe(false)
  })

  test('closes what development would leave open', () => {
    const file = fileOf({ rasa: { client: 'dev', secret: SECRET } })
    expect(readConfig({ CHANNELS_FILE: file }).channels).toMatchObject({
      openToClientKeys: false,
      entries: { rasa: { secrets: [SECRET] } },
    })
  })

  test('can leave a secret to a variable, and have two while they rotate', () => {
    const both = `${SECRET}, ${SECRET}2`
    expect(read({ retell: { client: 'voice', secret_env: 'RETELL_API_KEY' } }, { RETELL_API_KEY: both }).entries.retell?.secrets).toEqual([
      SECRET,
      `${SECRET}2`,
    ])
  })

  test.for<readonly [what: string, content: unknown, message: RegExp]>([
    ['is not JSON', '{"vapi": ', /is not JSON/],
    ['is a list', [], /\(whole file\): /],
    ['is empty', {}, /\(whole file\): name a channel, or unset CHANNELS_FILE/],
    ['names an unknown channel', { telegram: { client: 'voice', secret: SECRET } }, /CHANNELS_FILE .*telegram|Unrecognized|Invalid key/],
    ['names an unknown client', { vapi: { client: 'nobody', secret: SECRET } }, /, vapi\.client: CLIENTS_FILE has no client of this id/],
    ['has no secret', { vapi: { client: 'voice' } }, /, vapi: give either secret or secret_env/],
    ['has both', { vapi: { client: 'voice', secret: SECRET, secret_env: 'X' } }, /, vapi: give either secret or secret_env/],
    ['has an empty secret', { vapi: { client: 'voice', secret: ' ' } }, /, vapi\.secret: it is empty/],
    [
      'names a variable that is not set',
      { vapi: { client: 'voice', secret_env: 'NOT_SET' } },
      /secret_env: the variable that it names is not set/,
    ],
    ['has a short secret', { rasa: { client: 'voice', secret: 'short' } }, /, rasa: a secret has at least 16 visible/],
    [
      'has a secret no header can carry',
      { rasa: { client: 'voice', secret: 'with spaces and so on' } },
      /, rasa: a secret has at least 16 visible/,
    ],
    ['has an unknown field', { rasa: { client: 'voice', secret: SECRET, url: 'x' } }, /, rasa/],
  ])('that %s stops the start, without quoting a secret', ([, content, message]) => {
    const said = messageOf(content)
    expect(said).toMatch(message)
    expect(said).not.toContain(SECRET)
    expect(said).not.toContain('with spaces')
  })

  test('that cannot be read stops the start', () => {
    expect(() => readConfig({ CHANNELS_FILE: join(dir, 'missing.json') })).toThrow(/CHANNELS_FILE .* cannot be read \(ENOENT\)/)
  })
})

test('PUBLIC_URL is an http address, and loses its last slash', () => {
  expect(readConfig({ PUBLIC_URL: 'https://booking.clinic.example/' }).publicUrl).toBe('https://booking.clinic.example')
  expect(readConfig({ PUBLIC_URL: 'https://clinic.example/booking//' }).publicUrl).toBe('https://clinic.example/booking')
  expect(readConfig({}).publicUrl).toBeUndefined()
  expect(() => readConfig({ PUBLIC_URL: 'booking.clinic.example' })).toThrow('PUBLIC_URL')
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../../src/config.ts'

const dir = mkdtempSync(join(tmpdir(), 'webhooks-'))
afterAll(() => {
  rmSync(dir, { recursive: true })
})

let files = 0
function webhooksFile(content: unknown): string {
  const file = join(dir, `webhooks-${files++}.json`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}
const secretOf = (bytes: number, fill = 7) => `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`
const SECRET = secretOf(32)
const endpoint = { id: 'crm', url: 'https://crm.example/hooks/1', secret: SECRET }
const read = (content: unknown, environment: Record<string, string> = {}) =>
  readConfig({ WEBHOOKS_FILE: webhooksFile(content), ...environment }).webhooks

function messageOf(content: unknown, environment: Record<string, string> = {}): string {
  try {
    read(content, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

describe('WEBHOOKS_FILE', () => {
  test('that is not set means nobody is told, and private targets are refused', () => {
    expect(readConfig({}).webhooks).toEqual({ endpoints: [], allowPrivateTargets: false })
    expect(readConfig({ WEBHOOKS_FILE: '' }).webhooks.endpoints).toEqual([])
  })

  test('names endpoints, their secrets and what they want to hear', () => {
    const types = ['appointment.booked', 'escalation.created']
    expect(read([endpoint, { ...endpoint, id: 'desk', types }]).endpoints).toEqual([
      { id: 'crm', url: endpoint.url, secrets: [SECRET], types: undefined },
      { id: 'desk', url: endpoint.url, secrets: [SECRET], types },
    ])
  })

  test('can leave a secret to a variable', () => {
    const { secret: _secret, ...rest } = endpoint
    expect(read([{ ...rest, secret_env: 'CRM_SECRET' }], { CRM_SECRET: SECRET }).endpoints[0]!.secrets).toEqual([SECRET])
  })

  test('can have two secrets while they rotate, either way', () => {
    const both = `${secretOf(32, 1)}, ${SECRET}`
    const { secret: _secret, ...rest } = endpoint
    expect(read([{ ...endpoint, secret: both }]).endpoints[0]!.secrets).toEqual([secretOf(32, 1), SECRET])
    expect(read([{ ...rest, secret_env: 'CRM_SECRET' }], { CRM_SECRET: both }).endpoints[0]!.secrets).toHaveLength(2)
  })

  test.for([24, 32, 64])('takes secrets of %i bytes', (bytes) => {
    expect(messageOf([{ ...endpoint, secret: secretOf(bytes) }])).toBe('accepted')
  })
})

describe('a file that stops the start', () => {
  const { secret: _secret, ...noSecret } = endpoint

  test.for<readonly [what: string, content: unknown, message: RegExp]>([
    ['is not JSON', '[{', /is not JSON/],
    ['is no list', { endpoints: [] }, /\(whole file\): /],
    ['is empty', [], /\(whole file\): name an endpoint, or unset WEBHOOKS_FILE/],
    ['has an id that is no word', [{ ...endpoint, id: 'a b' }], /, 0\.id: use letters/],
    ['names an id twice', [endpoint, { ...endpoint, url: 'https://other.example/' }], /, 1\.id: another endpoint has this id/],
    ['has no URL', [{ ...endpoint, url: 'crm.example' }], /, 0\.url: must be an https address/],
    ['has another scheme', [{ ...endpoint, url: 'ftp://crm.example/' }], /, 0\.url: must be an https address/],
    ['has plain HTTP', [{ ...endpoint, url: 'http://crm.example/' }], /, 0\.url: is not https\. .*WEBHOOKS_ALLOW_PRIVATE_TARGETS=true/],
    [
      'has a private address',
      [{ ...endpoint, url: 'https://10.0.0.7/' }],
      /, 0\.url: .*public internet\. .*WEBHOOKS_ALLOW_PRIVATE_TARGETS=true/,
    ],
    ['hides one', [{ ...endpoint, url: 'https://2130706433/' }], /, 0\.url: .*public internet/],
    [
      'has a password in a URL',
      [{ ...endpoint, url: 'https://:p@crm.example/' }],
      /, 0\.url: has a user or password in it; messages are signed instead$/,
    ],
    ['has no secret', [noSecret], /, 0: give either secret or secret_env/],
    ['has both', [{ ...endpoint, secret_env: 'CRM_SECRET' }], /, 0: give either secret or secret_env/],
    ['has an empty secret', [{ ...endpoint, secret: '' }], /, 0\.secret: it is empty/],
    [
      'has a variable that is not set',
      [{ ...noSecret, secret_env: 'CRM_SECRET' }],
      /, 0\.secret_env: the variable that it names is not set/,
    ],
    [
      'has a short secret',
      [{ ...endpoint, secret: secretOf(23) }],
      /, 0\.secret: a secret is whsec_ and 24 to 64 .*openssl rand -base64 32/,
    ],
    ['has a long secret', [{ ...endpoint, secret: secretOf(65) }], /, 0\.secret: a secret is/],
    ['has a secret without prefix', [{ ...endpoint, secret: SECRET.slice(6) }], /, 0\.secret: a secret is/],
    ['has a secret that is not base64', [{ ...endpoint, secret: `whsec_${'-'.repeat(43)}=` }], /, 0\.secret: a secret is/],
    ['has a secret without padding', [{ ...endpoint, secret: SECRET.replace('=', '') }], /, 0\.secret: a secret is/],
    ['has one bad secret of two', [{ ...endpoint, secret: `${SECRET},whsec_x` }], /, 0\.secret: a secret is/],
    ['has an unknown type', [{ ...endpoint, types: ['appointment.noted'] }], /, 0\.types\.0: /],
    ['wants to hear nothing', [{ ...endpoint, types: [] }], /, 0\.types: name at least one type/],
    ['has an unknown field', [{ ...endpoint, headers: {} }], /, 0: .*"headers"/],
  ])('%s', ([, content, message]) => {
    const text = messageOf(content)
    expect(text).toMatch(message)
    expect(text).toMatch(/^WEBHOOKS_FILE .*webhooks-\d+\.json/)
  })

  test('is not there', () => {
    expect(() => readConfig({ WEBHOOKS_FILE: join(dir, 'gone.json') })).toThrow(/WEBHOOKS_FILE .*gone\.json cannot be read \(ENOENT\)/)
  })

  test('names every place at once', () => {
    const lines = messageOf([
      { ...endpoint, url: 'http://10.0.0.1/' },
      { ...noSecret, id: 'x', secret_env: 'NONE' },
    ]).split('\n')
    expect(lines.map((line) => /, (\S+):/.exec(line)?.[1])).toEqual(['0.url', '1.secret_env'])
  })

  test.for<readonly [what: string, content: string]>([
    ['a missing comma', `[{"id": "crm" "secret": "${SECRET}"}]`],
    ['a missing quote', `[{"id": "crm", "secret": ${SECRET}"}]`],
    ['a quote too many', `[{"id": "crm", "secret": "${SECRET}"", "url": ""}]`],
    ['a bare secret', SECRET],
    ['a wrong secret', JSON.stringify([{ ...endpoint, secret: `${SECRET}${SECRET}` }])],
    ['a secret in place of the id', JSON.stringify([{ ...endpoint, id: SECRET }])],
    ['a secret in place of its variable', JSON.stringify([{ ...noSecret, secret_env: SECRET }])],
    ['a secret as a type', JSON.stringify([{ ...endpoint, types: [SECRET] }])],
    ['a secret as a URL', JSON.stringify([{ ...endpoint, url: SECRET }])],
    ['a secret in a password', JSON.stringify([{ ...endpoint, url: `https://u:${encodeURIComponent(SECRET)}@crm.example/` }])],
  ])('does not show the secret: %s', ([, content]) => {
    const text = messageOf(content)
    expect(text).toMatch(/^WEBHOOKS_FILE /)
    // Not even a part of it.
    expect(text).not.toContain('BwcH')
  })

  test('says where the JSON is broken, if the parser knows', () => {
    expect(messageOf(`[{"id": "crm" "secret": "x"}]`)).toContain('line 1 column 15')
  })
})

describe('WEBHOOKS_ALLOW_PRIVATE_TARGETS', () => {
  const own = [{ ...endpoint, url: 'http://10.0.0.7:9000/hook' }]

  test('true allows receivers in the own network, and plain HTTP', () => {
    const settings = read(own, { WEBHOOKS_ALLOW_PRIVATE_TARGETS: 'true' })
    expect(settings).toMatchObject({ allowPrivateTargets: true, endpoints: [{ url: 'http://10.0.0.7:9000/hook' }] })
  })

  test('true does not allow a password in a URL', () => {
    const message = messageOf([{ ...endpoint, url: 'https://u:p@10.0.0.7/' }], { WEBHOOKS_ALLOW_PRIVATE_TARGETS: 'true' })
    expect(message).toMatch(/, 0\.url: has a user or password in it; messages are signed instead$/)
  })

  test('false is the default', () => {
    for (const environment of [{}, { WEBHOOKS_ALLOW_PRIVATE_TARGETS: 'false' }])
      expect(messageOf(own, environment)).toContain('0.url: is not https')
  })

  test.for(['yes', '1', 'TRUE'])('%s is neither', (value) => {
    expect(messageOf([endpoint], { WEBHOOKS_ALLOW_PRIVATE_TARGETS: value })).toMatch(/^WEBHOOKS_ALLOW_PRIVATE_TARGETS: /)
  })
})

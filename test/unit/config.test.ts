import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, readConfig, SCOPES } from '../../src/config.ts'

const dir = mkdtempSync(join(tmpdir(), 'config-'))
afterAll(() => {
  rmSync(dir, { recursive: true })
})

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const SECRET = 'a secret of more than thirty-two bytes'
let files = 0
function clientsFile(content: unknown): string {
  const file = join(dir, `clients-${files++}.json`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}
const client = { id: 'chatbot', key_sha256: sha256('a key'), scopes: ['availability:read'] }
const production = (changes: Record<string, string> = {}) => ({
  NODE_ENV: 'production',
  CLIENTS_FILE: clientsFile([client]),
  TOKEN_SECRET: SECRET,
  ...changes,
})

function messageOf(environment: Record<string, string>): string {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

describe("on a developer's machine", () => {
  test('nothing has to be set', () => {
    expect(readConfig({})).toMatchObject({
      production: false,
      role: 'all',
      host: '127.0.0.1',
      port: 3000,
      fhirBaseUrl: 'http://127.0.0.1:8080/fhir',
      redisUrl: 'redis://127.0.0.1:6379',
      mappingFile: 'mappings/demo-clinic.json',
      logLevel: 'info',
    })
  })

  test('the one client is dev-key, with every scope', () => {
    expect(readConfig({}).clients).toEqual([{ id: 'dev', key_sha256: sha256('dev-key'), scopes: [...SCOPES] }])
  })

  test('traces are sent where an endpoint is named, and nowhere else', () => {
    expect(readConfig({ OTEL_SERVICE_NAME: 'north' }).tracedAs).toBeUndefined()
    expect(readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }).tracedAs).toBe('fhir-scheduling-gateway')
    expect(readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SERVICE_NAME: 'north' }).tracedAs).toBe('north')
    expect(() => readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' })).toThrow('OTEL_EXPORTER_OTLP_ENDPOINT')
  })

  test('an empty variable is one that is not set', () => {
    expect(readConfig({ PORT: '', TOKEN_SECRET: '', CLIENTS_FILE: '' })).toEqual(readConfig({}))
  })
})

describe('in production', () => {
  test('a gateway with clients and a secret of its own starts', () => {
    expect(readConfig(production())).toMatchObject({ production: true, tokenSecrets: [SECRET], clients: [client] })
  })

  test.for<readonly [what: string, changes: Record<string, string>, message: RegExp]>([
    ['without clients', { CLIENTS_FILE: '' }, /CLIENTS_FILE is missing/],
    ['without a secret', { TOKEN_SECRET: '' }, /TOKEN_SECRET must be/],
    ['with the development secret', { TOKEN_SECRET: readConfig({}).tokenSecrets[0]! }, /TOKEN_SECRET must be/],
    [
      'with the development secret to rotate from',
      { TOKEN_SECRET: `${SECRET},${readConfig({}).tokenSecrets[0]!}` },
      /TOKEN_SECRET must be/,
    ],
    [
      'with the development key',
      { CLIENTS_FILE: clientsFile([client, { ...client, id: 'x', key_sha256: sha256('dev-key') }]) },
      /development key/,
    ],
  ])('it does not start %s', ([, changes, message]) => {
    expect(messageOf(production(changes))).toMatch(message)
  })

  test('the development key is welcome elsewhere', () => {
    expect(messageOf({ CLIENTS_FILE: clientsFile([{ ...client, key_sha256: sha256('dev-key') }]) })).toBe('accepted')
  })

  test('everything that is missing is named at once, as readConfig promises', () => {
    const message = messageOf(production({ CLIENTS_FILE: '', TOKEN_SECRET: '' }))
    expect(message).toContain('CLIENTS_FILE')
    expect(message).toContain('TOKEN_SECRET')
  })
})

describe('a variable that is wrong is named', () => {
  test.for<readonly [variable: string, value: string]>([
    ['PORT', 'three thousand'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['FHIR_BASE_URL', 'localhost:8080/fhir'],
    ['FHIR_BASE_URL', 'ftp://ehr.example'],
    ['REDIS_URL', 'http://127.0.0.1:6379'],
    ['ROLE', 'boss'],
    ['LOG_LEVEL', 'loud'],
    ['RATE_LIMIT_PER_MINUTE', '0'],
  ])('%s=%s', ([variable, value]) => {
    expect(messageOf({ [variable]: value })).toMatch(new RegExp(`^${variable}: `))
  })

  test('and so are all others that are', () => {
    const lines = messageOf({ PORT: 'x', ROLE: 'y', LOG_LEVEL: 'z' }).split('\n')
    expect(lines.map((line) => line.split(':')[0]).sort()).toEqual(['LOG_LEVEL', 'PORT', 'ROLE'])
  })
})

describe('secrets', () => {
  test('may be a list while they rotate, the first one signs', () => {
    expect(readConfig({ TOKEN_SECRET: ` ${SECRET} , ${SECRET}2,` }).tokenSecrets).toEqual([SECRET, `${SECRET}2`])
  })

  test.for(['too short', `${SECRET},too short`, 'x'.repeat(31)])("%j is refused, on a developer's machine too", (text) => {
    expect(messageOf({ TOKEN_SECRET: text })).toMatch(/at least 32 bytes/)
  })

  test('are measured in bytes', () => {
    expect(messageOf({ TOKEN_SECRET: 'ä'.repeat(16) })).toBe('accepted')
  })

  test('never stand in a message', () => {
    expect(messageOf({ TOKEN_SECRET: 'hunter2' })).not.toContain('hunter2')
  })
})

describe('the list of clients', () => {
  test.for<readonly [what: string, content: unknown, message: RegExp]>([
    ['that is not JSON', '[{', /cannot be read as JSON/],
    ['that is empty', [], /CLIENTS_FILE/],
    ['with a key in plain', [{ ...client, key_sha256: 'a key' }], /0\.key_sha256: the SHA-256 of the key/],
    ['with an upper-case digest', [{ ...client, key_sha256: sha256('a').toUpperCase() }], /0\.key_sha256/],
    ['with an unknown scope', [client, { ...client, scopes: ['everything'] }], /1\.scopes\.0/],
    ['with an id that is no word', [{ ...client, id: 'a b' }], /0\.id: use letters/],
    ['with an unknown field', [{ ...client, secret: 'x' }], /"secret"/],
  ])('%s is refused, and named', ([, content, message]) => {
    const file = clientsFile(content)
    const text = messageOf({ CLIENTS_FILE: file })
    expect(text).toMatch(message)
    expect(text).toContain(file)
  })

  test('that is not there is refused', () => {
    expect(messageOf({ CLIENTS_FILE: join(dir, 'gone.json') })).toMatch(/CLIENTS_FILE .*gone\.json cannot be read/)
  })
})

describe('OAuth', () => {
  const agent = { id: 'agent', oauth_client_id: 'agent-at-the-issuer', scopes: ['availability:read'] }
  const oauth = (changes: Record<string, string> = {}) => ({
    CLIENTS_FILE: clientsFile([client, agent]),
    OAUTH_ISSUER: 'https://issuer.example/realm',
    OAUTH_AUDIENCE: 'https://gateway.example/mcp',
    ...changes,
  })

  test('is off until an issuer is named, and takes what it is told', () => {
    expect(readConfig({}).oauth).toBeUndefined()
    expect(readConfig(oauth()).oauth).toEqual({
      issuer: 'https://issuer.example/realm',
      audience: 'https://gateway.example/mcp',
      jwksUrl: undefined,
    })
    expect(readConfig(oauth({ OAUTH_JWKS_URL: 'https://keys.example/jwks' })).oauth?.jwksUrl).toBe('https://keys.example/jwks')
  })

  test.for<readonly [what: string, environment: Record<string, string>, message: RegExp]>([
    ['without audience', oauth({ OAUTH_AUDIENCE: '' }), /OAUTH_AUDIENCE is missing/],
    ['without issuer', oauth({ OAUTH_ISSUER: '' }), /OAUTH_ISSUER is missing/],
    ['with an issuer that is no address', oauth({ OAUTH_ISSUER: 'issuer' }), /^OAUTH_ISSUER: /],
    ['when no client could have a token', oauth({ CLIENTS_FILE: clientsFile([client]) }), /no token would be accepted/],
    ['in the clear, in production', production(oauth({ OAUTH_ISSUER: 'http://issuer.example' })), /OAUTH_ISSUER must be an https address/],
    ['with two clients for one', oauth({ CLIENTS_FILE: clientsFile([agent, { ...agent, id: 'b' }]) }), /two clients have the same/],
    [
      'for a client with neither',
      oauth({ CLIENTS_FILE: clientsFile([{ id: 'a', scopes: [] }]) }),
      /0: give key_sha256, oauth_client_id or both/,
    ],
  ])('does not start %s', ([, environment, message]) => {
    expect(messageOf(environment)).toMatch(message)
  })
})

describe('origins of web pages', () => {
  test('are a list, empty unless set', () => {
    expect(readConfig({}).allowedOrigins).toEqual([])
    expect(readConfig({ ALLOWED_ORIGINS: 'https://chat.example, http://localhost:8080,' }).allowedOrigins).toEqual([
      'https://chat.example',
      'http://localhost:8080',
    ])
  })

  test.for([
    '*',
    'chat.example',
    'https://chat.example/',
    'https://chat.example/page',
    'https://Chat.example',
    'null',
    'https://chat.example:443',
  ])('%s is refused: no browser sends it', (origin) => {
    expect(messageOf({ ALLOWED_ORIGINS: origin })).toMatch(/^ALLOWED_ORIGINS: /)
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../helpers/api.ts'
import { unique } from '../helpers/clinic.ts'
import { clientsFile, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { TestIssuer, type TokenChanges } from '../helpers/issuer.ts'
import { CLIENTS } from '../helpers/mcp-clients.ts'
import { hapiOnH2 } from '../helpers/servers.ts'

const AUDIENCE = 'http://gateway.example/mcp'
const METADATA = '/.well-known/oauth-protected-resource'
const SCOPES = 'availability:read intake:write'

const fhir = hapiOnH2()
const KEYED: TestClient = { id: unique('keyed'), key: unique('key'), scopes: ['availability:read'] }
const AGENT: TestClient = {
  id: unique('agent'),
  key: unique('agent-key'),
  oauthClientId: 'agent-at-the-issuer',
  scopes: ['availability:read', 'intake:write', 'holds:write'],
}
let issuer: TestIssuer
let gateway: GatewayProcess
beforeAll(async () => {
  issuer = await TestIssuer.start(AUDIENCE)
  gateway = await open(issuer)
})
afterAll(() => Promise.all([gateway.stop(), issuer.stop()]))

function open(trusted: TestIssuer): Promise<GatewayProcess> {
  const environment = { ...clientsFile([KEYED, AGENT]), OAUTH_ISSUER: trusted.url, OAUTH_AUDIENCE: AUDIENCE, LOG_LEVEL: 'fatal' }
  return startGateway({ fhirBaseUrl: fhir.baseUrl, environment })
}

const agentToken = (scope = SCOPES, changes: TokenChanges = {}) => issuer.token('agent-at-the-issuer', scope, changes)
const ask = (bearer: string | null, path = '/availability?type=short', through = gateway): Promise<Answer> =>
  through.api.get(path, { auth: bearer === null ? null : `Bearer ${bearer}` })
const hold = (bearer: string) => gateway.api.post('/holds', { slot_id: 'invented' }, { auth: `Bearer ${bearer}` })

describe('an access token', () => {
  test('opens REST routes, within the scopes that both the token and the gateway name', async () => {
    expect((await ask(await agentToken())).status).toBe(200)
    expect((await hold(await agentToken('holds:write'))).body.code).toBe('invalid_slot_id')
    // Not in the token; not in CLIENTS_FILE.
    expect((await hold(await agentToken())).body.code).toBe('forbidden')
    expect((await ask(await agentToken('staff'), '/metrics')).body.code).toBe('forbidden')
  })

  test('opens MCP: what it does not allow is not listed', async () => {
    const client = await CLIENTS['client v2, revision 2026-07-28']({ url: `${gateway.api.baseUrl}/mcp`, key: await agentToken() })
    expect((await client.tools()).map(({ name }) => name)).toEqual(expect.arrayContaining(['start_intake', 'find_times']))
    expect((await client.tools()).map(({ name }) => name)).not.toContain('hold_time')
    expect((await client.call('hold_time', { slot_id: 'invented' })).body.outcome).toBe('forbidden')
    expect((await client.call('find_times', { type: 'short' })).body.outcome).toBe('ok')
    await client.close()
  })

  test('signed with an elliptic curve is as good', async () => {
    expect((await ask(await agentToken(SCOPES, { alg: 'ES256' }))).status).toBe(200)
  })

  test('is not needed: client keys go on working', async () => {
    expect((await ask(KEYED.key)).status).toBe(200)
  })
})

describe('what is no token for this gateway', () => {
  test.for<readonly [what: string, token: () => Promise<string> | string]>([
    ['for another audience', () => agentToken(SCOPES, { claims: { aud: 'http://other.example/mcp' } })],
    ['that has run out', () => agentToken(SCOPES, { expiresIn: -60 })],
    ['of another issuer', () => agentToken(SCOPES, { claims: { iss: 'http://other.example' } })],
    ['with an unknown key', () => agentToken(SCOPES, { kid: 'nobodys' })],
    ['without signature', () => issuer.unsigned('agent-at-the-issuer', SCOPES)],
    ['signed with the public key as a secret', () => issuer.confused('agent-at-the-issuer', SCOPES)],
    ['for a client that CLIENTS_FILE does not know', () => issuer.token('somebody-else', SCOPES)],
    ["for a client by the gateway's own name for it", () => issuer.token(AGENT.id, SCOPES)],
  ])('%s: 401, and it is told where to get one', async ([, token]) => {
    for (const path of ['/availability?type=short', '/appointments']) {
      const { status, body, headers } = await ask(await token(), path)
      expect([status, body.code]).toEqual([401, 'unauthenticated'])
      expect(headers.get('www-authenticate')).toBe(
        `Bearer realm="fhir-scheduling-gateway", error="invalid_token", resource_metadata="http://gateway.example${METADATA}/mcp"`,
      )
    }
  })

  test('nothing at all: as before, without an error', async () => {
    const { status, headers } = await gateway.api.post('/mcp', {}, { auth: null })
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toBe(
      `Bearer realm="fhir-scheduling-gateway", resource_metadata="http://gateway.example${METADATA}/mcp"`,
    )
  })

  test('too few scopes: 403, and the scope that is missing', async () => {
    const { headers } = await hold(await agentToken())
    expect(headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="holds:write"')
  })
})

describe('the metadata of the resource (RFC 9728)', () => {
  test.for([METADATA, `${METADATA}/mcp`])('%s names the issuer, for everybody', async (path) => {
    const { status, body, headers } = await ask(null, path)
    expect(status).toBe(200)
    expect(body).toMatchObject({ resource: AUDIENCE, authorization_servers: [issuer.url], bearer_methods_supported: ['header'] })
    expect(body['scopes_supported']).toContain('holds:write')
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })

  test('is not there where no issuer is trusted', async () => {
    const plain = await startGateway({ fhirBaseUrl: fhir.baseUrl })
    expect((await ask(null, METADATA, plain)).status).toBe(404)
    expect((await ask(await agentToken(), undefined, plain)).status).toBe(401)
    await plain.stop()
  })
})

describe('while the issuer does not answer', () => {
  test('tokens are refused for now, client keys are not; when it answers, it works', async () => {
    const late = await TestIssuer.start(AUDIENCE)
    late.isBroken = true
    const waiting = await open(late)
    const token = await late.token('agent-at-the-issuer', SCOPES)
    const began = performance.now()
    const { status, body, headers } = await ask(token, undefined, waiting)
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'ehr_unavailable', '1'])
    expect(String(body['detail'])).toContain('OAuth issuer')
    expect(performance.now() - began).toBeLessThan(2_000)
    expect((await ask(KEYED.key, undefined, waiting)).status).toBe(200)
    late.isBroken = false
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect((await ask(token, undefined, waiting)).status).toBe(200)
    await late.stop()
    expect((await ask(token, undefined, waiting)).status).toBe(200)
    await waiting.stop()
  })
})

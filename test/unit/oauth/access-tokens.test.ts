import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { JwtAccessTokens } from '../../../src/oauth/access-tokens.ts'
import { IssuerKeys } from '../../../src/oauth/issuer-keys.ts'
import { KeySetFetcher } from '../../../src/oauth/key-set.ts'
import { TestIssuer, type TokenChanges } from '../../helpers/issuer.ts'

const AUDIENCE = 'https://gateway.example/mcp'
const SCOPE = 'availability:read holds:write'
let issuer: TestIssuer
let other: TestIssuer
const fetchers: KeySetFetcher[] = []
beforeAll(async () => {
  ;[issuer, other] = await Promise.all([TestIssuer.start(AUDIENCE), TestIssuer.start(AUDIENCE)])
})
afterAll(async () => {
  await Promise.all([issuer.stop(), other.stop(), ...fetchers.map((fetcher) => fetcher.close())])
})

/** The gateway's checks, as deps.ts puts them together. */
function checks(of: Pick<TestIssuer, 'url'> = issuer, jwksUrl?: string): JwtAccessTokens {
  const fetcher = new KeySetFetcher({ issuer: of.url, jwksUrl })
  fetchers.push(fetcher)
  return new JwtAccessTokens({ issuer: of.url, audience: AUDIENCE }, new IssuerKeys(() => fetcher.fetch()))
}

describe('a token that the issuer gave for this gateway', () => {
  test.for(['RS256', 'ES256'] as const)('says who and what (%s)', async (alg) => {
    expect(await checks().verify(await issuer.token('agent', SCOPE, { alg }))).toEqual({
      clientId: 'agent',
      scopes: ['availability:read', 'holds:write'],
    })
  })

  test('names the client by azp, and the scopes by scp, where the issuer writes it so', async () => {
    const claims = { client_id: undefined, azp: 'agent', scope: undefined, scp: ['availability:read', 7] }
    expect(await checks().verify(await issuer.token('x', '', { claims }))).toEqual({ clientId: 'agent', scopes: ['availability:read'] })
  })

  test('may be meant for others too', async () => {
    const claims = { aud: ['https://elsewhere.example', AUDIENCE] }
    expect(await checks().verify(await issuer.token('agent', SCOPE, { claims }))).toBeDefined()
  })

  test('is accepted when its key is new', async () => {
    const young = await TestIssuer.start(AUDIENCE)
    const tokens = checks(young)
    await tokens.verify(await young.token('agent', SCOPE))
    await young.addKey('next', 'PS256')
    expect(await tokens.verify(await young.token('agent', SCOPE, { alg: 'PS256' }))).toBeDefined()
    expect(young.keySetsServed).toBe(2)
    await young.stop()
  })

  test("is checked by keys that are found in the issuer's description, or where the operator says", async () => {
    const deep = await TestIssuer.start(AUDIENCE, '/realms/clinic')
    const token = await deep.token('agent', SCOPE)
    expect(await checks(deep).verify(token)).toBeDefined()
    expect(await checks(deep, `${new URL(deep.url).origin}/keys`).verify(token)).toBeDefined()
    await deep.stop()
  })
})

describe('nothing else opens the gateway', () => {
  test.for<readonly [what: string, changes: TokenChanges]>([
    ['for another audience', { claims: { aud: 'https://elsewhere.example' } }],
    ['for no audience', { claims: { aud: undefined } }],
    ['for a part of the audience', { claims: { aud: 'https://gateway.example' } }],
    ['by another issuer', { claims: { iss: 'https://elsewhere.example' } }],
    ['that has run out', { expiresIn: -60 }],
    ['that never runs out', { claims: { exp: undefined } }],
    ['that is not valid yet', { claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }],
    ['signed with a key of an unknown id', { kid: 'nobodys' }],
    ['signed with another key of a known id', { kid: 'rsa' }],
    ['for nobody', { claims: { client_id: undefined } }],
    ['for a client that is no word', { claims: { client_id: ['agent'] } }],
    ["bound to its holder's key", { claims: { cnf: { jkt: 'x' } } }],
  ])('not a token %s', async ([, changes]) => {
    expect(await checks().verify(await issuer.token('agent', SCOPE, changes))).toBeUndefined()
  })

  test('not one of another issuer, whatever it says of itself', async () => {
    const token = await other.token('agent', SCOPE, { claims: { iss: issuer.url } })
    expect(await checks().verify(token)).toBeUndefined()
  })

  test('not one without signature, not one signed with the public key as a secret', async () => {
    expect(await checks().verify(issuer.unsigned('agent', SCOPE))).toBeUndefined()
    expect(await checks().verify(await issuer.confused('agent', SCOPE))).toBeUndefined()
  })

  test('not one that was changed on its way', async () => {
    const [head = '', claims = '', signature = ''] = (await issuer.token('agent', 'availability:read')).split('.')
    const more = { ...(JSON.parse(Buffer.from(claims, 'base64url').toString()) as object), scope: 'staff' }
    const changed = [head, Buffer.from(JSON.stringify(more)).toString('base64url'), signature].join('.')
    expect(await checks().verify(changed)).toBeUndefined()
  })

  test.for([
    ['three letters', 'a.b.c'],
    ['nothing', '..'],
    ['a header alone', 'eyJhbGciOiJSUzI1NiJ9.e30.'],
    ['8,000 letters', `${'x'.repeat(8_000)}.y.z`],
  ])('not %s', async ([, text = '']) => {
    expect(await checks().verify(text)).toBeUndefined()
  })

  test('and no scope is read into a token that names none', async () => {
    expect(await checks().verify(await issuer.token('agent', '', { claims: { scope: { staff: true } } }))).toEqual({
      clientId: 'agent',
      scopes: [],
    })
  })
})

describe('while the issuer does not answer', () => {
  test('nobody gets in, and hears that it is worth another try', async () => {
    const broken = await TestIssuer.start(AUDIENCE)
    broken.isBroken = true
    const refusal = { code: 'ehr_unavailable', extras: { retryAfterSeconds: 1 } }
    await expect(checks(broken).verify(await broken.token('agent', SCOPE))).rejects.toMatchObject(refusal)
    await broken.stop()
    await expect(checks(broken).verify(await broken.token('agent', SCOPE))).rejects.toMatchObject(refusal)
  })

  test('the description of another issuer counts as none', async () => {
    const tokens = checks({ url: `${issuer.url}/` })
    await expect(tokens.verify(await issuer.token('agent', SCOPE))).rejects.toMatchObject({ code: 'ehr_unavailable' })
  })
})

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose'
import { freePort } from './gateway-process.ts'

/** A key of the issuer: in its key set or not yet. */
interface IssuerKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
}

/** What makes a token different from a good one. */
export interface TokenChanges {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly alg?: 'RS256' | 'ES256' | 'PS256'
  /** Seconds from now. */
  readonly expiresIn?: number
  /** Signed with a key that the issuer does not publish, under this id. */
  readonly kid?: string
}

/** An OAuth issuer: a real HTTP server that describes itself, publishes its keys, and signs access tokens (RFC 9068). */
export class TestIssuer {
  readonly url: string
  readonly audience: string
  /** How often the key set was asked for. */
  keySetsServed = 0
  /** Answers nothing but 500 while set. */
  isBroken = false
  readonly #server: Server
  readonly #keys: IssuerKey[] = []

  private constructor(url: string, audience: string, server: Server) {
    this.url = url
    this.audience = audience
    this.#server = server
  }

  /** @param path of the issuer's URL, e.g. `/realms/clinic` */
  static async start(audience: string, path = ''): Promise<TestIssuer> {
    const port = await freePort()
    const server = createServer()
    const issuer = new TestIssuer(`http://127.0.0.1:${port}${path}`, audience, server)
    server.on('request', (request, response) => {
      void issuer.#answer(request.url ?? '').then((body) => {
        const status = issuer.isBroken ? 500 : body === undefined ? 404 : 200
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}))
      })
    })
    await issuer.addKey('rsa', 'RS256')
    await issuer.addKey('ec', 'ES256')
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return issuer
  }

  async addKey(kid: string, alg: string): Promise<void> {
    this.#keys.push({ kid, alg, ...(await generateKeyPair(alg, { extractable: true })) })
  }

  /** A token for client `client_id`, good unless changed. */
  async token(clientId: string, scope: string, changes: TokenChanges = {}): Promise<string> {
    const { alg = 'RS256', expiresIn = 300, kid } = changes
    const key = kid === undefined ? this.#keys.find((one) => one.alg === alg) : { kid, alg, ...(await generateKeyPair(alg)) }
    if (!key) throw new Error(`the issuer has no key for ${alg}`)
    return new SignJWT(this.#claims(clientId, scope, expiresIn, changes.claims))
      .setProtectedHeader({ alg, kid: key.kid, typ: 'at+jwt' })
      .sign(key.privateKey)
  }

  /** A token without signature: `alg: none`. */
  unsigned(clientId: string, scope: string): string {
    return new UnsecuredJWT(this.#claims(clientId, scope, 300)).encode()
  }

  /** A token signed with HS256, the issuer's public key taken as the shared secret: what a server that trusts `alg` falls for. */
  async confused(clientId: string, scope: string): Promise<string> {
    const [key] = this.#keys
    if (!key) throw new Error('no key')
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(key.publicKey)))
    return new SignJWT(this.#claims(clientId, scope, 300)).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(secret)
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #claims(clientId: string, scope: string, expiresIn: number, changes: Readonly<Record<string, unknown>> = {}): JWTPayload {
    const now = Math.floor(Date.now() / 1000)
    return { iss: this.url, aud: this.audience, sub: clientId, client_id: clientId, scope, iat: now, exp: now + expiresIn, ...changes }
  }

  async #answer(path: string): Promise<unknown> {
    const { origin, pathname } = new URL(this.url)
    const prefix = pathname === '/' ? '' : pathname
    if (path === `${prefix}/.well-known/openid-configuration`) return { issuer: this.url, jwks_uri: `${origin}/keys` }
    if (path !== '/keys') return undefined
    this.keySetsServed++
    return {
      keys: await Promise.all(
        this.#keys.map(async ({ kid, alg, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' })),
      ),
    }
  }
}

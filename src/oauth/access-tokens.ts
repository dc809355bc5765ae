import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import type { AccessTokens, TokenGrant } from '../desk/gateway.ts'
import type { IssuerKeys } from './issuer-keys.ts'

/** Signatures by private keys only: with a shared secret (HS…) whoever can check a token could make one. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
/** The issuer's clock and ours may differ by so much. */
const CLOCK_TOLERANCE_SECONDS = 10

/** Whose tokens are accepted, and for whom they must have been issued. */
export interface TokenRules {
  /** `iss`, to the letter. */
  readonly issuer: string
  /** Has to be in `aud`: the URL under which callers know this gateway (RFC 8707). */
  readonly audience: string
}

/** Checks access tokens in JWT form (RFC 9068), offline, with the issuer's keys. */
export class JwtAccessTokens implements AccessTokens {
  readonly #rules: TokenRules
  readonly #keys: IssuerKeys

  constructor(rules: TokenRules, keys: IssuerKeys) {
    this.#rules = rules
    this.#keys = keys
  }

  get issuer(): string {
    return this.#rules.issuer
  }

  get resource(): string {
    return this.#rules.audience
  }

  async verify(token: string): Promise<TokenGrant | undefined> {
    const keys = await this.#keys.current()
    const claims = await this.#check(token, keys)
    if (claims !== 'unknown key') return claims && grantOf(claims)
    // The issuer may have taken a new key into use.
    const newer = await this.#keys.newerThan(keys)
    const again = newer && (await this.#check(token, newer))
    return again === undefined || again === 'unknown key' ? undefined : grantOf(again)
  }

  async #check(token: string, keys: JWTVerifyGetKey): Promise<JWTPayload | 'unknown key' | undefined> {
    const { issuer, audience } = this.#rules
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp'],
      })
      return payload
    } catch (error) {
      // Whatever is wrong with it, it opens nothing. What exactly is no caller's business.
      return error instanceof errors.JWKSNoMatchingKey ? 'unknown key' : undefined
    }
  }
}

/** Who the token was issued to, and what it allows. */
function grantOf(claims: JWTPayload): TokenGrant | undefined {
  const clientId = claims['client_id'] ?? claims['azp']
  // Bound to a key of its holder (RFC 9449, RFC 8705), which nobody proves here: stolen, it would be as good as any.
  if (typeof clientId !== 'string' || claims['cnf'] !== undefined) return undefined
  return { clientId, scopes: scopesOf(claims['scope'] ?? claims['scp']) }
}

/** `scope` (RFC 9068: words in one string), or `scp` as some issuers write it, also as a list. */
function scopesOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ')
  return Array.isArray(claim) ? claim.filter((scope) => typeof scope === 'string') : []
}

import { z } from 'zod'
import { ConfigError } from './config-error.ts'

/** The issuer whose access tokens are accepted beside client keys. */
export interface OauthSettings {
  readonly issuer: string
  /** The URL under which callers know this gateway; has to be in a token's `aud`. */
  readonly audience: string
  /** `undefined`: where the issuer's own metadata says. */
  readonly jwksUrl: string | undefined
}

/** The variables that are read here, as they come from the environment. */
export interface OauthVariables {
  readonly OAUTH_ISSUER?: string | undefined
  readonly OAUTH_AUDIENCE?: string | undefined
  readonly OAUTH_JWKS_URL?: string | undefined
}

const address = z.url({ protocol: /^https?$/ })
/** For config.ts to put among the other variables. */
export const oauthVariables = { OAUTH_ISSUER: address.optional(), OAUTH_AUDIENCE: address.optional(), OAUTH_JWKS_URL: address.optional() }

/**
 * Without OAUTH_ISSUER there is no OAuth.
 * @param knowsTokens some client of CLIENTS_FILE has an `oauth_client_id`
 * @throws ConfigError naming what is missing, or not safe
 */
export function readOauth(variables: OauthVariables, production: boolean, knowsTokens: boolean): OauthSettings | undefined {
  const { OAUTH_ISSUER: issuer, OAUTH_AUDIENCE: audience, OAUTH_JWKS_URL: jwksUrl } = variables
  if (issuer === undefined) {
    if (audience === undefined && jwksUrl === undefined) return undefined
    throw new ConfigError('OAUTH_ISSUER is missing: OAUTH_AUDIENCE and OAUTH_JWKS_URL mean nothing without it.')
  }
  if (audience === undefined) throw new ConfigError(AUDIENCE_MISSING)
  if (!knowsTokens) throw new ConfigError(NO_CLIENT)
  for (const [name, url] of Object.entries({ OAUTH_ISSUER: issuer, OAUTH_AUDIENCE: audience, OAUTH_JWKS_URL: jwksUrl })) {
    if (production && url !== undefined && !url.startsWith('https:'))
      throw new ConfigError(`${name} must be an https address: tokens and keys that travel in the clear can be taken and replaced.`)
  }
  return { issuer, audience, jwksUrl }
}

const AUDIENCE_MISSING =
  'OAUTH_AUDIENCE is missing: the URL under which callers know this gateway, e.g. https://gateway.example/mcp. ' +
  'A token that was issued for somebody else must not open it.'
const NO_CLIENT =
  'OAUTH_ISSUER is set, and no client of CLIENTS_FILE has an oauth_client_id: no token would be accepted. ' +
  "Add the issuer's client_id to a client."

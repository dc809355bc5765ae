import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { channelVariables, readChannels, type ChannelSettings } from './channel-settings.ts'
import { ConfigError } from './config-error.ts'
import { oauthVariables, readOauth, type OauthSettings } from './oauth-settings.ts'
import { readWebhooks, webhookVariables, type WebhookSettings } from './webhook-settings.ts'

export { ConfigError }

/** What a client key may be allowed to do. */
export const SCOPES = [
  'availability:read',
  'intake:write',
  'holds:write',
  'appointments:read',
  'appointments:write',
  'escalations:write',
  'patients:any',
  'staff',
] as const
export type Scope = (typeof SCOPES)[number]

const clientsSchema = z
  .array(
    z
      .strictObject({
        id: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'use letters, digits, dot, underscore, hyphen'),
        key_sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/, 'the SHA-256 of the key in lower-case hex')
          .optional(),
        /** `client_id` (or `azp`) of the access tokens that OAUTH_ISSUER gives to this client. */
        oauth_client_id: z.string().min(1).max(500).optional(),
        scopes: z.array(z.enum(SCOPES)),
      })
      .refine(
        (client) => client.key_sha256 !== undefined || client.oauth_client_id !== undefined,
        'give key_sha256, oauth_client_id or both',
      ),
  )
  .min(1)
  .refine(
    (clients) => {
      const ids = clients.flatMap(({ oauth_client_id: id }) => id ?? [])
      return new Set(ids).size === ids.length
    },
    { error: 'two clients have the same oauth_client_id' },
  )
export type Client = z.infer<typeof clientsSchema>[number]

const port = z.coerce.number().int().min(0).max(65_535)
const environmentSchema = z.object({
  NODE_ENV: z.string().default('development'),
  ROLE: z.enum(['all', 'api', 'worker']).default('all'),
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(3000),
  FHIR_BASE_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:8080/fhir'),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).default('redis://127.0.0.1:6379'),
  MAPPING_FILE: z.string().default('mappings/demo-clinic.json'),
  CLIENTS_FILE: z.string().optional(),
  TOKEN_SECRET: z.string().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(1).default(12_000),
  ALLOWED_ORIGINS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((origin) => origin.trim() || []))
    .refine((origins) => origins.every(isOrigin), 'origins as browsers send them, separated by commas, e.g. https://chat.example'),
  ...oauthVariables,
  ...webhookVariables,
  ...channelVariables,
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_SERVICE_NAME: z.string().default('fhir-scheduling-gateway'),
})

/** Scheme, host and port, to the letter: that is what a browser puts into `Origin`. */
function isOrigin(text: string): boolean {
  return URL.parse(text)?.origin === text && text !== 'null'
}

/** The checked configuration of one process. */
export interface Config {
  readonly production: boolean
  readonly role: 'all' | 'api' | 'worker'
  readonly host: string
  readonly port: number
  readonly fhirBaseUrl: string
  readonly redisUrl: string
  readonly mappingFile: string
  readonly clients: readonly Client[]
  /** The first one signs and encrypts, all of them are accepted. */
  readonly tokenSecrets: readonly string[]
  readonly logLevel: string
  readonly rateLimitPerMinute: number
  /** Web pages of these origins may call `/mcp`. */
  readonly allowedOrigins: readonly string[]
  /** Whose access tokens are accepted beside client keys. */
  readonly oauth: OauthSettings | undefined
  readonly webhooks: WebhookSettings
  /** Which platforms may call, and how they prove themselves. */
  readonly channels: ChannelSettings<Client>
  /** Where the world reaches this gateway, without a slash at its end; `undefined`: what a request calls it. */
  readonly publicUrl: string | undefined
  /** What this service is called in traces; `undefined` when none are sent. */
  readonly tracedAs: string | undefined
}

/** What production does not start without, and how to make it. */
const MISSING = {
  CLIENTS_FILE:
    'CLIENTS_FILE is missing: name a JSON file with [{"id", "key_sha256", "scopes"}]. The development key is refused in production.',
  TOKEN_SECRET: 'TOKEN_SECRET is missing: TOKEN_SECRET must be a secret of at least 32 bytes. Make one: openssl rand -base64 32',
} as const

/** SHA-256 of `dev-key`: the one client of a development gateway, with every scope. */
const DEV_CLIENT: Client = {
  id: 'dev',
  key_sha256: '7e9f8fd111802be56c379d597842e29b2cebd35ff2133d431a49fa556a18704e',
  scopes: [...SCOPES],
}
const DEV_SECRET = 'development-only-secret-never-use-in-production'

/**
 * Reads the configuration from the environment.
 * @throws ConfigError naming every variable that is wrong, and, in production, every one that is missing
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const result = environmentSchema.safeParse(given)
  if (!result.success) {
    throw new ConfigError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'))
  }
  const env = result.data
  const production = env.NODE_ENV === 'production'
  const missing = production ? (['CLIENTS_FILE', 'TOKEN_SECRET'] as const).filter((name) => env[name] === undefined) : []
  if (missing.length > 0) throw new ConfigError(missing.map((name) => MISSING[name]).join('\n'))
  const clients = readClients(env.CLIENTS_FILE, production)
  return {
    production,
    role: env.ROLE,
    host: env.HOST,
    port: env.PORT,
    fhirBaseUrl: env.FHIR_BASE_URL,
    redisUrl: env.REDIS_URL,
    mappingFile: env.MAPPING_FILE,
    clients,
    tokenSecrets: readSecrets(env.TOKEN_SECRET, production),
    logLevel: env.LOG_LEVEL,
    rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
    allowedOrigins: env.ALLOWED_ORIGINS,
    oauth: readOauth(
      env,
      production,
      clients.some((client) => client.oauth_client_id !== undefined),
    ),
    webhooks: readWebhooks(env, given),
    channels: readChannels(env.CHANNELS_FILE, { clients, production, environment: given }),
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ''),
    tracedAs: env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? undefined : env.OTEL_SERVICE_NAME,
  }
}

function readClients(file: string | undefined, production: boolean): readonly Client[] {
  if (file === undefined) {
    return [DEV_CLIENT]
  }
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError(`CLIENTS_FILE ${file} cannot be read as JSON: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
  const result = clientsSchema.safeParse(value)
  if (!result.success)
    throw new ConfigError(result.error.issues.map((issue) => `CLIENTS_FILE ${file}, ${issue.path.join('.')}: ${issue.message}`).join('\n'))
  if (production && result.data.some((client) => client.key_sha256 === DEV_CLIENT.key_sha256)) {
    throw new ConfigError(`CLIENTS_FILE ${file} contains the development key. Make a key of your own: openssl rand -base64 32`)
  }
  return result.data
}

function readSecrets(text: string | undefined, production: boolean): readonly string[] {
  const secrets = (text ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '')
  if (secrets.length === 0 && !production) return [DEV_SECRET]
  const usable = secrets.length > 0 && secrets.every((secret) => Buffer.byteLength(secret) >= 32)
  if (!usable || (production && secrets.includes(DEV_SECRET))) {
    throw new ConfigError(
      'TOKEN_SECRET must be a secret of at least 32 bytes (several, separated by commas, while rotating). Make one: openssl rand -base64 32',
    )
  }
  return secrets
}

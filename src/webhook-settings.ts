import { z } from 'zod'
import { ConfigError } from './config-error.ts'
import { NOTICE_TYPES } from './notices/notice.ts'
import type { NoticeEndpoint } from './notices/ports.ts'
import { hasOneSecret, missingSecret, ONE_SECRET, readSettingsFile, secretsOf } from './settings-file.ts'
import { refusalOfUrl } from './webhooks/targets.ts'

/** Who is told of what, and where they may be. */
export interface WebhookSettings {
  readonly endpoints: readonly NoticeEndpoint[]
  /** Private and link-local addresses, and plain HTTP, are allowed too. */
  readonly allowPrivateTargets: boolean
}

/** The variables that are read here, as they come from the environment. */
export interface WebhookVariables {
  readonly WEBHOOKS_FILE?: string | undefined
  readonly WEBHOOKS_ALLOW_PRIVATE_TARGETS: 'true' | 'false'
}

/** For config.ts to put among the other variables. */
export const webhookVariables = {
  WEBHOOKS_FILE: z.string().optional(),
  WEBHOOKS_ALLOW_PRIVATE_TARGETS: z.enum(['true', 'false']).default('false'),
}

const endpointSchema = z
  .strictObject({
    id: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'use letters, digits, dot, underscore, hyphen'),
    url: z.url({ protocol: /^https?$/, error: 'must be an https address' }),
    secret: z.string().optional(),
    secret_env: z.string().optional(),
    types: z.array(z.enum(NOTICE_TYPES)).min(1, 'name at least one type, or leave types out to get all').optional(),
  })
  .refine(hasOneSecret, ONE_SECRET)
type EndpointEntry = z.infer<typeof endpointSchema>

const endpointsSchema = z.array(endpointSchema).min(1, 'name an endpoint, or unset WEBHOOKS_FILE')

/**
 * Reads and checks WEBHOOKS_FILE; without it there are no endpoints.
 * @param environment where `secret_env` is looked up
 * @throws ConfigError naming every place that is wrong; a message never holds a secret
 */
export function readWebhooks(variables: WebhookVariables, environment: Readonly<Record<string, string | undefined>>): WebhookSettings {
  const allowPrivateTargets = variables.WEBHOOKS_ALLOW_PRIVATE_TARGETS === 'true'
  const file = variables.WEBHOOKS_FILE
  if (file === undefined) return { endpoints: [], allowPrivateTargets }
  const result = endpointsSchema.safeParse(readSettingsFile('WEBHOOKS_FILE', file, 'docs/webhooks.md'))
  const faults = result.success
    ? findFaults(result.data, allowPrivateTargets, environment)
    : result.error.issues.map(({ path, message }) => `${path.length === 0 ? '(whole file)' : path.join('.')}: ${message}`)
  if (faults.length > 0 || !result.success) throw new ConfigError(faults.map((fault) => `WEBHOOKS_FILE ${file}, ${fault}`).join('\n'))
  const endpoints = result.data.map((entry) => ({
    id: entry.id,
    url: entry.url,
    secrets: secretsOf(entry, environment),
    types: entry.types,
  }))
  return { endpoints, allowPrivateTargets }
}

/** What a schema of one entry cannot see: other entries, the environment, and what may be sent to. */
function findFaults(
  entries: readonly EndpointEntry[],
  allowPrivate: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  return entries.flatMap((entry, index) => {
    const faults: string[] = []
    if (entries.findIndex(({ id }) => id === entry.id) !== index) faults.push(`${index}.id: another endpoint has this id`)
    const url = new URL(entry.url)
    if (url.username !== '' || url.password !== '') faults.push(`${index}.url: has a user or password in it; messages are signed instead`)
    const refusal = refusalOfUrl(url, allowPrivate)
    if (refusal !== undefined) faults.push(`${index}.url: ${refusal}. ${HOW_TO_ALLOW_IT}`)
    const secrets = secretsOf(entry, environment)
    const field = entry.secret_env === undefined ? 'secret' : 'secret_env'
    if (secrets.length === 0) faults.push(`${index}.${missingSecret(entry)}`)
    if (!secrets.every(isSecret)) faults.push(`${index}.${field}: ${HOW_TO_MAKE_A_SECRET}`)
    return faults
  })
}

const HOW_TO_ALLOW_IT = 'For a receiver in your own network set WEBHOOKS_ALLOW_PRIVATE_TARGETS=true'
const HOW_TO_MAKE_A_SECRET =
  'a secret is whsec_ and 24 to 64 random bytes in base64 (several, separated by commas, while rotating). ' +
  'Make one: echo "whsec_$(openssl rand -base64 32)"'

/** As Standard Webhooks wants it; base64 to the letter, because receivers' libraries take nothing else. */
function isSecret(secret: string): boolean {
  if (!secret.startsWith('whsec_')) return false
  const base64 = secret.slice('whsec_'.length)
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 && bytes.length >= 24 && bytes.length <= 64
}

import { z } from 'zod'
import { ConfigError } from './config-error.ts'
import { hasOneSecret, missingSecret, ONE_SECRET, readSettingsFile, secretsOf } from './settings-file.ts'

/** The platforms that call the gateway in a form, and with a proof, of their own (docs/channels/). */
export const CHANNELS = ['vapi', 'retell', 'dialogflow-cx', 'rasa'] as const
export type ChannelName = (typeof CHANNELS)[number]

/** How one platform proves itself, and which client of CLIENTS_FILE it then is. */
export interface ChannelEntry<Client = unknown> {
  /** Its scopes hold for every tool; idempotency keys and patient tokens belong to it. */
  readonly client: Client
  /** In the clear, because signatures are checked with them. Any of them is accepted. */
  readonly secrets: readonly string[]
}

/** Which platforms may call. A channel without an entry is closed. */
export interface ChannelSettings<Client = unknown> {
  readonly entries: Readonly<Partial<Record<ChannelName, ChannelEntry<Client>>>>
  /** Outside production and without CHANNELS_FILE every channel is open to client keys (`Authorization: Bearer`), and to nothing else. */
  readonly openToClientKeys: boolean
}

/** For config.ts to put among the other variables. */
export const channelVariables = {
  CHANNELS_FILE: z.string().optional(),
}

/** Visible ASCII: it travels in headers. */
const SECRET = /^[\x21-\x7e]{16,}$/
const entrySchema = z
  .strictObject({
    client: z.string().min(1, 'name a client of CLIENTS_FILE'),
    secret: z.string().optional(),
    secret_env: z.string().optional(),
  })
  .refine(hasOneSecret, ONE_SECRET)
const channelsSchema = z
  .partialRecord(z.enum(CHANNELS), entrySchema)
  .refine((file) => Object.keys(file).length > 0, 'name a channel, or unset CHANNELS_FILE')

/** What the file refers to. */
export interface ChannelSources<Client> {
  readonly clients: readonly Client[]
  readonly production: boolean
  /** Where `secret_env` is looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Reads and checks CHANNELS_FILE.
 * @throws ConfigError naming every place that is wrong; a message never holds a secret
 */
export function readChannels<Client extends { readonly id: string }>(
  file: string | undefined,
  { clients, production, environment }: ChannelSources<Client>,
): ChannelSettings<Client> {
  if (file === undefined) return { entries: {}, openToClientKeys: !production }
  const result = channelsSchema.safeParse(readSettingsFile('CHANNELS_FILE', file, 'docs/channels/README.md'))
  const faults: string[] = []
  if (!result.success) {
    faults.push(...result.error.issues.map(({ path, message }) => `${path.length === 0 ? '(whole file)' : path.join('.')}: ${message}`))
  }
  const entries: Partial<Record<ChannelName, ChannelEntry<Client>>> = {}
  for (const name of CHANNELS) {
    const entry = result.data?.[name]
    if (!entry) continue
    const client = clients.find(({ id }) => id === entry.client)
    const secrets = secretsOf(entry, environment)
    if (!client) faults.push(`${name}.client: CLIENTS_FILE has no client of this id`)
    if (secrets.length === 0) faults.push(`${name}.${missingSecret(entry)}`)
    if (!secrets.every((secret) => SECRET.test(secret))) faults.push(`${name}: ${HOW_TO_MAKE_A_SECRET}`)
    if (client) entries[name] = { client, secrets }
  }
  if (faults.length > 0) throw new ConfigError(faults.map((fault) => `CHANNELS_FILE ${file}, ${fault}`).join('\n'))
  return { entries, openToClientKeys: false }
}

const HOW_TO_MAKE_A_SECRET =
  'a secret has at least 16 visible ASCII characters and no spaces (several, separated by commas, while rotating). ' +
  'Make one: openssl rand -hex 24'

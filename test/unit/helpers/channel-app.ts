import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { pino, type Logger } from 'pino'
import { buildApp } from '../../../src/app.ts'
import { CHANNELS, type ChannelSettings } from '../../../src/channel-settings.ts'
import type { Client } from '../../../src/config.ts'
import type { Gateway } from '../../../src/desk/gateway.ts'
import type { MemoryStore } from '../../simulation/memory-store.ts'
import { SECRETS, type Post } from '../../helpers/channels.ts'
import { CHATBOT, memoryGateway } from './memory-gateway.ts'

/** The key of the chatbot's client in these tests. */
export const CLIENT_KEY = 'a-client-key-of-the-tests'
export const CLIENT: Client = { ...CHATBOT, key_sha256: createHash('sha256').update(CLIENT_KEY).digest('hex') }

/** Every channel open with its secret, all for one client. */
export const OPEN: ChannelSettings<Client> = {
  entries: Object.fromEntries(CHANNELS.map((name) => [name, { client: CLIENT, secrets: [SECRETS[name]] }])),
  openToClientKeys: false,
}

/** A gateway's HTTP application on a clinic in memory. */
export interface ChannelApp {
  readonly app: FastifyInstance
  readonly store: MemoryStore
  readonly post: Post
  /** What it has logged. */
  readonly lines: string[]
}

/** Set the clock to `BEGINNING` before. */
export async function channelApp(changes: Partial<Gateway> = {}): Promise<ChannelApp> {
  const { gateway, store } = memoryGateway()
  const lines: string[] = []
  const logger: Logger = pino({}, { write: (line: string) => void lines.push(line) })
  const app = await buildApp({ ...gateway, clients: [CLIENT], channels: OPEN, ...changes }, logger)
  const post: Post = async (path, body, headers) => {
    const answer = await app.inject({ method: 'POST', url: path, payload: body, headers })
    return { status: answer.statusCode, body: answer.body }
  }
  return { app, store, post, lines }
}

import { fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'

/** A webhook as the receiver got it. */
export interface ReceivedWebhook {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** What the library made of it; `undefined` when it refused it. */
  readonly verified: unknown
  /** Why it refused it. */
  readonly fault: string | undefined
}

/** A receiver in a process of its own. */
export interface WebhookReceiver {
  readonly port: number
  /** Everything that it has got since the last time it was asked. What it has answered is among it. */
  take(): Promise<ReceivedWebhook[]>
  /** An address at it; the path says how it answers (webhook-receiver-process.ts). */
  url(path?: string, host?: string): string
  /** Waits until the other side has closed the connection of a long answer. @returns bytes written to it by then */
  closed(): Promise<number>
  stop(): Promise<void>
}

type Told =
  | ({ kind: 'received' } & ReceivedWebhook)
  | { kind: 'listening'; port: number }
  | { kind: 'closed'; sentBytes: number }
  | { kind: 'told-all' }

/** Starts a receiver on a free port of 127.0.0.1. With key and certificate (PEM files) it speaks HTTPS. */
export async function startReceiver(secret: string, tls?: { key: string; certificate: string }): Promise<WebhookReceiver> {
  const args = tls ? [secret, tls.key, tls.certificate] : [secret]
  const env = { ...process.env, NODE_NO_WARNINGS: '1' }
  const child = fork('test/helpers/webhook-receiver-process.ts', args, { env, serialization: 'advanced' })
  const told = new EventEmitter()
  const received: ReceivedWebhook[] = []
  const closings: number[] = []
  child.on('message', (message: Told) => {
    if (message.kind === 'received') received.push(message)
    if (message.kind === 'closed') closings.push(message.sentBytes)
    told.emit(message.kind, message)
  })
  const [{ port }] = (await once(told, 'listening')) as [Extract<Told, { kind: 'listening' }>]
  return {
    port,
    take: async () => {
      const toldAll = once(told, 'told-all')
      child.send('tell-all')
      await toldAll
      return received.splice(0)
    },
    url: (path = '/', host = '127.0.0.1') => `${tls ? 'https' : 'http'}://${host}:${port}${path}`,
    closed: async () => {
      if (closings.length === 0) await once(told, 'closed')
      return closings.shift() ?? 0
    },
    stop: async () => {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

/**
 * A receiver of webhooks, as somebody else would write it: it checks signatures with the library, and answers as its URL says.
 * Started by webhook-receiver.ts, to which it tells every request.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { ReceivedWebhook } from './webhook-receiver.ts'

const [secret, keyFile, certificateFile] = process.argv.slice(2)
if (secret === undefined) throw new Error('usage: webhook-receiver-process.ts SECRET [KEY CERTIFICATE]')
const webhook = new Webhook(secret)
const server =
  keyFile !== undefined && certificateFile !== undefined
    ? createHttpsServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) })
    : createHttpServer()

server.on('request', (request: IncomingMessage, response: ServerResponse) => {
  void receive(request).then((body) => {
    const url = new URL(request.url ?? '/', 'http://receiver')
    process.send?.({ kind: 'received', path: url.pathname, headers: request.headers, body, ...verify(body, request) })
    answer(url, response)
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.({ kind: 'listening', port: (server.address() as AddressInfo).port })
// Messages between processes stay in order: whoever has the answer to this one has all that were sent before.
process.on('message', () => process.send?.({ kind: 'told-all' }))
process.on('disconnect', () => process.exit(0))

async function receive(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function verify(body: string, { headers }: IncomingMessage): Pick<ReceivedWebhook, 'verified' | 'fault'> {
  try {
    return { verified: webhook.verify(body, headers as Record<string, string>), fault: undefined }
  } catch (error) {
    return { verified: undefined, fault: String(error) }
  }
}

/**
 * `/status/500`, `/status/429?retry-after=120`, `/redirect/307?to=…`, `/silent`, `/trickle/200`, `/endless/200`, `/headers/BYTES`,
 * `/hang-up`; anything else is 204.
 */
function answer(url: URL, response: ServerResponse): void {
  const [, what, status] = url.pathname.split('/')
  const retryAfter = url.searchParams.get('retry-after')
  if (retryAfter !== null) response.setHeader('retry-after', retryAfter)
  if (what === 'silent') return
  if (what === 'hang-up') {
    response.socket?.resetAndDestroy()
  } else if (what === 'redirect') {
    response.writeHead(Number(status), { location: url.searchParams.get('to') ?? '/' }).end()
  } else if (what === 'headers') {
    response.writeHead(200, { 'x-filler': 'x'.repeat(Number(status)) }).end()
  } else if (what === 'trickle' || what === 'endless') {
    response.writeHead(Number(status))
    if (what === 'trickle') trickle(response)
    else flood(response)
  } else {
    response.writeHead(what === 'status' ? Number(status) : 204).end()
  }
}

function trickle(response: ServerResponse): void {
  const timer = setInterval(() => response.write('.'), 100)
  response.on('close', () => {
    clearInterval(timer)
    process.send?.({ kind: 'closed', sentBytes: response.socket?.bytesWritten ?? 0 })
  })
}

/** Writes as fast as the other side reads, until it stops. */
function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', write)
  response.on('close', () => process.send?.({ kind: 'closed', sentBytes: response.socket?.bytesWritten ?? 0 }))
  write()
}

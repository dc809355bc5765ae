import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Bundle } from 'fhir/r4.js'

/** A FHIR server before the real one that answers as it does, but knows no `If-Match` in a transaction: the last write wins. */
export interface ForgetfulEhr {
  readonly fhirBaseUrl: string
  /** How many `ifMatch` it has ignored. */
  ignored(): number
  stop(): Promise<void>
}

/** Starts one on a free port before the FHIR server at `upstream`. */
export async function startForgetfulEhr(upstream: string): Promise<ForgetfulEhr> {
  const target = new URL(upstream)
  let ignored = 0
  const forget = (body: string): string => {
    if (!body.includes('"ifMatch"')) return body
    const bundle = JSON.parse(body) as Bundle
    for (const { request } of bundle.entry ?? []) {
      if (request?.ifMatch === undefined) continue
      delete request.ifMatch
      ignored++
    }
    return JSON.stringify(bundle)
  }
  const server = createServer((request, response) => {
    void (async () => {
      const body = forget(await textOf(request))
      const answer = await fetch(new URL(request.url ?? '', target), {
        method: request.method ?? 'GET',
        headers: passedOn(request),
        ...(body !== '' && { body }),
      })
      const type = answer.headers.get('content-type') ?? 'text/plain'
      response.writeHead(answer.status, { 'content-type': type, date: answer.headers.get('date') ?? '' }).end(await answer.text())
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    fhirBaseUrl: `http://127.0.0.1:${address.port}${target.pathname}`,
    ignored: () => ignored,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const PASSED_ON = ['accept', 'content-type', 'cache-control', 'prefer', 'x-request-id']

function passedOn(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (typeof request.headers[name] === 'string' ? [[name, request.headers[name]]] : [])))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

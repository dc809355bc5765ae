import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { pipeline } from 'node:stream'
import { freePort } from './gateway-process.ts'

/** Stands before a gateway for programs that cannot send a client key. */
export interface KeyProxy {
  readonly url: string
  stop(): Promise<void>
}

/** Passes everything on as it comes, `Host` and `Origin` too, and adds the key. */
export async function startKeyProxy(gatewayUrl: string, key: string): Promise<KeyProxy> {
  const { hostname, port } = new URL(gatewayUrl)
  const server = createServer((asked, answering) => {
    const headers = { ...asked.headers, authorization: `Bearer ${key}` }
    const passedOn = request({ hostname, port, path: asked.url, method: asked.method, headers }, (answer) => {
      answering.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, answering, () => undefined)
    })
    pipeline(asked, passedOn, (error) => {
      if (error) answering.destroy()
    })
  })
  const own = await freePort()
  server.listen(own, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${own}`,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { Pool } from 'undici'
import { REQUEST_ID } from './gateway-side.ts'

/** Headers that decide what the FHIR server does; the others belong to the connection. */
const KEPT_HEADERS = ['content-type', 'accept', 'accept-encoding', 'prefer', 'cache-control', REQUEST_ID]

/** A request of the gateway to the FHIR server, as it went over the wire. */
export interface Recorded {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A proxy between a gateway and the FHIR server that keeps what passes, by X-Request-Id. */
export interface Recorder {
  readonly baseUrl: string
  /** The requests of one action in order; those that the server refused are left out. */
  of(id: string): readonly Recorded[]
  close(): Promise<void>
}

/** Starts a recorder in front of a FHIR server. */
export async function startRecorder(fhirBaseUrl: string): Promise<Recorder> {
  const { origin, pathname } = new URL(fhirBaseUrl)
  const pool = new Pool(origin, { connections: 64 })
  const kept = new Map<string, Recorded[]>()
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/' } = request
    const headers = Object.fromEntries(
      KEPT_HEADERS.flatMap((name) => (name in request.headers ? [[name, String(request.headers[name])]] : [])),
    )
    const body = await text(request)
    const answer = await pool.request({ method, path, headers, body: body === '' ? null : body })
    const id = headers[REQUEST_ID]
    if (id !== undefined && answer.statusCode < 300) kept.set(id, [...(kept.get(id) ?? []), { path, headers, body }])
    const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...passed } = answer.headers
    response.writeHead(answer.statusCode, passed)
    answer.body.pipe(response)
  }
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    baseUrl: `http://127.0.0.1:${port}${pathname}`,
    of: (id) => kept.get(id) ?? [],
    close: async () => {
      server.closeAllConnections()
      server.close()
      await pool.close()
    },
  }
}

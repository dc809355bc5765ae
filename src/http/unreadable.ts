import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { problem } from '../desk/problems.ts'

/**
 * Answers a URL that leads to no route because it cannot be decoded, or because an id in it is far too long. Fastify's own answer
 * quotes the URL, in which a caller may have put anything. No hook runs here, so the headers of every answer are set by hand.
 */
export function answerUnreadableUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const body = problem('invalid_request', 'The path cannot be read: an id in it is too long, or a percent sign is not part of an escape.')
  request.log.info({ route: `${request.method} (none)`, status: body.status, code: body.code, reason: error.code }, 'request')
  void reply
    .code(body.status)
    .headers({ 'x-request-id': request.id, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(body)
}

const REFUSALS: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in full within 10 s.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers are larger than 16 KiB.'],
}

/** Answers bytes that are no HTTP request. Fastify's own handler logs the bytes, at level trace. */
export function answerNoHttp(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  this.log.trace({ code: error.code }, 'a connection broke off that did not speak HTTP')
  const [status, detail] = REFUSALS[error.code] ?? [400, 'That is not a request as HTTP/1.1 knows it.']
  const body = JSON.stringify(problem('invalid_request', detail, {}, status))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}

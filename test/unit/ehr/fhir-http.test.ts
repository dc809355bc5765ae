import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FhirHttp, type Exchange } from '../../../src/ehr/fhir-http.ts'

let server: Server
let http: FhirHttp
let answer: (request: IncomingMessage, response: ServerResponse) => void
beforeEach(async () => {
  server = createServer((request, response) => {
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  http = new FhirHttp({
    baseUrl: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/fhir`,
    connections: 2,
  })
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  // A test may have closed it already.
  await http.close().catch(() => undefined)
})

const read = (timeoutMs = 5_000): Promise<Exchange> => http.request('GET', 'Patient/1', {}, timeoutMs)
const batch = (): Promise<Exchange> => http.bundle({ resourceType: 'Bundle', type: 'batch', entry: [] }, {}, 5_000)
const send = (status: number, body: string | Buffer, headers: Record<string, string> = {}) => {
  answer = (_request, response) => void response.writeHead(status, headers).end(body)
}
const large = (bytes: number) => JSON.stringify({ resourceType: 'Bundle', filler: 'x'.repeat(bytes) })

describe('an answer', () => {
  test('is read, packed or not', async () => {
    send(200, '{"resourceType":"Patient"}')
    expect(await read()).toMatchObject({ kind: 'answer', status: 200, body: { resourceType: 'Patient' } })
    send(200, gzipSync('{"resourceType":"Patient"}'), { 'content-encoding': 'gzip' })
    expect(await read()).toMatchObject({ kind: 'answer', status: 200, body: { resourceType: 'Patient' } })
  })

  test('is asked for unpacked from a server next door', async () => {
    let asked: string | undefined
    answer = (request, response) => {
      asked = String(request.headers['accept-encoding'])
      response.end('{}')
    }
    await batch()
    expect(asked).toBe('identity')
  })

  test('of an error carries when to ask again', async () => {
    send(503, '{}', { 'retry-after': '7' })
    expect(await batch()).toMatchObject({ kind: 'answer', status: 503, retryAfterSeconds: 7 })
    send(429, gzipSync('<html>'), { 'retry-after': '3', 'content-encoding': 'gzip' })
    expect(await read()).toMatchObject({ kind: 'answer', status: 429, retryAfterSeconds: 3 })
    send(500, '<html>')
    expect(await read()).toMatchObject({ kind: 'answer', status: 500, retryAfterSeconds: undefined })
  })

  test.each<[string, () => void]>([
    [
      'a redirect',
      () => {
        send(302, '', { location: 'http://127.0.0.1:9/elsewhere' })
      },
    ],
    [
      '11 MB',
      () => {
        send(200, large(11_000_000))
      },
    ],
    [
      '11 MB, packed',
      () => {
        send(200, gzipSync(large(11_000_000)), { 'content-encoding': 'gzip' })
      },
    ],
    [
      '11 MB of an error, packed',
      () => {
        send(500, gzipSync(large(11_000_000)), { 'content-encoding': 'gzip' })
      },
    ],
    [
      'something that only says it is packed',
      () => {
        send(200, '{"resourceType":"Patient"}', { 'content-encoding': 'gzip' })
      },
    ],
    [
      'null',
      () => {
        send(200, 'null')
      },
    ],
  ])('that is %s cannot be used, and may have had an effect', async (_what, prepare) => {
    prepare()
    expect(await batch()).toEqual({ kind: 'broken', sent: true })
  })

  test('of 9 MB can be used', async () => {
    send(200, gzipSync(large(9_000_000)), { 'content-encoding': 'gzip' })
    expect(await read()).toMatchObject({ kind: 'answer', status: 200 })
  })
})

describe('a link of an answer', () => {
  test.each([
    ['of the server itself', () => `${http.baseUrl}?_getpages=1&_count=500`, '/fhir?_getpages=1&_count=500'],
    ['of a resource type', () => `${http.baseUrl}/Schedule?page=2`, '/fhir/Schedule?page=2'],
    ['that names the server behind a proxy', () => 'http://hapi.internal:8080/fhir?_getpages=1', '/fhir?_getpages=1'],
    ['that names it with a type', () => 'https://hapi.internal/r4/Schedule?page=2', '/fhir/Schedule?page=2'],
    ['that names somebody else', () => 'http://evil.example/steal/it?page=2', '/fhir?page=2'],
    ['with a base that only begins alike', () => `${http.baseUrl}-other/Schedule?page=2`, '/fhir/Schedule?page=2'],
    ['without anything', () => 'http://hapi.internal', '/fhir'],
  ])('%s is followed on the configured server only', async (_what, link, asked) => {
    const urls: (string | undefined)[] = []
    answer = (request, response) => {
      urls.push(request.url)
      response.end('{"resourceType":"Bundle"}')
    }
    expect(await http.request('GET', link(), {}, 5_000)).toMatchObject({ kind: 'answer', status: 200 })
    expect(urls).toEqual([asked])
  })
})

describe('the end', () => {
  test('of a client waits for what is running', async () => {
    answer = (_request, response) => setTimeout(() => response.end('{"resourceType":"Patient"}'), 200)
    const running = read()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await http.close()
    expect(await running).toMatchObject({ status: 200 })
  })

  test('does not wait for an answer that does not come', async () => {
    answer = () => undefined
    const running = read(20_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const began = performance.now()
    await http.close()
    expect(performance.now() - began).toBeLessThan(1_500)
    server.closeAllConnections()
    expect(await running).toEqual({ kind: 'broken', sent: true })
  })

  test('of an exchange comes with its time limit', async () => {
    answer = () => undefined
    const began = performance.now()
    expect(await read(200)).toEqual({ kind: 'broken', sent: true })
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Gateway } from '../../../src/desk/gateway.ts'
import { installRequestRecord } from '../../../src/http/request-record.ts'

let app: FastifyInstance
let counted: string[]
let lines: Record<string, unknown>[]
beforeEach(() => {
  counted = []
  lines = []
  const gateway = { metrics: { request: (route: string, status: number, code: string) => counted.push(`${route} ${status} ${code}`) } }
  const logger: FastifyBaseLogger = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) })
  app = Fastify({ loggerInstance: logger, logController: new LogController({ disableRequestLogging: true }) })
  app.decorateRequest('errorCode', undefined)
  app.decorateRequest('client', undefined)
  app.decorateRequest('call', undefined)
  installRequestRecord(app, gateway as unknown as Gateway)
  app.post('/holds/:id', async () => {
    await sleep(100)
    return {}
  })
})
afterEach(() => app.close())

test('a request is one line and one count, by its route template', async () => {
  await app.inject({ method: 'POST', url: '/holds/ap-1?name=x', payload: {} })
  await sleep(50)
  expect(counted).toEqual(['POST /holds/:id 200 ok'])
  expect(lines).toMatchObject([{ level: 30, route: 'POST /holds/:id', status: 200, code: 'ok', msg: 'request' }])
  expect(JSON.stringify(lines)).not.toMatch(/ap-1|=x|traceId/)
})

test('so is one whose caller hangs up before the answer', async () => {
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST /holds/ap-1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}')
  await sleep(30)
  socket.destroy()
  await sleep(200)
  expect(counted).toEqual(['POST /holds/:id 499 client_gone'])
  expect(lines.filter(({ msg }) => msg === 'request')).toMatchObject([{ route: 'POST /holds/:id', status: 499, code: 'client_gone' }])
})

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newCall } from '../../../src/booking/call.ts'
import type { Call } from '../../../src/booking/ports.ts'
import { FhirEhr } from '../../../src/ehr/fhir-ehr.ts'
import { FhirHttp } from '../../../src/ehr/fhir-http.ts'
import { buildGuards } from '../../../src/ehr/guard.ts'

const SLOW_MS = 2_700
/** A FHIR server that finds nothing, slowly. */
let server: Server
let http: FhirHttp
let ehr: FhirEhr
beforeEach(async () => {
  server = createServer((_request, response) => {
    const found = { resourceType: 'Bundle', type: 'searchset', meta: { lastUpdated: new Date().toISOString() }, entry: [] }
    const body = { resourceType: 'Bundle', type: 'batch-response', entry: [{ response: { status: '200 OK' }, resource: found }] }
    setTimeout(() => {
      response.setHeader('content-type', 'application/fhir+json')
      response.end(JSON.stringify(body))
    }, SLOW_MS)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  http = new FhirHttp({ baseUrl: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/fhir`, connections: 3 })
  const nothing = () => undefined
  ehr = new FhirEhr(http, buildGuards({ breaker: nothing, refused: nothing, roundTrip: nothing }))
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await http.close()
})

test('who waits hears in time of an EHR that is slow; who has time is answered', async () => {
  const read = (call: Call) => ehr.batch({ slots: { kind: 'search', type: 'Slot', params: [] } }, call)
  const began = performance.now()
  const patient = read({ ...newCall('request', 'client'), deadline: began + 10_000, readWithinMs: 10_000 })
  await expect(read(newCall('request', 'client'))).rejects.toMatchObject({ code: 'ehr_unavailable' })
  expect(performance.now() - began).toBeLessThan(SLOW_MS)
  expect((await patient).all('slots')).toEqual([])
  expect(performance.now() - began).toBeGreaterThan(SLOW_MS - 10)
})

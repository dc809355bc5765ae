import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDesk, type Desk } from '../helpers/clinic.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { succeed } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const SECRET_STATE = 'told-by-the-caller'

/** A span as OTLP/HTTP carries it. */
interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes: readonly { key: string; value: { stringValue?: string; intValue?: number } }[]
}
interface Export {
  readonly resourceSpans: readonly { scopeSpans: readonly { spans: readonly Span[] }[] }[]
}

/** Everything that came to the receiver: paths and bodies as text. */
const received: { path: string; body: string }[] = []
let receiver: Server
let gateway: GatewayProcess
let log = ''
let desk: Desk
let ids: string[] = []
let spans: Span[]

/** A flow with every place where a patient or a visit stands: bodies, headers, paths, query strings. */
beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (bytes: Buffer) => (body += bytes.toString('utf8')))
    request.on('end', () => {
      received.push({ path: request.url ?? '', body })
      response.setHeader('content-type', 'application/json').end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const address = receiver.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  gateway = await startGateway({
    fhirBaseUrl: fhir.baseUrl,
    capture: true,
    environment: { LOG_LEVEL: 'info', OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
  })
  const { api } = gateway
  desk = await openDesk(fhir, { slots: 4, patients: 1 })
  const patient = desk.patients[0]!
  const [first, second] = await api.offers('short', desk.provider)
  const headers = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01`, tracestate: `x=${SECRET_STATE}`, baggage: `who=${SECRET_STATE}` }
  const booked = await succeed(api.post('/appointments', { slot_id: first?.slot_id, patient }, { headers }))
  const id = booked.body.appointment_id
  await succeed(api.post(`/appointments/${id}/reschedule`, { slot_id: second?.slot_id, patient }))
  await succeed(api.get(`/appointments?patient=${patient}`))
  await succeed(api.get(`/appointments/${id}/calendar.ics`, { headers: { 'x-patient': patient } }))
  await succeed(api.post('/intake', { type: 'short', patient: { mrn: `mrn-${patient.slice(8)}`, birth_date: '1980-01-02' } }))
  await succeed(api.post(`/appointments/${id}/cancel`, { patient }))
  await api.get(`/no/such/path/${id}?name=Muster`)
  ids = [
    patient,
    patient.slice(8),
    id,
    first!.slot_id,
    second!.slot_id,
    booked.body.confirmation_code,
    ...desk.slots.map((slot) => slot.id!),
  ]
  await gateway.stop()
  log = gateway.output()
  spans = received.flatMap(({ body }) =>
    (JSON.parse(body) as Export).resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans)),
  )
})
afterAll(async () => {
  await gateway.stop('SIGKILL')
  receiver.close()
  receiver.closeAllConnections()
})

const named = (name: string) => spans.filter((span) => span.name === name)
const attribute = (span: Span, key: string) => {
  const value = span.attributes.find((one) => one.key === key)?.value
  return value?.stringValue ?? value?.intValue
}

describe('the traces of a flow through every call', () => {
  test('come to the receiver when the gateway stops, at the latest', () => {
    expect(received.map(({ path }) => path)).toContain('/v1/traces')
    expect(spans.length).toBeGreaterThan(15)
  })

  test('one span per request, named by its route template', () => {
    expect(named('POST /appointments')).toHaveLength(1)
    expect(named('POST /appointments/:id/reschedule')).toHaveLength(1)
    expect(named('GET /appointments')).toHaveLength(1)
    expect(named('GET /appointments/:id/calendar.ics')).toHaveLength(1)
    expect(named('GET (none)')).toHaveLength(1)
    const [booking] = named('POST /appointments')
    expect(attribute(booking!, 'http.response.status_code')).toBe(201)
    expect(attribute(booking!, 'fsg.code')).toBe('ok')
    expect(attribute(booking!, 'fsg.client')).toBe('dev')
  })

  test('round trips to the EHR are its children, by kind and status', () => {
    const [booking] = named('POST /appointments')
    const children = spans.filter((span) => span.parentSpanId === booking?.spanId)
    expect(children.map((span) => `${span.name} ${String(attribute(span, 'fsg.ehr.outcome'))}`)).toEqual(['ehr read 200', 'ehr commit 200'])
    const [intake] = named('POST /intake')
    expect(spans.filter((span) => span.parentSpanId === intake?.spanId).map(({ name }) => name)).toEqual(['ehr look-up'])
  })

  test("go on with the caller's trace, and the log line of the request names it", () => {
    expect(named('POST /appointments')[0]).toMatchObject({ traceId: TRACE_ID, parentSpanId: '00f067aa0ba902b7' })
    expect(log).toMatch(new RegExp(`"route":"POST /appointments",.*"traceId":"${TRACE_ID}"`))
  })

  test('hold no id of a patient, a visit or a Slot, no query string, nothing of the EHR’s address, no word of the caller', () => {
    const everything = received.map(({ path, body }) => `${path} ${body}`).join('\n')
    for (const secret of [...ids, desk.provider, 'Muster', '1980', 'mrn', SECRET_STATE, 'dev-key', '?', fhir.baseUrl])
      expect(everything).not.toContain(secret)
  })

  test('nor does the log', () => {
    expect(log.split('\n').filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThan(8)
    for (const secret of [...ids, 'Muster', '1980', SECRET_STATE, 'dev-key', '?']) expect(log).not.toContain(secret)
  })
})

test('a caller that hangs up leaves a line in the log, too', async () => {
  const quiet = await startGateway({ fhirBaseUrl: fhir.baseUrl, capture: true, environment: { LOG_LEVEL: 'info' } })
  try {
    const given = new AbortController()
    const asked = fetch(`${quiet.api.baseUrl}/availability?type=short`, {
      headers: { authorization: 'Bearer dev-key' },
      signal: given.signal,
    })
    setTimeout(() => {
      given.abort()
    }, 5)
    await expect(asked).rejects.toThrow('abort')
    await quiet.stop()
    expect(quiet.output()).toMatch(/"route":"GET \/availability","status":499,"code":"client_gone"/)
    expect(quiet.output()).not.toContain('traceId')
  } finally {
    await quiet.stop('SIGKILL')
  }
})

test('a receiver that is not there harms nobody', async () => {
  const lonely = await startGateway({
    fhirBaseUrl: fhir.baseUrl,
    capture: true,
    environment: { LOG_LEVEL: 'warn', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
  })
  const open = await openDesk(fhir, { slots: 1 })
  expect(await lonely.api.offers('short', open.provider)).toHaveLength(1)
  const began = performance.now()
  await lonely.stop()
  expect(performance.now() - began).toBeLessThan(5_000)
})

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDesk } from '../helpers/clinic.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { ownRedisUrl } from '../helpers/redis.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { startReceiver, type ReceivedWebhook, type WebhookReceiver } from '../helpers/webhook-receiver.ts'
import { succeed, until } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const SECRET = `whsec_${Buffer.from('a webhook secret of the tests, 32 b').toString('base64')}`
let receiver: WebhookReceiver
let gateway: GatewayProcess
beforeAll(async () => {
  receiver = await startReceiver(SECRET)
  const file = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'webhooks.json')
  writeFileSync(file, JSON.stringify([{ id: 'zap', url: receiver.url(), secret: SECRET }]))
  gateway = await startGateway({
    fhirBaseUrl: fhir.baseUrl,
    role: 'all',
    mapping: { holds: { ttlSeconds: 1, perPatient: 3 } },
    environment: { REDIS_URL: ownRedisUrl(), WEBHOOKS_FILE: file, WEBHOOKS_ALLOW_PRIVATE_TARGETS: 'true' },
  })
})
afterAll(async () => {
  await gateway.stop()
  await receiver.stop()
})

test('a receiver is told of every change of a visit, of a hold that ran out and of an escalation, once each, signed, by ids only', async () => {
  const { api } = gateway
  const desk = await openDesk(fhir, { slots: 4, patients: 2 })
  const [first, second, third] = await api.offers('short', desk.provider)
  const [patient, other] = desk.patients
  const { appointment_id: id } = (await succeed(api.post('/appointments', { slot_id: first?.slot_id, patient }))).body
  await succeed(api.post('/appointments', { slot_id: first?.slot_id, patient })) // a repetition is no news
  await succeed(api.post(`/appointments/${id}/reschedule`, { slot_id: second?.slot_id }))
  const { hold_id: hold } = (await succeed(api.post('/holds', { slot_id: third?.slot_id, patient: other }))).body
  const escalation = await succeed(api.post('/escalations', { reason: 'other', appointment_id: id }))
  await succeed(api.post(`/appointments/${id}/cancel`, {}))
  const told: ReceivedWebhook[] = []
  await until('all are told', 20_000, async () => {
    told.push(...(await receiver.take()))
    return told.length >= 5
  })
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  told.push(...(await receiver.take()))
  const messages = told.map(({ body }) => JSON.parse(body) as { type: string; data: Record<string, string> })
  expect(told.map(({ fault }) => fault)).toEqual(told.map(() => undefined))
  expect(messages.map(({ type, data }) => [type, data['appointment_id'] ?? data['escalation_id'], data['version'] ?? data['reason']]).sort()).toEqual(
    [
      ['appointment.booked', id, '1'],
      ['appointment.rescheduled', id, '2'],
      ['appointment.expired', hold, '2'],
      ['escalation.created', escalation.body['escalation_id'], 'other'],
      ['appointment.cancelled', id, '3'],
    ].sort(),
  )
  expect(told.map(({ body }) => body).join()).not.toContain(patient)
}, 60_000)

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { VisitEvent } from '../../src/booking/ports.ts'
import { deliverNotice, noticeJobs } from '../../src/notices/deliver.ts'
import { WebhookSender } from '../../src/webhooks/sender.ts'
import { openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { clientsFile, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { expectProblem } from '../helpers/problem-body.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { startReceiver, type WebhookReceiver } from '../helpers/webhook-receiver.ts'

const fhir = hapiOnH2()
const DESK: TestClient = {
  id: unique('desk'),
  key: unique('desk-key'),
  scopes: ['availability:read', 'holds:write', 'appointments:read', 'appointments:write', 'patients:any'],
}
/** As docs/webhooks.md gives it to whoever receives notices. */
const READER: TestClient = { id: unique('reader'), key: unique('reader-key'), scopes: ['appointments:read', 'patients:any'] }
const SECRET = `whsec_${randomBytes(32).toString('base64')}`

let gateway: GatewayProcess
let desk: Desk
let receiver: WebhookReceiver
let slotIds: string[]
beforeAll(async () => {
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl, environment: clientsFile([DESK, READER]) })
  desk = await openDesk(fhir, { slots: 4, patients: 1 })
  receiver = await startReceiver(SECRET)
  const answer = await gateway.api.get(`/availability?type=short&provider=${desk.provider}&end=${FAR}`, as(DESK))
  slotIds = answer.body.slots.map(({ slot_id }) => slot_id)
})
afterAll(async () => {
  await gateway.stop()
  await receiver.stop()
})
const FAR = encodeURIComponent(new Date(Date.now() + 380 * 24 * 60 * 60_000).toISOString())
const as = (client: TestClient) => ({ auth: `Bearer ${client.key}` })

/** Tells the receiver of an event. @returns what it got, as its library read it */
async function tell(event: VisitEvent): Promise<{ data: { appointment_id: string; version: string } }> {
  const endpoints = [{ id: 'crm', url: receiver.url('/hooks/visits'), secrets: [SECRET], types: undefined }]
  const sender = new WebhookSender({ allowPrivateTargets: true })
  const states = { isDisabled: () => Promise.resolve(false), disable: () => Promise.resolve() }
  for (const job of noticeJobs(event, endpoints, Date.now()))
    expect(await deliverNotice({ endpoints, sender, states }, job, 1)).toEqual({ kind: 'delivered' })
  await sender.close()
  const [message] = await receiver.take()
  return message!.verified as { data: { appointment_id: string; version: string } }
}

describe('a receiver that is told ids only', () => {
  test('reads the visit by its id, with a key of its own', async () => {
    const booked = await gateway.api.post('/appointments', { slot_id: slotIds[0], patient: desk.patients[0] }, as(DESK))
    expect(booked.status).toBe(201)
    const { appointment_id: appointmentId, version } = booked.body
    const { data } = await tell({ kind: 'booked', appointmentId, version, clientId: DESK.id })
    const visit = await gateway.api.get(`/appointments/${data.appointment_id}`, as(READER))
    expect(visit).toMatchObject({
      status: 200,
      body: { state: 'booked', type: 'short', version: data.version, start: desk.slots[0]!.start },
    })

    const cancelled = await gateway.api.post(`/appointments/${appointmentId}/cancel`, {}, as(DESK))
    await tell({ kind: 'cancelled', appointmentId, version: cancelled.body.version, clientId: DESK.id })
    // The first message, told once more and late, leads to the visit as it stands.
    const again = await tell({ kind: 'booked', appointmentId, version, clientId: DESK.id })
    expect(await gateway.api.get(`/appointments/${again.data.appointment_id}`, as(READER))).toMatchObject({ body: { state: 'cancelled' } })
  })

  test("cannot read a hold without a patient, which is its maker's", async () => {
    const hold = await gateway.api.post('/holds', { slot_id: slotIds[1] }, { ...as(DESK), key: unique('key') })
    expect(hold.status).toBe(201)
    const { data } = await tell({ kind: 'expired', appointmentId: hold.body.hold_id, version: '2', clientId: DESK.id })
    expectProblem(await gateway.api.get(`/appointments/${data.appointment_id}`, as(READER)), 'not_found')
  })
})

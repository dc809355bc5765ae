import type { Appointment } from 'fhir/r4.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOLD_END_SYSTEM } from '../../src/fhir/vocabulary.ts'
import { openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { frontDeskVisit, inEhr, setBusyInEhr, slotStatuses } from '../helpers/ehr-changes.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { expectSound, succeed, until } from '../helpers/writes.ts'

const fhir = hapiOnH2()
const EXPIRED = { coding: [{ system: HOLD_END_SYSTEM, code: 'expired' }] }
/** Two gateways of one clinic: holds made through `hasty` last one second. */
let patient: GatewayProcess
let hasty: GatewayProcess
beforeAll(async () => {
  patient = await startGateway({ fhirBaseUrl: fhir.baseUrl })
  hasty = await startGateway({ fhirBaseUrl: fhir.baseUrl, mapping: { holds: { ttlSeconds: 1, perPatient: 3 } } })
})
afterAll(() => Promise.all([patient.stop(), hasty.stop()]))

const api = () => patient.api
const isoAt = (desk: Desk, index: number) => desk.slots[index]?.start

async function slotId(desk: Desk, type: string, index: number): Promise<string> {
  const offer = (await api().offers(type, desk.provider)).find((one) => one.start === isoAt(desk, index))
  if (!offer) throw new Error(`no ${type} offer at Slot ${index}`)
  return offer.slot_id
}

/** A hold that has run out by the EHR's clock and that nobody has ended yet. */
async function expiredHold(desk: Desk, type: string, index: number): Promise<string> {
  const body = { slot_id: await slotId(desk, type, index), patient: desk.patients[0] }
  const { hold_id: id } = (await succeed(hasty.api.post('/holds', body))).body
  await until('the hold runs out', 5_000, async () => (await api().get(`/holds/${id}`)).body.state === 'expired')
  expect((await inEhr(fhir, id)).status).toBe('pending')
  return id
}

/** Requests for visits that wait for staff: more than one sweep looks at, and older than the hold. */
async function manyPendingOfTheClinic(): Promise<Appointment[]> {
  const desk = await openDesk(fhir, { slots: 1 })
  const requests = Array.from({ length: 210 }, () => frontDeskVisit(desk, desk.slots[0]!, { id: unique('request'), status: 'pending' }))
  await fhir.putAll(requests)
  return requests
}

describe("over another patient's hold", () => {
  test('neither a hold nor a booking gets the time, with no, an invented, a foreign or an expired hold_id', async () => {
    const desk = await openDesk(fhir, { slots: 3 })
    const [owner, other] = desk.patients
    const taken = await slotId(desk, 'short', 0)
    const expired = await expiredHold(desk, 'short', 2)
    const hold = await succeed(api().post('/holds', { slot_id: taken, patient: owner }))
    const before = await inEhr(fhir, hold.body.hold_id)
    const invented = `${hold.body.hold_id.slice(0, -1)}${hold.body.hold_id.endsWith('0') ? '1' : '0'}`
    const tries = [
      await api().post('/holds', { slot_id: taken, patient: other }),
      await api().post('/appointments', { slot_id: taken, patient: other }),
      await api().post('/appointments', { hold_id: hold.body.hold_id, patient: other }),
      await api().post('/appointments', { hold_id: invented, patient: other }),
      await api().post('/appointments', { hold_id: 'made-up', patient: other }),
      await api().post('/appointments', { hold_id: expired, patient: owner }),
      await api().post('/appointments', { hold_id: hold.body.hold_id, slot_id: taken, patient: other }),
    ]
    expect(tries.map((answer) => [answer.status, answer.body.code])).toEqual([
      [409, 'slot_taken'],
      [409, 'slot_taken'],
      [404, 'not_found'],
      [404, 'not_found'],
      [404, 'not_found'],
      [410, 'hold_expired'],
      [400, 'invalid_request'],
    ])
    expect(await inEhr(fhir, hold.body.hold_id)).toEqual(before)
    expect((await api().post('/appointments', { hold_id: hold.body.hold_id, patient: owner })).status).toBe(201)
    await succeed(api().delete(`/holds/${expired}`))
    await expectSound(fhir, desk, { live: 1, all: 2 })
  })
})

describe('a hold that has run out', () => {
  test('shows as expired, cannot be confirmed, and can be released', async () => {
    const desk = await openDesk(fhir, { slots: 1 })
    const id = await expiredHold(desk, 'short', 0)
    expect((await api().get(`/holds/${id}`)).body).toMatchObject({ hold_id: id, state: 'expired', status: 'cancelled' })
    expect(await api().post('/appointments', { hold_id: id })).toMatchObject({ status: 410, body: { code: 'hold_expired' } })
    // The refusal ends it: no late confirmation can book what was refused.
    expect(await inEhr(fhir, id)).toMatchObject({ status: 'cancelled', cancelationReason: EXPIRED })
    expect(await slotStatuses(fhir, desk)).toEqual(['free'])
    expect(await api().delete(`/holds/${id}`)).toMatchObject({ status: 200, body: { state: 'expired' } })
    await expectSound(fhir, desk, { live: 0, all: 1 })
  })

  // Slots: 0..7. A long visit uses four, a buffered one two and blocks one on each side.
  test.each([
    { held: 'short', at: 2, taker: 'short', takes: 2, busy: [2], blocked: [] },
    { held: 'long', at: 2, taker: 'short', takes: 2, busy: [2], blocked: [] },
    { held: 'long', at: 2, taker: 'short', takes: 5, busy: [5], blocked: [] },
    { held: 'buffered', at: 3, taker: 'short', takes: 3, busy: [3], blocked: [] },
    { held: 'long', at: 0, taker: 'buffered', takes: 4, busy: [4, 5], blocked: [3, 6] },
    { held: 'long', at: 4, taker: 'buffered', takes: 2, busy: [2, 3], blocked: [1, 4] },
    { held: 'buffered', at: 3, taker: 'buffered', takes: 4, busy: [4, 5], blocked: [3, 6] },
  ])('$held at Slot $at is taken over by $taker at Slot $takes; its other Slots are free again', async (row) => {
    const desk = await openDesk(fhir, { slots: 8 })
    const id = await expiredHold(desk, row.held, row.at)
    const body = { slot_id: await slotId(desk, row.taker, row.takes), patient: desk.patients[1] }
    const taken = await api().post('/appointments', body)
    expect(taken).toMatchObject({ status: 201, body: { status: 'booked', replayed: false } })
    expect(await inEhr(fhir, id)).toMatchObject({ status: 'cancelled', cancelationReason: EXPIRED })
    const wanted = desk.slots.map((_, index) =>
      row.busy.includes(index) ? 'busy' : row.blocked.includes(index) ? 'busy-unavailable' : 'free',
    )
    expect(await slotStatuses(fhir, desk)).toEqual(wanted)
    expect(await api().post('/appointments', { hold_id: id })).toMatchObject({ status: 410, body: { code: 'hold_expired' } })
    await expectSound(fhir, desk, { live: 1, all: 2 })
  })

  test('whose buffer alone is taken can still be ended and gives back the rest', async () => {
    const desk = await openDesk(fhir, { slots: 8 })
    const id = await expiredHold(desk, 'buffered', 3)
    await succeed(api().post('/appointments', { slot_id: await slotId(desk, 'short', 2), patient: desk.patients[1] }))
    expect(await api().post('/appointments', { hold_id: id })).toMatchObject({ status: 410, body: { code: 'hold_expired' } })
    await succeed(api().delete(`/holds/${id}`))
    expect(await slotStatuses(fhir, desk)).toEqual(desk.slots.map((_, index) => (index === 2 ? 'busy' : 'free')))
    await expectSound(fhir, desk, { live: 1, all: 2 })
  })

  test('is ended by the worker within 20 s, also where the clinic has hundreds of pending visits of its own', async () => {
    const desk = await openDesk(fhir, { slots: 8 })
    const requests = await manyPendingOfTheClinic()
    const id = await expiredHold(desk, 'buffered', 3)
    const worker = await startGateway({ fhirBaseUrl: fhir.baseUrl, role: 'worker', until: 'started' })
    try {
      await until('the sweep ends the hold', 20_000, async () => (await inEhr(fhir, id)).status === 'cancelled')
    } finally {
      await worker.stop()
      await fhir.putAll(requests.map((request) => ({ ...request, status: 'cancelled' })))
    }
    expect(await inEhr(fhir, id)).toMatchObject({ cancelationReason: EXPIRED })
    expect(await slotStatuses(fhir, desk)).toEqual(desk.slots.map(() => 'free'))
    await expectSound(fhir, desk, { live: 0, all: 1 })
  })
})

describe('releasing', () => {
  test('gives the time back at once and can be repeated', async () => {
    const desk = await openDesk(fhir, { slots: 1 })
    const body = { slot_id: await slotId(desk, 'short', 0), patient: desk.patients[0] }
    const { hold_id: id } = (await succeed(api().post('/holds', body))).body
    expect(await api().delete(`/holds/${id}`)).toMatchObject({ status: 200, body: { hold_id: id, state: 'released', replayed: false } })
    expect(await api().delete(`/holds/${id}`)).toMatchObject({ status: 200, body: { hold_id: id, state: 'released', replayed: true } })
    expect(await slotStatuses(fhir, desk)).toEqual(['free'])
    expect((await api().post('/holds', { ...body, patient: desk.patients[1] })).status).toBe(201)
    await expectSound(fhir, desk, { live: 1, all: 2 })
  })

  test('never ends a booking', async () => {
    const desk = await openDesk(fhir, { slots: 1 })
    const booked = await succeed(api().post('/appointments', { slot_id: await slotId(desk, 'short', 0), patient: desk.patients[0] }))
    expect(await api().delete(`/holds/${booked.body.appointment_id}`)).toMatchObject({ status: 409, body: { code: 'invalid_transition' } })
    await expectSound(fhir, desk, { live: 1, all: 1 })
  })
})

describe('what the EHR does meanwhile', () => {
  test.each(['dropped', 'kept'] as const)('a Slot it sets busy itself (claim %s) is not booked, and stays as it set it', async (claim) => {
    const desk = await openDesk(fhir, { slots: 8 })
    const body = { slot_id: await slotId(desk, 'long', 2), patient: desk.patients[0] }
    const { hold_id: id } = (await succeed(api().post('/holds', body))).body
    const changed = await setBusyInEhr(fhir, desk.slots[3]?.id ?? '', claim)
    expect(await api().post('/appointments', { hold_id: id })).toMatchObject({ status: 409, body: { code: 'slot_taken' } })
    await succeed(api().delete(`/holds/${id}`))
    expect(await fhir.read('Slot', changed.id ?? '')).toEqual(changed)
    expect(await slotStatuses(fhir, desk)).toEqual(desk.slots.map((_, index) => (index === 3 ? 'busy' : 'free')))
    expect(await api().post('/holds', { ...body, patient: desk.patients[1] })).toMatchObject({ status: 409 })
    await expectSound(fhir, desk, { live: 0, all: 1 })
  })

  test('a visit of the front desk without Slot blocks a hold', async () => {
    const desk = await openDesk(fhir, { slots: 2 })
    const ids = [await slotId(desk, 'short', 0), await slotId(desk, 'short', 1)]
    await fhir.create(frontDeskVisit(desk, desk.slots[0]!))
    const refused = await api().post('/holds', { slot_id: ids[0], patient: desk.patients[0] })
    expect(refused).toMatchObject({ status: 409, body: { code: 'slot_taken' } })
    expect(refused.body.alternatives[0]?.slot_id).toBe(ids[1])
    await expectSound(fhir, desk, { live: 1, all: 1 })
  })

  test('a visit of the front desk that comes after the hold blocks its confirmation', async () => {
    const desk = await openDesk(fhir, { slots: 1 })
    const hold = await succeed(api().post('/holds', { slot_id: await slotId(desk, 'short', 0), patient: desk.patients[0] }))
    await fhir.create(frontDeskVisit(desk, desk.slots[0]!))
    const confirm = await api().post('/appointments', { hold_id: hold.body.hold_id })
    expect(confirm).toMatchObject({ status: 409, body: { code: 'slot_taken' } })
    await succeed(api().delete(`/holds/${hold.body.hold_id}`))
    await expectSound(fhir, desk, { live: 1, all: 2 })
  })
})

describe("the patient's other visits", () => {
  const refusal = (policy: string) => ({ status: 422, body: { code: 'policy_refused', policy } })

  test('too many holds at a time are refused until one is released', async () => {
    const desk = await openDesk(fhir, { slots: 4 })
    const hold = async (index: number) => api().post('/holds', { slot_id: await slotId(desk, 'short', index), patient: desk.patients[0] })
    const held = [await hold(0), await hold(1), await hold(2)]
    expect(held.map((answer) => answer.status)).toEqual([201, 201, 201])
    expect(await hold(3)).toMatchObject(refusal('too_many_holds'))
    await succeed(api().delete(`/holds/${held[0]?.body.hold_id ?? ''}`))
    expect((await hold(3)).status).toBe(201)
    await expectSound(fhir, desk, { live: 3, all: 4 })
  })

  test('a patient is in one place at a time', async () => {
    const [here, there] = [await openDesk(fhir, { slots: 2 }), await openDesk(fhir, { slots: 2 })]
    const [person] = here.patients
    await succeed(api().post('/appointments', { slot_id: await slotId(here, 'short', 0), patient: person }))
    const same = { slot_id: await slotId(there, 'short', 0), patient: person }
    expect(await api().post('/appointments', same)).toMatchObject(refusal('patient_busy'))
    expect(await api().post('/holds', same)).toMatchObject(refusal('patient_busy'))
    expect((await api().post('/appointments', { ...same, slot_id: await slotId(there, 'short', 1) })).status).toBe(201)
    await expectSound(fhir, here, { live: 1, all: 1 })
    await expectSound(fhir, there, { live: 1, all: 1 })
  })

  test('a second visit of a yearly type within 30 days is refused', async () => {
    const desk = await openDesk(fhir, { slots: 2 })
    const [first, second] = [await slotId(desk, 'yearly', 0), await slotId(desk, 'yearly', 1)]
    await succeed(api().post('/appointments', { slot_id: first, patient: desk.patients[0] }))
    const again = { slot_id: second, patient: desk.patients[0] }
    expect(await api().post('/appointments', again)).toMatchObject(refusal('same_type_too_soon'))
    expect((await api().post('/appointments', { ...again, patient: desk.patients[1] })).status).toBe(201)
    await expectSound(fhir, desk, { live: 2, all: 2 })
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../helpers/api.ts'
import { clinicTime, MAPPING, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { frontDeskVisit, inEhr, slotStatuses } from '../helpers/ehr-changes.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { expectProblem } from '../helpers/problem-body.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { expectSound, succeed } from '../helpers/writes.ts'

const fhir = hapiOnH2()
const HOUR_MS = 60 * 60_000
let gateway: GatewayProcess
/** A gateway of the same clinic with laxer rules: its offers are genuine, and the other one refuses some of them. */
let generous: GatewayProcess
beforeAll(async () => {
  const visitTypes = MAPPING.visitTypes.map((type) => ({ ...type, noticeMinutes: 0, horizonDays: 400 }))
  ;[gateway, generous] = await Promise.all([
    startGateway({ fhirBaseUrl: fhir.baseUrl }),
    startGateway({ fhirBaseUrl: fhir.baseUrl, mapping: { visitTypes } }),
  ])
})
afterAll(() => Promise.all([gateway.stop(), generous.stop()]))

const api = () => gateway.api
const soon = () => Math.ceil((Date.now() + 6 * HOUR_MS) / 900_000) * 900_000

async function slotId(desk: Desk, type: string, index: number, through = gateway): Promise<string> {
  const offer = (await through.api.offers(type, desk.provider)).find((one) => one.start === desk.slots[index]?.start)
  if (!offer) throw new Error(`no ${type} offer at Slot ${index}`)
  return offer.slot_id
}
const book = async (slot_id: string, patient: string | undefined) =>
  (await succeed(api().post('/appointments', { slot_id, patient }))).body.appointment_id

describe('a move that is refused leaves the visit where it is', () => {
  /** A visit at Slot 1 of eight, and all that must not change by a refused move. */
  async function visit(type: string, start: number) {
    const desk = await openDesk(fhir, { slots: 8, patients: 2, start })
    const id = await book(await slotId(desk, type, 1), desk.patients[0])
    const state = async () => ({ visit: await inEhr(fhir, id), slots: await slotStatuses(fhir, desk) })
    return { desk, id, state }
  }
  const moveTo = (id: string, body: Record<string, unknown>) => api().post(`/appointments/${id}/reschedule`, body)

  test('because the time is taken, held, blocked or busy in the EHR', async () => {
    const { desk, id, state } = await visit('short', clinicTime('09:00'))
    const targets = await Promise.all([3, 4, 5, 6].map((index) => slotId(desk, 'short', index)))
    await book(targets[0]!, desk.patients[1])
    await succeed(api().post('/holds', { slot_id: targets[1], patient: desk.patients[1] }))
    await fhir.create(frontDeskVisit(desk, desk.slots[5]!))
    await fhir.put({ ...desk.slots[6]!, status: 'busy' })
    const before = await state()
    const alternatives = expect.any(Array) as unknown
    for (const slot_id of targets) expectProblem(await moveTo(id, { slot_id }), 'slot_taken', { alternatives })
    expect(await state()).toEqual(before)
    await expectSound(fhir, desk, { live: 4, all: 4 })
  })

  test('because the request is wrong or old', async () => {
    const { desk, id, state } = await visit('short', clinicTime('09:00'))
    const slot_id = await slotId(desk, 'short', 4)
    const before = await state()
    const stale = { slot_id, expected_version: '9' }
    expectProblem(await moveTo(id, { slot_id: `${slot_id.slice(0, -1)}!` }), 'invalid_slot_id', { path: 'slot_id' })
    expectProblem(await moveTo(id, stale), 'version_mismatch', { path: 'expected_version' })
    expectProblem(await moveTo(id, { slot_id, patient: desk.patients[1] }), 'not_found')
    expectProblem(await moveTo(id, { slot_id, colour: 'blue' }), 'invalid_request', { path: 'colour' })
    expect(await state()).toEqual(before)
    await expectSound(fhir, desk, { live: 1, all: 1 })
  })

  test("because of the clinic's rules: another type, too soon, too far ahead, the patient is elsewhere", async () => {
    const { desk, id, state } = await visit('planned', clinicTime('09:00', 6))
    const elsewhere = await openDesk(fhir, { slots: 8, patients: 1, start: clinicTime('09:00', 6) })
    await book(await slotId(elsewhere, 'short', 5), desk.patients[0])
    const [early, late] = [
      await openDesk(fhir, { slots: 1, start: soon() }),
      await openDesk(fhir, { slots: 1, start: clinicTime('09:00', 20) }),
    ]
    const targets = {
      visit_type: await slotId(desk, 'short', 3),
      notice: await slotId(early, 'planned', 0, generous),
      horizon: await slotId(late, 'planned', 0, generous),
      patient_busy: await slotId(desk, 'planned', 5),
    }
    const before = await state()
    for (const [policy, slot_id] of Object.entries(targets)) expectProblem(await moveTo(id, { slot_id }), 'policy_refused', { policy })
    expect(await state()).toEqual(before)
    for (const place of [desk, elsewhere]) await expectSound(fhir, place, { live: 1, all: 1 })
    for (const place of [early, late]) await expectSound(fhir, place, { live: 0, all: 0 })
  })
})

describe('cancelling what is cancelled', () => {
  const ways: readonly (readonly [string, (string | undefined)[]])[] = [
    ['without a key', [undefined, undefined]],
    ['with one key', ['same', 'same']],
    ['with two keys', ['first', 'second']],
    ['with a key at first', ['first', undefined]],
    ['with a key at last', [undefined, 'second']],
  ]
  test.each(ways)('%s: the same answer again, nothing written on the visit, the time stays free', async (_name, keys) => {
    const desk = await openDesk(fhir, { slots: 1, patients: 2 })
    const id = await book(await slotId(desk, 'short', 0), desk.patients[0])
    const run = unique('key')
    const cancel = (key: string | undefined) =>
      api().post(`/appointments/${id}/cancel`, { reason: 'transport' }, key === undefined ? {} : { key: `${run}-${key}` })
    const first = await succeed(cancel(keys[0]))
    const stored = await inEhr(fhir, id)
    // Somebody else has the time by then: a second cancel must not free it.
    await book(await slotId(desk, 'short', 0), desk.patients[1])
    const second: Answer = await cancel(keys[1])
    expect(first.body).toMatchObject({ state: 'cancelled', replayed: false })
    expect(second).toMatchObject({ status: 200, body: { ...first.body, replayed: true } })
    expect(await inEhr(fhir, id)).toEqual(stored)
    expect(await slotStatuses(fhir, desk)).toEqual(['busy'])
    await expectSound(fhir, desk, { live: 1, all: 2 })
  })

  test('a hold that is cancelled instead of released is over too', async () => {
    const desk = await openDesk(fhir, { slots: 1, patients: 1 })
    const hold = await succeed(api().post('/holds', { slot_id: await slotId(desk, 'short', 0), patient: desk.patients[0] }))
    const cancel = () => api().post(`/appointments/${hold.body.hold_id}/cancel`, {})
    expect((await succeed(cancel())).body).toMatchObject({ state: 'cancelled', replayed: false })
    expect((await succeed(cancel())).body).toMatchObject({ state: 'cancelled', replayed: true })
    expectProblem(await api().post('/appointments', { hold_id: hold.body.hold_id }), 'invalid_transition')
    expect(await slotStatuses(fhir, desk)).toEqual(['free'])
    await expectSound(fhir, desk, { live: 0, all: 1 })
  })
})

test('availability offers nothing that lies too soon or too far ahead for the type, and says what is next', async () => {
  const desk = await openDesk(fhir, { slots: 1, start: soon() })
  await fhir.putAll([clinicTime('09:00', 6), clinicTime('09:00', 20)].map((start) => moved(desk, start)))
  const starts = async (type: string) => (await api().offers(type, desk.provider)).map((offer) => Date.parse(offer.start))
  expect(await starts('short')).toEqual([Date.parse(desk.slots[0]!.start), clinicTime('09:00', 6), clinicTime('09:00', 20)])
  expect(await starts('planned')).toEqual([clinicTime('09:00', 6)])
  const tomorrow = encodeURIComponent(new Date(Date.now() + 24 * HOUR_MS).toISOString())
  const { body } = await api().get(`/availability?type=planned&provider=${desk.provider}&end=${tomorrow}`)
  expect([body.slots, Date.parse(String(body['next_available']))]).toEqual([[], clinicTime('09:00', 6)])
})

/** Another Slot like the desk's first, at another time. */
function moved(desk: Desk, start: number) {
  const at = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z')
  return { ...desk.slots[0]!, id: unique('slot'), start: at(start), end: at(start + HOUR_MS / 4) }
}

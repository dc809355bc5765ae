import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clinicTime, MAPPING, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { frontDeskVisit } from '../helpers/ehr-changes.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { expectProblem } from '../helpers/problem-body.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { expectSound, succeed, until } from '../helpers/writes.ts'

const fhir = hapiOnH2()
let gateway: GatewayProcess
beforeAll(async () => {
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl })
})
afterAll(() => gateway.stop())

const api = () => gateway.api
const FAR = new Date(Date.now() + 380 * 24 * 60 * 60_000).toISOString()
const offersOf = async (type: string, desk: Desk) => (await api().offers(type, desk.provider)).map((offer) => offer.slot_id)

describe('409, 410 and 412', () => {
  test('slot_taken comes with the nearest free offers, the same provider first', async () => {
    const shop = await openDesk(fhir, { slots: 5, patients: 2 })
    const ids = await offersOf('short', shop)
    const listed = await api().get(`/availability?type=short&provider=${shop.provider}&end=${encodeURIComponent(FAR)}`)
    await succeed(api().post('/holds', { slot_id: ids[2], patient: shop.patients[0] }))
    const offered = (index: number) => listed.body.slots[index]
    const answer = await api().post('/holds', { slot_id: ids[2], patient: shop.patients[1] })
    expectProblem(answer, 'slot_taken', { alternatives: [offered(1), offered(3), offered(0)] })
    await expectSound(fhir, shop, { live: 1, all: 1 })
  })

  test('what a cancelled visit and a hold do not allow', async () => {
    const shop = await openDesk(fhir, { slots: 2, patients: 1 })
    const [first, second] = await offersOf('short', shop)
    const [patient] = shop.patients
    const { hold_id: id } = (await succeed(api().post('/holds', { slot_id: first, patient }))).body
    expectProblem(await api().post(`/appointments/${id}/reschedule`, { slot_id: second }), 'invalid_transition')
    await succeed(api().post('/appointments', { hold_id: id }))
    expectProblem(await api().delete(`/holds/${id}`), 'invalid_transition')
    await succeed(api().post(`/appointments/${id}/cancel`, {}))
    expectProblem(await api().post(`/appointments/${id}/reschedule`, { slot_id: second }), 'invalid_transition')
    expectProblem(await api().post('/appointments', { hold_id: id }), 'invalid_transition')
    await expectSound(fhir, shop, { live: 0, all: 1 })
  })

  test('a hold that ran out', async () => {
    const hasty = await startGateway({ fhirBaseUrl: fhir.baseUrl, mapping: { holds: { ttlSeconds: 1, perPatient: 3 } } })
    try {
      const shop = await openDesk(fhir, { slots: 1, patients: 1 })
      const [slot] = await offersOf('short', shop)
      const hold = await succeed(hasty.api.post('/holds', { slot_id: slot, patient: shop.patients[0] }))
      const path = `/holds/${hold.body.hold_id}`
      await until('the hold runs out', 5_000, async () => (await api().get(path)).body.state === 'expired')
      expectProblem(await api().post('/appointments', { hold_id: hold.body.hold_id }), 'hold_expired')
      await succeed(api().delete(path))
      await expectSound(fhir, shop, { live: 0, all: 1 })
    } finally {
      await hasty.stop()
    }
  })

  test('a version that is not the current one, in the body or in If-Match', async () => {
    const shop = await openDesk(fhir, { slots: 2, patients: 1 })
    const [first, second] = await offersOf('short', shop)
    const { appointment_id: id, version } = (await succeed(api().post('/appointments', { slot_id: first, patient: shop.patients[0] }))).body
    const stale = { path: 'expected_version' }
    const ifMatch = (etag: string) => ({ headers: { 'if-match': etag } })
    expectProblem(await api().post(`/appointments/${id}/reschedule`, { slot_id: second, expected_version: '7' }), 'version_mismatch', stale)
    expectProblem(await api().post(`/appointments/${id}/cancel`, { expected_version: '7' }), 'version_mismatch', stale)
    for (const etag of ['W/"7"', '"7"', '7'])
      expectProblem(await api().post(`/appointments/${id}/cancel`, {}, ifMatch(etag)), 'version_mismatch', stale)
    await succeed(api().post(`/appointments/${id}/reschedule`, { slot_id: second, expected_version: version }))
    expectProblem(await api().post(`/appointments/${id}/cancel`, {}, ifMatch(`W/"${version}"`)), 'version_mismatch', stale)
    const read = await api().get(`/appointments/${id}`)
    expect((await api().post(`/appointments/${id}/cancel`, {}, ifMatch(read.headers.get('etag')!))).status).toBe(200)
    await expectSound(fhir, shop, { live: 0, all: 1 })
  })
})

describe('422', () => {
  const refused = (policy: string) => ['policy_refused', { policy }] as const

  test('the rules of the clinic on time, type and provider', async () => {
    const soon = await openDesk(fhir, { slots: 4, start: Math.ceil((Date.now() + 6 * 60 * 60_000) / 900_000) * 900_000, patients: 2 })
    const late = await openDesk(fhir, { slots: 1, start: clinicTime('09:00', 370), patients: 1 })
    // Offers of a clinic that allows more, asked of one that does not: the rules hold at the write, not only in the search.
    const lax = MAPPING.visitTypes.map((type) => ({ ...type, noticeMinutes: 0, horizonDays: 400, bookable: true, providers: undefined }))
    const generous = await startGateway({ fhirBaseUrl: fhir.baseUrl, mapping: { visitTypes: lax } })
    try {
      const offer = async (type: string, provider: string) => {
        const query = `/availability?type=${type}&provider=${provider}&end=${encodeURIComponent(FAR)}`
        return (await generous.api.get(query)).body.slots[0]!.slot_id
      }
      const [patient] = soon.patients
      const book = (slot_id: string) => api().post('/appointments', { slot_id, patient })
      expectProblem(await book(await offer('planned', soon.provider)), ...refused('notice'))
      expectProblem(await book(await offer('planned', late.provider)), ...refused('horizon'))
      expectProblem(await book(await offer('staff-only', soon.provider)), ...refused('not_bookable'))
      expectProblem(await book(await offer('chosen', soon.provider)), ...refused('provider_not_for_type'))
    } finally {
      await generous.stop()
    }
    expectProblem(await api().get(`/availability?type=chosen&provider=${soon.provider}`), ...refused('provider_not_for_type'))
    await expectSound(fhir, soon, { live: 0, all: 0 })
  })

  test("the rules on the patient's other visits", async () => {
    const shop = await openDesk(fhir, { slots: 8, patients: 2 })
    const other = await openDesk(fhir, { slots: 1, patients: 1 })
    const short = await offersOf('short', shop)
    const yearly = await offersOf('yearly', shop)
    const [patient, second] = shop.patients
    for (const slot_id of short.slice(0, 3)) await succeed(api().post('/holds', { slot_id, patient }))
    expectProblem(await api().post('/holds', { slot_id: short[3], patient }), ...refused('too_many_holds'))
    const sameTime = { slot_id: (await offersOf('short', other))[0], patient }
    expectProblem(await api().post('/appointments', sameTime), ...refused('patient_busy'))
    const visit = await succeed(api().post('/appointments', { slot_id: yearly[5], patient: second }))
    expectProblem(await api().post('/appointments', { slot_id: yearly[6], patient: second }), ...refused('same_type_too_soon'))
    const move = { slot_id: short[7], patient: second }
    expectProblem(await api().post(`/appointments/${visit.body.appointment_id}/reschedule`, move), ...refused('visit_type'))
    await expectSound(fhir, shop, { live: 4, all: 4 })
  })

  test('a visit that the clinic made itself is changed by staff only', async () => {
    const shop = await openDesk(fhir, { slots: 2, patients: 1 })
    const [patient] = shop.patients
    const participant = [
      ...frontDeskVisit(shop, shop.slots[0]!).participant,
      { actor: { reference: patient! }, status: 'accepted' as const },
    ]
    await fhir.create(frontDeskVisit(shop, shop.slots[0]!, { participant }))
    const listed = await api().get('/appointments', { headers: { 'x-patient': patient! } })
    const { appointment_id: id } = (listed.body['appointments'] as { appointment_id: string }[])[0]!
    expectProblem(await api().post(`/appointments/${id}/cancel`, {}), ...refused('managed_by_clinic'))
    expectProblem(
      await api().post(`/appointments/${id}/reschedule`, { slot_id: (await offersOf('short', shop))[0] }),
      ...refused('managed_by_clinic'),
    )
    await expectSound(fhir, shop, { live: 1, all: 1 })
  })

  test('a visit that has begun is neither moved nor cancelled', async () => {
    const shop = await openDesk(fhir, { slots: 2, patients: 2, start: Math.ceil(Date.now() / 1000 + 4) * 1000 })
    const [slot, later] = await offersOf('short', shop)
    const { appointment_id: id, start } = (await succeed(api().post('/appointments', { slot_id: slot, patient: shop.patients[0] }))).body
    await until('the visit begins', 8_000, () => Promise.resolve(Date.now() > Date.parse(String(start)) + 100))
    expectProblem(await api().post(`/appointments/${id}/cancel`, {}), ...refused('past'))
    expectProblem(await api().post(`/appointments/${id}/reschedule`, { slot_id: later }), ...refused('past'))
    expectProblem(await api().post('/holds', { slot_id: slot, patient: shop.patients[1] }), 'slot_taken', {
      alternatives: expect.any(Array),
    })
    await expectSound(fhir, shop, { live: 1, all: 1 })
  })

  test('a key that was used for something else', async () => {
    const shop = await openDesk(fhir, { slots: 2, patients: 1 })
    const [first, second] = await offersOf('short', shop)
    const ask = { key: unique('key') }
    await succeed(api().post('/appointments', { slot_id: first, patient: shop.patients[0] }, ask))
    const again = await api().post('/appointments', { slot_id: second, patient: shop.patients[0] }, ask)
    expectProblem(again, 'idempotency_key_reused', { path: 'idempotency_key' })
    await expectSound(fhir, shop, { live: 1, all: 1 })
  })
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkEhr } from '../helpers/checker.ts'
import { openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { recordFact } from '../helpers/facts.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnPostgres, isFullRun } from '../helpers/servers.ts'

const fhir = hapiOnPostgres()
const ROUNDS = isFullRun ? 20 : 4
let gateways: GatewayProcess[]
beforeAll(async () => {
  gateways = await Promise.all([startGateway({ fhirBaseUrl: fhir.baseUrl }), startGateway({ fhirBaseUrl: fhir.baseUrl })])
})
afterAll(() => Promise.all(gateways.map((gateway) => gateway.stop())))

const api = (index: number) => {
  const gateway = gateways[index % 2]
  if (!gateway) throw new Error('no gateway')
  return gateway.api
}
const post = (index: number, path: string, body: unknown) => api(index).post(path, body)

async function firstOffers(desks: readonly Desk[], count: number): Promise<string[]> {
  const lists = await Promise.all(desks.map((desk) => api(0).offers('short', desk.provider)))
  return lists.flatMap((offers) => offers.slice(0, count).map((offer) => offer.slot_id))
}

test(`one patient books one time with eight providers at once: one visit (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const desks = await Promise.all(Array.from({ length: 8 }, () => openDesk(fhir, { slots: 2, patients: 1 })))
    const patient = desks[0]?.patients[0]
    const slotIds = await firstOffers(desks, 1)
    const answers = await Promise.all(slotIds.map((slot_id, index) => post(index, '/appointments', { slot_id, patient })))
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1)
    for (const refused of answers.filter((answer) => answer.status !== 201)) {
      expect(refused).toMatchObject({ status: 422, body: { code: 'policy_refused', policy: 'patient_busy' } })
    }
    const verdict = await checkEhr(
      fhir,
      desks.map((desk) => desk.schedule),
      desks.map((desk) => `Practitioner/${desk.provider}`),
    )
    expect(verdict.violations).toEqual([])
    expect(verdict.live).toHaveLength(1)
  }
  recordFact('One patient books one time with 8 providers at once', `${ROUNDS} rounds, one visit in each`)
})

test('one patient holds eight times at once: as many holds as the clinic allows', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const desk = await openDesk(fhir, { slots: 8, patients: 1 })
    const slotIds = await firstOffers([desk], 8)
    const answers = await Promise.all(slotIds.map((slot_id, index) => post(index, '/holds', { slot_id, patient: desk.patients[0] })))
    const outcomes = answers.map((answer) => answer.body['policy'] ?? (answer.status === 201 ? 201 : answer.body.code))
    expect(outcomes.filter((outcome) => outcome === 201)).toHaveLength(3)
    expect(outcomes.filter((outcome) => outcome === 'too_many_holds')).toHaveLength(5)
    const verdict = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
    expect(verdict.violations).toEqual([])
    expect(verdict.live).toHaveLength(3)
  }
})

test('two patients confirm one hold that has none yet, at once: one has the visit, the other is not told of it', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const desk = await openDesk(fhir, { slots: 1, patients: 2 })
    const [slot_id] = await firstOffers([desk], 1)
    const hold = await api(0).post('/holds', { slot_id }, { key: unique('hold') })
    expect(hold.status).toBe(201)
    const answers = await Promise.all(
      desk.patients.map((patient, index) => post(index, '/appointments', { hold_id: hold.body.hold_id, patient })),
    )
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 404])
    const verdict = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
    expect(verdict.violations).toEqual([])
    const winner = desk.patients[answers.findIndex((answer) => answer.status === 201)]
    expect(verdict.live.map((visit) => visit.participant[0]?.actor?.reference)).toEqual([winner])
  }
})

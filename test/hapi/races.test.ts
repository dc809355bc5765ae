import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../helpers/api.ts'
import { checkEhr } from '../helpers/checker.ts'
import { clinicTime, openDesk, patients, practitioner, room, schedule, slots, type Desk } from '../helpers/clinic.ts'
import { recordFact } from '../helpers/facts.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnPostgres, isFullRun } from '../helpers/servers.ts'

const fhir = hapiOnPostgres()
const ROUNDS = isFullRun ? 50 : 6
const DIFFERENT_ROUNDS = isFullRun ? 20 : 3
const RACERS = 64
let gateways: GatewayProcess[]
beforeAll(async () => {
  gateways = await Promise.all([startGateway({ fhirBaseUrl: fhir.baseUrl }), startGateway({ fhirBaseUrl: fhir.baseUrl })])
})
afterAll(() => Promise.all(gateways.map((gateway) => gateway.stop())))

/** The two processes in turn, as a load balancer would. */
const api = (index: number) => {
  const gateway = gateways[index % gateways.length]
  if (!gateway) throw new Error('no gateway')
  return gateway.api
}

async function expectSound(desk: Pick<Desk, 'provider' | 'schedule'>, live: number): Promise<void> {
  const verdict = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
  expect(verdict.violations).toEqual([])
  expect(verdict.live).toHaveLength(live)
}

const statuses = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const answer of answers) {
    const name = answer.status < 300 ? String(answer.status) : `${answer.status} ${answer.body.code}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

describe(`${RACERS} patients and one Slot, over two processes`, () => {
  for (const how of ['hold', 'book'] as const) {
    test(
      `${how}: exactly one wins, the others get slot_taken with alternatives that are free (${ROUNDS} rounds)`,
      async () => {
        for (let round = 0; round < ROUNDS; round++) {
          const desk = await openDesk(fhir, { slots: 5, patients: RACERS })
          const slotId = (await api(round).offers('short', desk.provider))[1]?.slot_id
          const path = how === 'hold' ? '/holds' : '/appointments'
          const answers = await Promise.all(desk.patients.map((patient, index) => api(index).post(path, { slot_id: slotId, patient })))
          expect(statuses(answers), `round ${round}`).toEqual({ 201: 1, '409 slot_taken': RACERS - 1 })
          await expectSound(desk, 1)
          const free = new Set((await api(0).offers('short', desk.provider)).map((offer) => offer.slot_id))
          for (const loser of answers.filter((answer) => answer.status === 409)) {
            const { alternatives } = loser.body
            expect(alternatives).toHaveLength(3)
            expect(alternatives.every((alternative) => free.has(alternative.slot_id))).toBe(true)
          }
        }
        recordFact(`${RACERS} patients race to ${how} one Slot`, `${ROUNDS} rounds, one winner in each`)
      },
      60_000 * ROUNDS,
    )
  }
})

test(
  `${RACERS} patients book ${RACERS} different Slots at once: all succeed (${DIFFERENT_ROUNDS} rounds)`,
  async () => {
    for (let round = 0; round < DIFFERENT_ROUNDS; round++) {
      const desk = await openDesk(fhir, { slots: RACERS, patients: RACERS, start: clinicTime('06:00') })
      const offers = [
        ...(await api(0).offers('short', desk.provider)),
        ...(await api(0).offers('short', desk.provider, `&start=${encodeURIComponent(desk.slots[50]?.start ?? '')}`)),
      ]
      expect(offers).toHaveLength(RACERS)
      const answers = await Promise.all(
        desk.patients.map((patient, index) => api(index).post('/appointments', { slot_id: offers[index]?.slot_id, patient })),
      )
      expect(statuses(answers), `round ${round}`).toEqual({ 201: RACERS })
      for (const answer of answers) expect(answer.headers.get('server-timing')).toMatch(/"[234] round trips"/)
      await expectSound(desk, RACERS)
    }
    recordFact(`${RACERS} patients book ${RACERS} different Slots at once`, `${DIFFERENT_ROUNDS} rounds, all succeed`)
  },
  60_000 * DIFFERENT_ROUNDS,
)

describe('overlapping claims on different Slots', () => {
  /** Bookings that all overlap: whatever the order, one may stand. */
  async function raceOverlapping(
    requests: { slot: string; type: string }[],
    people: readonly string[],
    actors: string[],
    schedules: string[],
  ): Promise<void> {
    const answers = await Promise.all(
      people.map((patient, index) => {
        const request = requests[index % requests.length]
        return api(index).post('/appointments', { slot_id: request?.slot, patient })
      }),
    )
    const counts = statuses(answers)
    expect(Object.keys(counts).sort()).toEqual(['201', '409 slot_taken'])
    expect(counts['201']).toBe(1)
    const verdict = await checkEhr(fhir, schedules, actors)
    expect(verdict.violations).toEqual([])
    expect(verdict.live).toHaveLength(1)
  }

  async function offerAt(type: string, provider: string, start: string | undefined): Promise<string> {
    const offer = (await api(0).offers(type, provider)).find((candidate) => candidate.start === start)
    if (!offer) throw new Error(`no offer for ${type} at ${start ?? '?'}`)
    return offer.slot_id
  }

  const rounds = isFullRun ? 10 : 2

  test('two Schedules of one practitioner', async () => {
    for (let round = 0; round < rounds; round++) {
      const doctor = practitioner()
      const [first, second] = [schedule([`Practitioner/${doctor.id ?? ''}`]), schedule([`Practitioner/${doctor.id ?? ''}`])]
      const a = slots(first.id ?? '', clinicTime('09:00'), 4)
      const b = slots(second.id ?? '', clinicTime('09:05'), 2, 20)
      const people = patients(16)
      await fhir.putAll([doctor, first, second, ...a, ...b, ...people])
      const requests = [
        { type: 'short', slot: await offerAt('short', doctor.id ?? '', a[1]?.start) },
        { type: 'short', slot: await offerAt('short', doctor.id ?? '', b[0]?.start) },
      ]
      await raceOverlapping(
        requests,
        people.map((patient) => `Patient/${patient.id ?? ''}`),
        [`Practitioner/${doctor.id ?? ''}`],
        [first.id ?? '', second.id ?? ''],
      )
    }
  }, 120_000)

  test('chains of Slots that share one Slot', async () => {
    for (let round = 0; round < rounds; round++) {
      const desk = await openDesk(fhir, { slots: 7, patients: 16 })
      const requests = await Promise.all(
        [0, 1, 2, 3].map(async (index) => ({ type: 'long', slot: await offerAt('long', desk.provider, desk.slots[index]?.start) })),
      )
      await raceOverlapping(requests, desk.patients, [`Practitioner/${desk.provider}`], [desk.schedule])
    }
  }, 120_000)

  test('buffers around visits', async () => {
    for (let round = 0; round < rounds; round++) {
      const desk = await openDesk(fhir, { slots: 8, patients: 16 })
      const requests = await Promise.all(
        [2, 4, 3].map(async (index) => ({ type: 'buffered', slot: await offerAt('buffered', desk.provider, desk.slots[index]?.start) })),
      )
      await raceOverlapping(requests, desk.patients, [`Practitioner/${desk.provider}`], [desk.schedule])
    }
  }, 120_000)

  test('a room that two practitioners share', async () => {
    for (let round = 0; round < rounds; round++) {
      const doctors = [practitioner(), practitioner()]
      const shared = room()
      const plans = doctors.map((doctor) => schedule([`Practitioner/${doctor.id ?? ''}`, `Location/${shared.id ?? ''}`]))
      const lists = plans.map((plan) => slots(plan.id ?? '', clinicTime('09:00'), 4))
      const people = patients(16)
      await fhir.putAll([...doctors, shared, ...plans, ...lists.flat(), ...people])
      const requests = await Promise.all(
        doctors.map(async (doctor, index) => ({ type: 'short', slot: await offerAt('short', doctor.id ?? '', lists[index]?.[1]?.start) })),
      )
      await raceOverlapping(
        requests,
        people.map((patient) => `Patient/${patient.id ?? ''}`),
        [...doctors.map((doctor) => `Practitioner/${doctor.id ?? ''}`), `Location/${shared.id ?? ''}`],
        plans.map((plan) => plan.id ?? ''),
      )
    }
  }, 120_000)
})

describe('moving and cancelling in races', () => {
  test('A moves from s1 to s2, B books s1, A cancels: B keeps s1, s2 is free', async () => {
    const desk = await openDesk(fhir, { slots: 3, patients: 2 })
    const [a, b] = desk.patients
    const [s1, s2] = await api(0).offers('short', desk.provider)
    const mine = await api(0).post('/appointments', { slot_id: s1?.slot_id, patient: a })
    expect(mine.status).toBe(201)
    expect((await api(1).post(`/appointments/${mine.body.appointment_id}/reschedule`, { slot_id: s2?.slot_id, patient: a })).status).toBe(
      200,
    )
    const theirs = await api(0).post('/appointments', { slot_id: s1?.slot_id, patient: b })
    expect(theirs.status).toBe(201)
    expect((await api(1).post(`/appointments/${mine.body.appointment_id}/cancel`, { patient: a })).status).toBe(200)
    const verdict = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
    expect(verdict.violations).toEqual([])
    expect(
      verdict.slots
        .filter((slot) => slot.status === 'free')
        .map((slot) => slot.id)
        .sort(),
    ).toEqual([desk.slots[1]?.id, desk.slots[2]?.id].sort())
  })

  test('two patients move to one Slot: one does, the other keeps the old time', async () => {
    for (let round = 0; round < (isFullRun ? 20 : 3); round++) {
      const desk = await openDesk(fhir, { slots: 4, patients: 2 })
      const offers = await api(0).offers('short', desk.provider)
      const booked = await Promise.all(
        desk.patients.map((patient, index) => api(index).post('/appointments', { slot_id: offers[index]?.slot_id, patient })),
      )
      const moves = await Promise.all(
        booked.map((answer, index) =>
          api(index).post(`/appointments/${answer.body.appointment_id}/reschedule`, { slot_id: offers[2]?.slot_id }),
        ),
      )
      expect(statuses(moves)).toEqual({ 200: 1, '409 slot_taken': 1 })
      const loser = moves.findIndex((answer) => answer.status === 409)
      const kept = await api(0).get(`/appointments/${booked[loser]?.body.appointment_id}`)
      expect(kept.body).toMatchObject({ status: 'booked', start: desk.slots[loser]?.start })
      await expectSound(desk, 2)
    }
  }, 120_000)

  test('a patient moves away while another books the old time: never both on it', async () => {
    for (let round = 0; round < (isFullRun ? 20 : 3); round++) {
      const desk = await openDesk(fhir, { slots: 3, patients: 2 })
      const [a, b] = desk.patients
      const [s1, s2] = await api(0).offers('short', desk.provider)
      const mine = await api(0).post('/appointments', { slot_id: s1?.slot_id, patient: a })
      const [move, book] = await Promise.all([
        api(0).post(`/appointments/${mine.body.appointment_id}/reschedule`, { slot_id: s2?.slot_id }),
        api(1).post('/appointments', { slot_id: s1?.slot_id, patient: b }),
      ])
      expect(move.status).toBe(200)
      expect([201, 409]).toContain(book.status)
      await expectSound(desk, book.status === 201 ? 2 : 1)
    }
  }, 120_000)

  test('cancel while rescheduling: cancelled in the end or moved before, nothing half', async () => {
    for (let round = 0; round < (isFullRun ? 20 : 3); round++) {
      const desk = await openDesk(fhir, { slots: 3, patients: 1 })
      const [s1, s2] = await api(0).offers('short', desk.provider)
      const mine = await api(0).post('/appointments', { slot_id: s1?.slot_id, patient: desk.patients[0] })
      const id = mine.body.appointment_id
      const [move, cancel] = await Promise.all([
        api(0).post(`/appointments/${id}/reschedule`, { slot_id: s2?.slot_id }),
        api(1).post(`/appointments/${id}/cancel`, {}),
      ])
      expect(cancel.status).toBe(200)
      expect([200, 409]).toContain(move.status)
      if (move.status === 409) expect(move.body.code).toBe('invalid_transition')
      expect((await api(0).get(`/appointments/${id}`)).body.status).toBe('cancelled')
      await expectSound(desk, 0)
    }
  }, 120_000)
})

import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReconcileReport } from '../../src/booking/reconcile.ts'
import { withClaim } from '../../src/fhir/slot-claim.ts'
import { clinicTime, openDesk, practitioner, schedule, slots, unique, type Desk } from '../helpers/clinic.ts'
import { frontDeskVisit } from '../helpers/ehr-changes.ts'
import { recordFact } from '../helpers/facts.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { startReconciler, type Reconciler } from '../helpers/reconciler.ts'
import { hapiOnPostgres, isFullRun } from '../helpers/servers.ts'
import { expectSound, succeed } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const ROUNDS = isFullRun ? 20 : 3
const RACERS = 64
let gateways: GatewayProcess[]
let worker: Reconciler
beforeAll(async () => {
  // Holds that run out at once, so that they lapse and are taken over during the races.
  const options = { fhirBaseUrl: fhir.baseUrl, mapping: { holds: { ttlSeconds: 1, perPatient: 3 } } }
  gateways = await Promise.all([startGateway(options), startGateway(options)])
  worker = await startReconciler(fhir.baseUrl)
})
afterAll(async () => {
  await Promise.all([...gateways.map((gateway) => gateway.stop()), worker.stop()])
})

const api = (index: number) => gateways[index % gateways.length]!.api

/** A day with more busy Slots than a page holds, all written in one transaction, and claims of nobody at its end. */
async function crowdedDay(count: number): Promise<{ desk: Pick<Desk, 'provider' | 'schedule'>; orphans: string[] }> {
  const doctor = practitioner()
  const plan = schedule([`Practitioner/${doctor.id!}`])
  const list = slots(plan.id!, clinicTime('06:00', 12), count, 1, 'busy')
  const free = slots(plan.id!, clinicTime('06:00', 12) + count * 60_000, 3, 15)
  const orphans = free.map((slot) => withClaim(slot, { appointmentId: unique('ap-nobody'), status: 'busy', version: '1' }))
  await fhir.putAll([doctor, plan, ...list, ...orphans])
  return { desk: { provider: doctor.id!, schedule: plan.id! }, orphans: free.map((slot) => slot.id!) }
}

test('a day that does not fit on a page is walked to its end', async () => {
  const { orphans } = await crowdedDay(700)
  const report = await worker.pass()
  expect(report.repaired['freed']).toBeGreaterThanOrEqual(orphans.length)
  expect(report.examined).toBeGreaterThan(700)
  for (const id of orphans) expect((await fhir.read('Slot', id)).status).toBe('free')
})

test('more changes in one instant than a page holds lead to a pass over everything', async () => {
  const since = Date.now()
  const { orphans } = await crowdedDay(600)
  expect((await worker.pass(since)).repaired).toEqual({ freed: orphans.length })
  for (const id of orphans) expect((await fhir.read('Slot', id)).status).toBe('free')
})

test('visits at midnight and over many days are looked at once each, and with them what reaches over from the day before', async () => {
  const desk = await openDesk(fhir, { slots: 8, patients: 2, start: clinicTime('23:00', 9) })
  const offers = await api(0).offers('long', desk.provider)
  const booked = await succeed(
    api(0).post('/appointments', {
      slot_id: offers.find(({ start }) => start === desk.slots[3]!.start)?.slot_id,
      patient: desk.patients[0],
    }),
  )
  const entry = await fhir.create(frontDeskVisit(desk, desk.slots[6]!))
  const { doubts } = await worker.pass()
  expect(doubts.filter(({ appointmentIds }) => appointmentIds.includes(entry.id!))).toMatchObject([{ kind: 'overlap' }])
  await fhir.delete(`Appointment/${entry.id!}`)
  await succeed(api(0).post(`/appointments/${booked.body.appointment_id}/cancel`, {}))
})

/** What one patient does in a race: takes a time or only holds it, moves, and perhaps cancels. */
async function live(desk: Desk, offers: readonly string[], index: number): Promise<void> {
  const patient = desk.patients[index]
  const [first, second] = [offers[(index * 7) % 24], offers[24 + ((index * 5) % 24)]]
  if (index % 4 === 0) {
    await api(index).post('/holds', { slot_id: first, patient })
    return
  }
  const answer = await api(index).post('/appointments', { slot_id: first, patient })
  if (answer.status !== 201) {
    // Most lose against a hold; once that has run out they take the time over.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    await api(index + 1).post('/appointments', { slot_id: first, patient })
    return
  }
  const path = `/appointments/${answer.body.appointment_id}`
  await Promise.all([
    api(index + 1).post(`${path}/reschedule`, { slot_id: second }),
    index % 3 === 0 ? api(index).post(`${path}/cancel`, {}) : undefined,
  ])
  if (index % 2 === 0) await api(index).post(`${path}/reschedule`, { slot_id: first })
}

test(
  `passes at full speed during bookings, moves and cancels of ${RACERS} patients find nothing (${ROUNDS} rounds)`,
  async () => {
    const known = new Set((await worker.pass()).doubts.map(({ key }) => key))
    let passes = 0
    let examined = 0
    for (let round = 0; round < ROUNDS; round++) {
      const desk = await openDesk(fhir, { slots: 50, patients: RACERS, start: clinicTime('06:00') })
      const offers = (await api(0).offers('short', desk.provider)).map((offer) => offer.slot_id)
      const since = Date.now()
      const state = { racing: true }
      const race = Promise.all(desk.patients.map((_, index) => live(desk, offers, index))).finally(() => {
        state.racing = false
      })
      const reports: ReconcileReport[] = []
      while (state.racing) reports.push(await worker.pass(reports.length % 4 === 3 ? undefined : since))
      await race
      for (const report of reports) {
        expect(report.repaired, `round ${round}`).toEqual({})
        expect(
          report.doubts.filter(({ key }) => !known.has(key)),
          `round ${round}`,
        ).toEqual([])
        examined += report.examined
      }
      passes += reports.length
      const appointments = await fhir.search('Appointment', `actor=Practitioner/${desk.provider}`)
      const standing = appointments.filter(({ status }) => ['pending', 'booked'].includes(status))
      await expectSound(fhir, desk, { live: standing.length })
    }
    expect(examined).toBeGreaterThan(ROUNDS * RACERS)
    recordFact(
      'reconciliation during races',
      `${passes} passes in ${ROUNDS} rounds of ${RACERS} patients: nothing repaired, no doubt raised`,
    )
  },
  60_000 * ROUNDS,
)

test('the script for operators says what it would do, and then does it', async () => {
  const desk = await openDesk(fhir, { slots: 2 })
  const orphan = await fhir.put(withClaim(desk.slots[1]!, { appointmentId: unique('ap-nobody'), status: 'busy', version: '1' }))
  const run = (...options: string[]) =>
    spawnSync(process.execPath, ['scripts/reconcile.ts', ...options], {
      encoding: 'utf8',
      env: { ...process.env, FHIR_BASE_URL: fhir.baseUrl, REDIS_URL: process.env['TEST_REDIS_URL'] ?? '', NODE_NO_WARNINGS: '1' },
    }).stdout
  // What changed a moment ago is left alone.
  await new Promise((resolve) => setTimeout(resolve, 5_500))
  expect(run('--dry-run')).toMatch(new RegExp(`would be freed: .*Slot/${orphan.id!}`))
  expect((await fhir.read('Slot', orphan.id!)).status).toBe('busy')
  expect(run()).toMatch(new RegExp(`^freed: .*Slot/${orphan.id!}`, 'm'))
  expect((await fhir.read('Slot', orphan.id!)).status).toBe('free')
})

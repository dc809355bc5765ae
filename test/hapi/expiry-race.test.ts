import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDesk, type Desk } from '../helpers/clinic.ts'
import { recordFact } from '../helpers/facts.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnPostgres, isFullRun } from '../helpers/servers.ts'
import { expectSound, succeed } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
const ROUNDS = isFullRun ? 500 : 40
/** Races that run at the same time, on a desk of their own with one Slot each. */
const AT_ONCE = 10
/** Both fire between so many milliseconds before and after the expiry; what is read first takes some of them. */
const BEFORE_MS = 120
const AFTER_MS = 40
let gateways: GatewayProcess[]
beforeAll(async () => {
  const options = { fhirBaseUrl: fhir.baseUrl, mapping: { holds: { ttlSeconds: 1, perPatient: 3 } } }
  gateways = await Promise.all([startGateway(options), startGateway(options)])
})
afterAll(() => Promise.all(gateways.map((gateway) => gateway.stop())))

type Winner = 'confirm' | 'taker'

/** One hold that is confirmed by its owner and taken by another patient at the moment it runs out. */
async function race(desk: Desk, slot: string, index: number): Promise<Winner> {
  const owner = desk.patients[index * 2]
  const other = desk.patients[index * 2 + 1]
  const [first, second] = index % 2 === 0 ? gateways : [...gateways].reverse()
  const hold = await succeed(first!.api.post('/holds', { slot_id: slot, patient: owner }))
  const expires = Date.parse(String(hold.body['expires_at']))
  const [confirm, taken] = await Promise.all([
    at(expires, () => first!.api.post('/appointments', { hold_id: hold.body.hold_id, patient: owner })),
    at(expires, () => second!.api.post('/appointments', { slot_id: slot, patient: other })),
  ])
  expect([201, 409, 410], JSON.stringify(confirm.body)).toContain(confirm.status)
  expect([201, 409], JSON.stringify(taken.body)).toContain(taken.status)
  if (confirm.status === 201) {
    expect(taken.body.code).toBe('slot_taken')
    return 'confirm'
  }
  // A taker who came a moment too early may find the hold still alive; then the time is his when he asks again.
  const won = taken.status === 201 ? taken : await second!.api.post('/appointments', { slot_id: slot, patient: other })
  expect(won, JSON.stringify(confirm.body)).toMatchObject({ status: 201, body: { status: 'booked' } })
  expect((await first!.api.post('/appointments', { hold_id: hold.body.hold_id, patient: owner })).body.code).toBe('hold_expired')
  return 'taker'
}

/** Runs at a moment of the EHR's clock (this machine's, in the tests), a little before or after it. */
async function at<T>(moment: number, run: () => Promise<T>): Promise<T> {
  const wait = moment - Date.now() + Math.random() * (BEFORE_MS + AFTER_MS) - BEFORE_MS
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)))
  return run()
}

test(
  `confirming and taking over at the moment of expiry: exactly one of them wins (${ROUNDS} rounds)`,
  async () => {
    const won: Record<Winner, number> = { confirm: 0, taker: 0 }
    for (let round = 0; round < ROUNDS; round += AT_ONCE) {
      const desk = await openDesk(fhir, { slots: AT_ONCE, patients: 2 * AT_ONCE })
      const offers = await gateways[0]!.api.offers('short', desk.provider)
      expect(offers).toHaveLength(AT_ONCE)
      const winners = await Promise.all(offers.map((offer, index) => race(desk, offer.slot_id, index)))
      for (const winner of winners) won[winner]++
      // One live visit on every Slot; the hold is either that visit or cancelled.
      await expectSound(fhir, desk, { live: AT_ONCE, all: AT_ONCE + winners.filter((winner) => winner === 'taker').length })
    }
    expect(won.confirm + won.taker).toBe(ROUNDS)
    recordFact('confirm against take-over at expiry', `${ROUNDS} rounds: confirm won ${won.confirm}, taker won ${won.taker}, never both`)
  },
  10_000 * (ROUNDS / AT_ONCE),
)

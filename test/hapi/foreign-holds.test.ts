import type { FhirResource, Slot } from 'fhir/r4.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkEhr } from '../helpers/checker.ts'
import { clinicTime, patients, practitioner, room, schedule, slots } from '../helpers/clinic.ts'
import { inEhr } from '../helpers/ehr-changes.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { succeed, until } from '../helpers/writes.ts'

const fhir = hapiOnH2()
/** Two gateways of one clinic: holds made through `hasty` last one second. */
let gateway: GatewayProcess
let hasty: GatewayProcess

/** A visit of a type that begins at a Slot. */
interface Wish {
  readonly type: string
  readonly provider: string
  readonly at: Slot
}

/** What one patient holds, and what of it another one then wants. None of the wishes begins at the held Slot. */
interface Scene {
  readonly name: string
  readonly resources: readonly FhirResource[]
  readonly held: Wish
  readonly wanted: readonly Wish[]
}

/** A scene on its way: the other patient's own hold has run out, and the owner has taken the time. */
interface Played extends Scene {
  readonly owner: string
  readonly other: string
  readonly ownersHold: string
  readonly expiredHold: string
  readonly wantedSlotIds: readonly string[]
}

const references = (...resources: readonly FhirResource[]) => resources.map((one) => `${one.resourceType}/${one.id ?? ''}`)

/** One practitioner with one Schedule of eight quarters of an hour from nine o'clock on. */
function oneSchedule(name: string, held: Record<string, number>, wanted: readonly Record<string, number>[]): Scene {
  const doctor = practitioner()
  const plan = schedule(references(doctor))
  const list = slots(plan.id ?? '', clinicTime('09:00'), 8)
  const wish = (slotByType: Record<string, number>): Wish => {
    const [type, at] = Object.entries(slotByType)[0]!
    return { type, provider: doctor.id ?? '', at: list[at]! }
  }
  return { name, resources: [doctor, plan, ...list], held: wish(held), wanted: wanted.map(wish) }
}

function twoSchedules(): Scene {
  const doctor = practitioner()
  const [plan, sibling] = [schedule(references(doctor)), schedule(references(doctor))]
  const quarters = slots(plan.id ?? '', clinicTime('09:00'), 4)
  const thirds = slots(sibling.id ?? '', clinicTime('09:05'), 3, 20)
  const wish = (at: Slot): Wish => ({ type: 'short', provider: doctor.id ?? '', at })
  return {
    name: 'two Schedules of one practitioner, on different grids',
    resources: [doctor, plan, sibling, ...quarters, ...thirds],
    held: wish(quarters[1]!),
    wanted: [wish(thirds[0]!), wish(thirds[1]!)],
  }
}

function sharedRoom(): Scene {
  const [first, second, place] = [practitioner(), practitioner(), room()]
  const plans = [schedule(references(first, place)), schedule(references(second, place))] as const
  const [mine, theirs] = [slots(plans[0].id ?? '', clinicTime('09:00'), 4), slots(plans[1].id ?? '', clinicTime('09:00'), 4)]
  return {
    name: 'a room that two practitioners share',
    resources: [first, second, place, ...plans, ...mine, ...theirs],
    held: { type: 'short', provider: first.id ?? '', at: mine[1]! },
    wanted: [{ type: 'short', provider: second.id ?? '', at: theirs[1]! }],
  }
}

// A long visit uses four quarters, a buffered one two and blocks one on each side.
const SCENES: readonly Scene[] = [
  twoSchedules(),
  sharedRoom(),
  oneSchedule('a chain of Slots, wanted in part', { long: 2 }, [{ short: 3 }, { short: 5 }, { long: 4 }, { long: 0 }]),
  oneSchedule('the buffers around a visit', { buffered: 3 }, [{ short: 2 }, { short: 5 }]),
  oneSchedule('a visit, wanted for the buffer of another one', { short: 2 }, [{ buffered: 3 }]),
]

async function slotId(wish: Wish): Promise<string> {
  const offer = (await gateway.api.offers(wish.type, wish.provider)).find((one) => one.start === wish.at.start)
  if (!offer) throw new Error(`no ${wish.type} offer at ${wish.at.start}`)
  return offer.slot_id
}

async function play(scene: Scene): Promise<Played> {
  const people = patients(2)
  await fhir.putAll([...scene.resources, ...people])
  const [owner = '', other = ''] = references(...people)
  const [held, ...wantedSlotIds] = await Promise.all([scene.held, ...scene.wanted].map(slotId))
  const { hold_id: expiredHold } = (await succeed(hasty.api.post('/holds', { slot_id: wantedSlotIds[0], patient: other }))).body
  const isOver = async () => (await gateway.api.get(`/holds/${expiredHold}`)).body.state === 'expired'
  await until('the hold runs out', 10_000, isOver)
  const { hold_id: ownersHold } = (await succeed(gateway.api.post('/holds', { slot_id: held, patient: owner }))).body
  return { ...scene, owner, other, ownersHold, expiredHold, wantedSlotIds }
}

let played: Map<string, Played>
beforeAll(async () => {
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl })
  hasty = await startGateway({ fhirBaseUrl: fhir.baseUrl, mapping: { holds: { ttlSeconds: 1, perPatient: 3 } } })
  played = new Map((await Promise.all(SCENES.map(play))).map((scene) => [scene.name, scene]))
})
afterAll(() => Promise.all([gateway.stop(), hasty.stop()]))

describe("overlapping time of another patient's hold", () => {
  test.each(SCENES.map((scene) => scene.name))('%s: no hold and no booking, whatever hold_id comes with it', async (name) => {
    const { api } = gateway
    const { owner, other: patient, ownersHold, expiredHold, wantedSlotIds, resources } = played.get(name)!
    const before = await inEhr(fhir, ownersHold)
    for (const slot_id of wantedSlotIds) {
      for (const path of ['/holds', '/appointments'])
        expect(await api.post(path, { slot_id, patient })).toMatchObject({ status: 409, body: { code: 'slot_taken' } })
    }
    const invented = `${ownersHold.slice(0, -1)}${ownersHold.endsWith('0') ? '1' : '0'}`
    for (const hold_id of [ownersHold, invented])
      expect(await api.post('/appointments', { hold_id, patient })).toMatchObject({ status: 404, body: { code: 'not_found' } })
    const expired = await api.post('/appointments', { hold_id: expiredHold, patient })
    expect(expired).toMatchObject({ status: 410, body: { code: 'hold_expired' } })
    expect(await inEhr(fhir, ownersHold)).toEqual(before)

    await succeed(api.post('/appointments', { hold_id: ownersHold, patient: owner }))
    // Where only its buffer was taken, a hold that ran out still stands until somebody ends it.
    await succeed(api.delete(`/holds/${expiredHold}`))
    const ids = (type: string) => resources.filter((one) => one.resourceType === type).map((one) => one.id ?? '')
    const actors = [...ids('Practitioner').map((id) => `Practitioner/${id}`), ...ids('Location').map((id) => `Location/${id}`)]
    const verdict = await checkEhr(fhir, ids('Schedule'), actors)
    expect(verdict.violations).toEqual([])
    expect(verdict.live.map((visit) => [visit.id, visit.status])).toEqual([[before.id, 'booked']])
    expect(verdict.appointments).toHaveLength(2)
  })
})

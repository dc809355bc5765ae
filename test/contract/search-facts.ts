import type { Appointment, FhirResource } from 'fhir/r4.js'
import { expect, test } from 'vitest'
import { appointmentQuery, search, slotsQuery, visitsQuery } from '../../src/booking/window-queries.ts'
import { patientQueries, patientVisitsQuery } from '../../src/booking/patient-queries.ts'
import { buildGuard } from '../../src/fhir/patient-guard.ts'
import { formatUtc, parseInstant } from '../../src/fhir/instant.ts'
import { token } from '../../src/fhir/query.ts'
import { APPOINTMENT_ID_SYSTEM } from '../../src/fhir/vocabulary.ts'
import { Directory } from '../../src/scheduling/directory.ts'
import { practitioner, schedule, slots, unique } from '../helpers/clinic.ts'
import type { ContractDesk, OpenDesk } from './ehr-contract.ts'
import { call, create, patientIn, put, SYSTEM, transaction, visit, written } from './entries.ts'

const MINUTE = 60_000
const ids = (found: readonly FhirResource[]) => found.map((resource) => resource.id)
const sortedIds = (found: readonly FhirResource[]) => ids(found).sort()

/** Puts a visit into the EHR. @returns it with its id */
async function enter(desk: ContractDesk, visit: Appointment): Promise<Appointment> {
  const made = written(await desk.ehr.commit(transaction(create(visit, 'urn:uuid:5f0c7a3e-6a53-4a39-9a5e-1d6f0b7a2c42')), call()), NEW)
  return { ...visit, id: made.id }
}
const NEW = 'urn:uuid:5f0c7a3e-6a53-4a39-9a5e-1d6f0b7a2c42'

/** What reads and searches find. */
export function searchFacts(open: OpenDesk): void {
  test('a read finds the resource with its version; of what never was or was deleted it finds nothing, and that is complete', async () => {
    const desk = await open()
    const [first] = desk.slots
    await desk.delete(`Slot/${desk.slots[1]!.id!}`)
    const read = (id: string) => ({ kind: 'read', type: 'Slot', id }) as const
    const reading = await desk.ehr.batch({ here: read(first!.id!), gone: read(desk.slots[1]!.id!), never: read(unique('none')) }, call())
    expect(reading.all('here')).toMatchObject([{ id: first!.id, meta: { versionId: '1' } }])
    expect([reading.all('gone'), reading.all('never'), reading.isComplete('gone')]).toEqual([[], [], true])
  })

  test('a history has every version, newest first, also where it was read a moment before the last one was made', async () => {
    const desk = await open()
    const slot = desk.slots[0]!
    const history = { kind: 'history', type: 'Slot', id: slot.id! } as const
    expect(await desk.find(history)).toMatchObject([{ status: 'free', meta: { versionId: '1' } }])
    await desk.put({ ...slot, status: 'busy' })
    expect(await desk.find(history)).toMatchObject([
      { status: 'busy', meta: { versionId: '2' } },
      { status: 'free', meta: { versionId: '1' } },
    ])
  })

  test('Slots are found by Schedule, from their start on, up to but without the end of the span, soonest first', async () => {
    const desk = await open()
    const directory = new Directory([schedule([desk.actor], desk.schedule)])
    const span = { start: desk.start + 15 * MINUTE, end: desk.start + 45 * MINUTE }
    const found = await desk.find(slotsQuery([...directory.schedules.values()], span))
    expect(ids(found)).toEqual([desk.slots[1]!.id, desk.slots[2]!.id])
  })

  test('Slots of several Schedules come from one search, in one order', async () => {
    const desk = await open()
    const plan = schedule([desk.actor])
    const [between] = slots(plan.id!, desk.start + 5 * MINUTE, 1)
    await desk.put(plan, between!)
    const both = new Directory([schedule([desk.actor], desk.schedule), plan])
    const found = await desk.find(slotsQuery([...both.schedules.values()], { start: desk.start, end: desk.start + 16 * MINUTE }))
    expect(ids(found)).toEqual([desk.slots[0]!.id, between!.id, desk.slots[1]!.id])
  })

  test('several Slots are found by id, and those that are gone do not come', async () => {
    const desk = await open()
    const wanted = [desk.slots[0]!.id!, desk.slots[2]!.id!, unique('none')]
    expect(sortedIds(await desk.find(search('Slot', ['_id', wanted])))).toEqual([desk.slots[0]!.id!, desk.slots[2]!.id!].sort())
  })

  test('live visits are found by any of their actors, and no others', async () => {
    const desk = await open()
    const live = await enter(desk, visit(desk.actor, desk.start))
    const pending = await enter(desk, visit(desk.actor, desk.start + 15 * MINUTE, { status: 'pending' }))
    await enter(desk, visit(desk.actor, desk.start, { status: 'cancelled' }))
    await enter(desk, visit(desk.actor, desk.start - MINUTE))
    await enter(desk, visit(desk.actor, desk.start + 60 * MINUTE))
    const directory = new Directory([schedule([desk.actor], desk.schedule)])
    const span = { start: desk.start, end: desk.start + 60 * MINUTE }
    expect(ids(await desk.find(visitsQuery(directory, [...directory.schedules.values()], span)))).toEqual([live.id, pending.id])
  })

  test('a visit is found by an actor that is not its first', async () => {
    const desk = await open()
    const made = await enter(desk, patientIn(visit(desk.actor, desk.start), desk.patients[0]))
    expect(ids(await desk.find(search('Appointment', ['actor', [desk.actor]])))).toEqual([made.id])
  })

  test('a visit is found by system and value of its identifier, by system alone, and not by another system', async () => {
    const desk = await open()
    const made = await enter(desk, visit(desk.actor, desk.start))
    const find = async (text: string) => ids(await desk.find(search('Appointment', ['identifier', text], ['actor', desk.actor])))
    expect(await find(token(SYSTEM, made.identifier![0]!.value!))).toEqual([made.id])
    expect(await find(token(SYSTEM, ''))).toEqual([made.id])
    expect(await find(token(APPOINTMENT_ID_SYSTEM, ''))).toEqual([])
    expect(await find(token(SYSTEM, 'another'))).toEqual([])
  })

  test('a visit is found by the id that the server gave it', async () => {
    const desk = await open()
    const made = await enter(desk, visit(desk.actor, desk.start))
    expect(ids(await desk.find(search('Appointment', ['_id', made.id!])))).toEqual([made.id])
  })

  test('a visit comes with the Slots it uses and those it blocks, and with nothing else', async () => {
    const desk = await open()
    const reference = (index: number) => ({ reference: `Slot/${desk.slots[index]!.id!}` })
    const id = unique('ap')
    const made = visit(desk.actor, desk.start, {
      identifier: [{ system: APPOINTMENT_ID_SYSTEM, value: id }],
      slot: [reference(0)],
      supportingInformation: [reference(1), { reference: desk.patients[1] }],
    })
    await desk.put({ ...made, id: unique('visit') })
    const found = await desk.find(appointmentQuery(id, true))
    expect(found.map((resource) => resource.resourceType)).toEqual(['Appointment', 'Slot', 'Slot'])
    expect(sortedIds(found.slice(1))).toEqual([desk.slots[0]!.id!, desk.slots[1]!.id!].sort())
    expect(await desk.find(appointmentQuery(id, false))).toHaveLength(1)
  })

  test("a patient's live visits are found from a day on, soonest first", async () => {
    const desk = await open()
    const [patient] = desk.patients
    const later = await enter(desk, patientIn(visit(desk.actor, desk.start + 30 * MINUTE), patient))
    const sooner = await enter(desk, patientIn(visit(desk.actor, desk.start), patient))
    await enter(desk, patientIn(visit(desk.actor, desk.start, { status: 'cancelled' }), patient))
    await enter(desk, patientIn(visit(desk.actor, desk.start - MINUTE), patient))
    await enter(desk, patientIn(visit(desk.actor, desk.start), desk.patients[1]))
    expect(ids(await desk.find(patientVisitsQuery(patient, desk.start)))).toEqual([sooner.id, later.id])
  })

  test("the other visits and the guard of a visit's patient are found although only the visit is known", async () => {
    const desk = await open()
    const [patient] = desk.patients
    const id = unique('ap')
    const known = { ...visit(desk.actor, desk.start), identifier: [{ system: APPOINTMENT_ID_SYSTEM, value: id }] }
    await desk.put({ ...patientIn(known, patient), id: unique('visit') })
    const other = await enter(desk, patientIn(visit(desk.actor, desk.start + 30 * MINUTE), patient))
    await enter(desk, patientIn(visit(desk.actor, desk.start), desk.patients[1]))
    const guard = buildGuard(patient, { appointmentId: id, version: '1' }, undefined)
    await desk.ehr.commit(transaction(put(guard, '0')), call())
    const reading = await desk.ehr.batch(patientQueries(undefined, id, 0), call())
    expect(reading.all('patientVisits')).toHaveLength(2)
    expect(ids(reading.all('patientVisits'))).toContain(other.id)
    expect(ids(reading.all('guard'))).toEqual([guard.id])
  })

  test('Schedules are found by their actors, also by the practitioner behind a role', async () => {
    const desk = await open()
    const role = { resourceType: 'PractitionerRole', id: unique('role'), practitioner: { reference: desk.actor } } as const
    const byRole = schedule([`PractitionerRole/${role.id}`])
    await desk.put(role, byRole)
    expect(ids(await desk.find(search('Schedule', ['actor', [desk.actor]])))).toEqual([desk.schedule])
    expect(ids(await desk.find(search('Schedule', ['actor:PractitionerRole.practitioner', [desk.actor]])))).toEqual([byRole.id])
  })

  test('what has changed since a moment is found by it', async () => {
    const desk = await open()
    const [plan] = await desk.find({ kind: 'read', type: 'Schedule', id: desk.schedule })
    const changed = parseInstant(plan!.meta!.lastUpdated)!
    const since = (at: number) => desk.find(search('Schedule', ['_lastUpdated', `ge${formatUtc(at)}`], ['_id', desk.schedule]))
    expect(ids(await since(changed))).toEqual([desk.schedule])
    expect(await since(changed + 1)).toEqual([])
  })

  test('a search sees what was committed just before, and what is gone is not in it', async () => {
    const desk = await open()
    const find = () => desk.find(search('Slot', ['schedule', [`Schedule/${desk.schedule}`]], ['status', 'busy']))
    expect(await find()).toEqual([])
    const slot = await desk.slot(0)
    await desk.ehr.commit(transaction(put({ ...slot, status: 'busy' }, '1')), call())
    expect(ids(await find())).toEqual([slot.id])
    await desk.delete(`Slot/${slot.id!}`)
    expect(await find()).toEqual([])
  })

  test('the clock of a reading is that of the stamps: not before what it has read, and soon after', async () => {
    const desk = await open()
    const doctor = practitioner()
    await desk.put(doctor)
    const query = search('Slot', ['schedule', [`Schedule/${desk.schedule}`]])
    const reading = await desk.ehr.batch({ slots: query, doctor: { kind: 'read', type: 'Practitioner', id: doctor.id! } }, call())
    const stamp = parseInstant(reading.all('doctor')[0]?.meta?.lastUpdated)!
    expect(reading.now).toBeGreaterThanOrEqual(stamp)
    expect(reading.now).toBeLessThan(stamp + 10_000)
  })

  test('reads alone tell the time to the second', async () => {
    const desk = await open()
    const [slot] = await desk.find({ kind: 'read', type: 'Slot', id: desk.slots[0]!.id! })
    const reading = await desk.ehr.batch({ slot: { kind: 'read', type: 'Slot', id: desk.slots[0]!.id! } }, call())
    const stamp = parseInstant(slot!.meta!.lastUpdated)!
    expect(reading.now).toBeGreaterThan(stamp - 1_000)
    expect(reading.now).toBeLessThan(stamp + 10_000)
  })

  test('one batch is one round trip', async () => {
    const desk = await open()
    const counted = call()
    const query = { kind: 'read', type: 'Slot', id: desk.slots[0]!.id! } as const
    await desk.ehr.batch({ one: query, two: query }, counted)
    expect(counted.roundTrips).toBe(1)
  })
}

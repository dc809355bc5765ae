import type { AuditEvent } from 'fhir/r4.js'
import { expect, test } from 'vitest'
import { search } from '../../src/booking/window-queries.ts'
import { parseInstant } from '../../src/fhir/instant.ts'
import { token } from '../../src/fhir/query.ts'
import { unique } from '../helpers/clinic.ts'
import type { ContractDesk, OpenDesk } from './ehr-contract.ts'
import { asBusy, call, create, put, receipt, SYSTEM, transaction, visit, written } from './entries.ts'

const NEW = 'urn:uuid:5f0c7a3e-6a53-4a39-9a5e-1d6f0b7a2c43'

/** The Slots of the desk that somebody took, by their place. */
async function takenSlots(desk: ContractDesk): Promise<number[]> {
  const found = await desk.find(search('Slot', ['schedule', [`Schedule/${desk.schedule}`]], ['status', 'busy']))
  return desk.slots.flatMap((slot, index) => (found.some(({ id }) => id === slot.id) ? [index] : []))
}

/** What a transaction does, and what stops it. */
export function transactionFacts(open: OpenDesk): void {
  test('it writes everything, tells every version, counts versions up by one, and stamps what it writes', async () => {
    const desk = await open()
    const slot = await desk.slot(0)
    const event = receipt(NEW)
    const counted = call()
    const made = visit(desk.actor, desk.start, { slot: [{ reference: `Slot/${slot.id!}` }] })
    const outcome = await desk.ehr.commit(transaction(put(event, '0'), create(made, NEW), put(asBusy(slot), '1')), counted)
    expect(written(outcome, `AuditEvent/${event.id!}`)).toEqual({ id: event.id, version: '1' })
    expect(written(outcome, `Slot/${slot.id!}`)).toEqual({ id: slot.id, version: '2' })
    expect(written(outcome, NEW).version).toBe('1')
    expect(counted.roundTrips).toBe(1)
    const after = await desk.slot(0)
    expect(after).toMatchObject({ status: 'busy', comment: 'claimed', meta: { versionId: '2' } })
    expect(parseInstant(after.meta?.lastUpdated)!).toBeGreaterThanOrEqual(parseInstant(slot.meta?.lastUpdated)!)
  })

  test('temporary references lead to what it has made, also in the receipt', async () => {
    const desk = await open()
    const event = receipt(NEW)
    const outcome = await desk.ehr.commit(transaction(put(event, '0'), create(visit(desk.actor, desk.start), NEW)), call())
    const [stored] = await desk.find({ kind: 'read', type: 'AuditEvent', id: event.id! })
    const references = (stored as AuditEvent).entity!.flatMap((entity) => entity.what?.reference ?? [])
    expect(references).toEqual([`Appointment/${written(outcome, NEW).id}`])
  })

  test('extensions that the server does not know are kept', async () => {
    const desk = await open()
    const slot = await desk.slot(0)
    const extension = [...slot.extension!, { url: 'https://test.example/claim', extension: [{ url: 'whose', valueString: 'ap-1' }] }]
    await desk.ehr.commit(transaction(put({ ...slot, extension }, '1')), call())
    expect((await desk.slot(0)).extension).toEqual(extension)
  })

  test('a stale version anywhere is a conflict, and nothing of it is written', async () => {
    const desk = await open()
    const [one, two] = [await desk.slot(0), await desk.slot(1)]
    await desk.ehr.commit(transaction(put(asBusy(two), '1')), call())
    const event = receipt(`Slot/${one.id!}`)
    const made = visit(desk.actor, desk.start)
    const late = transaction(put(event, '0'), create(made), put(asBusy(one), '1'), put(asBusy(two, 'late'), '1'))
    expect(await desk.ehr.commit(late, call())).toEqual({ kind: 'conflict' })
    expect(await takenSlots(desk)).toEqual([1])
    expect((await desk.slot(1)).comment).toBe('claimed')
    expect(await desk.find({ kind: 'read', type: 'AuditEvent', id: event.id! })).toEqual([])
    expect(await desk.find(search('Appointment', ['actor', desk.actor]))).toEqual([])
  })

  test('a Slot that was deleted meanwhile is a conflict, and does not come back', async () => {
    const desk = await open()
    const [one, two] = [await desk.slot(0), await desk.slot(1)]
    await desk.delete(`Slot/${two.id!}`)
    expect(await desk.ehr.commit(transaction(put(asBusy(one), '1'), put(asBusy(two), '1')), call())).toEqual({ kind: 'conflict' })
    expect(await takenSlots(desk)).toEqual([])
    expect(await desk.find({ kind: 'read', type: 'Slot', id: two.id! })).toEqual([])
  })

  test('a create-only id can be written once; later it is a conflict that stops the whole transaction', async () => {
    const desk = await open()
    const slot = await desk.slot(0)
    const event = receipt(`Slot/${slot.id!}`)
    expect((await desk.ehr.commit(transaction(put(event, '0')), call())).kind).toBe('committed')
    const again = await desk.ehr.commit(transaction(put({ ...event, action: 'U' }, '0'), put(asBusy(slot), '1')), call())
    expect(again).toEqual({ kind: 'conflict' })
    expect(await takenSlots(desk)).toEqual([])
    expect(await desk.find({ kind: 'read', type: 'AuditEvent', id: event.id! })).toMatchObject([{ action: 'C', meta: { versionId: '1' } }])
  })

  test('a create-only id stays used when its resource was deleted', async () => {
    const desk = await open()
    const slot = await desk.slot(0)
    const event = receipt(`Slot/${slot.id!}`)
    await desk.ehr.commit(transaction(put(event, '0')), call())
    await desk.delete(`AuditEvent/${event.id!}`)
    expect(await desk.ehr.commit(transaction(put(event, '0'), put(asBusy(slot), '1')), call())).toEqual({ kind: 'conflict' })
    expect(await takenSlots(desk)).toEqual([])
  })

  test('a write that changes nothing makes no version; the smallest change does', async () => {
    const desk = await open()
    const slot = await desk.slot(0)
    const key = `Slot/${slot.id!}`
    expect(written(await desk.ehr.commit(transaction(put(slot, '1')), call()), key).version).toBe('1')
    expect(written(await desk.ehr.commit(transaction(put({ ...slot, comment: 'other' }, '1')), call()), key).version).toBe('2')
    expect((await desk.slot(0)).meta?.versionId).toBe('2')
  })

  test('a conditional create that finds its resource is no write, and does not stop the others', async () => {
    const desk = await open()
    const made = visit(desk.actor, desk.start)
    const first = written(await desk.ehr.commit(transaction(create(made, NEW)), call()), NEW)
    const slot = await desk.slot(0)
    const second = await desk.ehr.commit(transaction(create({ ...made, status: 'pending' }, NEW), put(asBusy(slot), '1')), call())
    expect(written(second, NEW)).toEqual(first)
    expect(await takenSlots(desk)).toEqual([0])
    expect(await desk.find(search('Appointment', ['identifier', token(SYSTEM, made.identifier![0]!.value!)]))).toMatchObject([
      { id: first.id, status: 'booked' },
    ])
  })

  test('references in a transaction whose create found its resource lead to that one', async () => {
    const desk = await open()
    const made = visit(desk.actor, desk.start)
    const first = written(await desk.ehr.commit(transaction(create(made, NEW)), call()), NEW)
    const event = receipt(NEW)
    await desk.ehr.commit(transaction(put(event, '0'), create(made, NEW)), call())
    const [stored] = await desk.find({ kind: 'read', type: 'AuditEvent', id: event.id! })
    expect((stored as AuditEvent).entity!.flatMap((entity) => entity.what?.reference ?? [])).toEqual([`Appointment/${first.id}`])
  })

  test('a reference that leads nowhere is refused, and nothing of it is written', async () => {
    const desk = await open()
    const slot = await desk.slot(0)
    const made = visit(`Practitioner/${unique('nobody')}`, desk.start)
    expect(await desk.ehr.commit(transaction(create(made), put(asBusy(slot), '1')), call())).toEqual({ kind: 'rejected' })
    expect(await takenSlots(desk)).toEqual([])
  })

  test('an Appointment is changed at its version, and keeps what the clinic wrote on it', async () => {
    const desk = await open()
    const { id } = written(await desk.ehr.commit(transaction(create(visit(desk.actor, desk.start), NEW)), call()), NEW)
    const [read] = await desk.find(search('Appointment', ['_id', id]))
    const stored = read as Extract<typeof read, { resourceType: 'Appointment' }>
    await desk.put({ ...stored, comment: 'written by the clinic' })
    expect(await desk.ehr.commit(transaction(put({ ...stored, status: 'cancelled' }, '1')), call())).toEqual({ kind: 'conflict' })
    expect(await desk.find(search('Appointment', ['_id', id]))).toMatchObject([
      { status: 'booked', comment: 'written by the clinic', meta: { versionId: '2' } },
    ])
  })
}

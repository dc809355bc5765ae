import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { confirmHold } from '../../../src/booking/confirm-hold.ts'
import type { BookingDeps } from '../../../src/booking/deps.ts'
import { OutcomeUnknown } from '../../../src/booking/errors.ts'
import { bookSlot } from '../../../src/booking/hold-slot.ts'
import { rescheduleAppointment } from '../../../src/booking/reschedule-appointment.ts'
import { readReceipt } from '../../../src/fhir/audit-event.ts'
import { stateOf } from '../../../src/scheduling/transitions.ts'
import { deskVisit } from '../../simulation/world.ts'
import { InterruptedEhr, SwallowingEhr } from '../helpers/interleaved-ehr.ts'
import { HOLD_MS, MemoryClinic } from '../helpers/memory-clinic.ts'
import { callWithin } from '../helpers/scripted-ehr.ts'

let clinic: MemoryClinic
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  clinic = new MemoryClinic()
})
afterEach(() => {
  vi.useRealTimers()
})

const confirm = (deps: BookingDeps, id: string, patient: number, key?: string) =>
  confirmHold(deps, { caller: clinic.caller(patient), appointmentId: id, what: 'hold', key }, callWithin())
const states = () => clinic.store.all('Appointment').map((visit) => stateOf(visit, Date.now()))

/** Sends a request that is swallowed on its way. */
async function swallow(send: (deps: BookingDeps) => Promise<unknown>): Promise<SwallowingEhr> {
  const ehr = new SwallowingEhr(clinic.store)
  await expect(send(clinic.gateway(ehr))).rejects.toBeInstanceOf(OutcomeUnknown)
  return ehr
}

describe('a hold that runs out while its confirmation is under way', () => {
  test.for<readonly [how: string, send: (deps: BookingDeps, id: string) => Promise<unknown>]>([
    ['by its id', (deps, id) => confirm(deps, id, 0, 'k')],
    ['by asking for its time', (deps) => bookSlot(deps, clinic.request(0, 0, 'book'), callWithin())],
  ])('does not give its patient two visits at one time when he takes another meanwhile (%s)', async ([, send]) => {
    const id = await clinic.hold(0, 0)
    const ehr = new InterruptedEhr(clinic.store, async () => {
      clinic.pass(HOLD_MS)
      await clinic.book(4, 0)
    })
    await expect(send(clinic.gateway(ehr), id)).rejects.toMatchObject({ code: expect.stringMatching(/hold_expired|policy_refused/) as string })
    expect(states().filter((state) => state === 'booked')).toHaveLength(1)
  })
})

describe('a confirmation that comes too late', () => {
  test('ends the hold, so that an earlier one whose answer was lost cannot take effect after the refusal', async () => {
    const id = await clinic.hold(0, 0)
    const late = await swallow((deps) => confirm(deps, id, 0, 'k'))
    clinic.pass(HOLD_MS)
    await expect(confirm(clinic.gateway(), id, 0, 'k')).rejects.toMatchObject({ code: 'hold_expired' })
    expect(await late.arrive(callWithin())).toEqual({ kind: 'conflict' })
    expect(stateOf(clinic.visit(id), Date.now())).toBe('expired')
    expect(clinic.store.get('Slot', 's0-0')?.status).toBe('free')
  })

  test('is a success where the earlier one arrives first', async () => {
    const id = await clinic.hold(0, 0)
    const late = await swallow((deps) => confirm(deps, id, 0, 'k'))
    clinic.pass(HOLD_MS)
    const ehr = new InterruptedEhr(clinic.store, () => late.arrive(callWithin()))
    expect(await confirm(clinic.gateway(ehr), id, 0, 'k')).toMatchObject({ replayed: true, appointment: { status: 'booked' } })
  })

  test('says "try again" where the end of the hold could not be written', async () => {
    const id = await clinic.hold(0, 0)
    clinic.pass(HOLD_MS)
    const deps = clinic.gateway()
    const ehr = { batch: deps.ehr.batch.bind(deps.ehr), commit: () => Promise.resolve({ kind: 'unavailable', retryAfterSeconds: 1 } as const) }
    await expect(confirm({ ...deps, ehr }, id, 0, 'k')).rejects.toMatchObject({ code: 'ehr_unavailable' })
  })
})

test('two patients who confirm one hold that has none yet do not get the answer of the other', async () => {
  const id = await clinic.hold(0)
  const ehr = new InterruptedEhr(clinic.store, () => confirm(clinic.gateway(), id, 1))
  await expect(confirm(clinic.gateway(ehr), id, 0)).rejects.toMatchObject({ code: 'not_found' })
  expect([clinic.startsOf(0), clinic.startsOf(1).length]).toEqual([[], 1])
})

describe('a request that is refused for something that no version tells', () => {
  const book = (deps: BookingDeps, key?: string) => bookSlot(deps, clinic.request(0, 0, key), callWithin())
  const enterAtDesk = () => {
    clinic.store.put(deskVisit('desk', clinic.store.get('Slot', 's0-0')!, 'two'))
  }
  const fences = () => clinic.store.all('AuditEvent').filter((event) => !readReceipt(event))

  test('shuts out an earlier send under its key: a visit that the front desk entered stays alone', async () => {
    const late = await swallow((deps) => book(deps, 'k'))
    enterAtDesk()
    await expect(book(clinic.gateway(), 'k')).rejects.toMatchObject({ code: 'slot_taken' })
    expect(await late.arrive(callWithin())).toEqual({ kind: 'conflict' })
    expect(clinic.startsOf(0)).toEqual([])
  })

  test('is a success where the earlier send arrives first', async () => {
    const late = await swallow((deps) => book(deps, 'k'))
    enterAtDesk()
    const ehr = new InterruptedEhr(clinic.store, () => late.arrive(callWithin()))
    expect(await book(clinic.gateway(ehr), 'k')).toMatchObject({ replayed: true, appointment: { status: 'booked' } })
  })

  test('leaves one fence, however often it is repeated, and none without a key', async () => {
    enterAtDesk()
    for (let times = 0; times < 7; times++) await expect(book(clinic.gateway(), 'k')).rejects.toMatchObject({ code: 'slot_taken' })
    await expect(book(clinic.gateway())).rejects.toMatchObject({ code: 'slot_taken' })
    expect(fences()).toHaveLength(1)
  })

  test('holds for a move too: the old time stays booked', async () => {
    const id = await clinic.book(3, 0)
    const { caller, offer } = clinic.request(0, 0)
    const move = (deps: BookingDeps) =>
      rescheduleAppointment(deps, { caller, offer, appointmentId: id, what: 'appointment', key: 'move' }, callWithin())
    const late = await swallow(move)
    enterAtDesk()
    await expect(move(clinic.gateway())).rejects.toMatchObject({ code: 'slot_taken' })
    expect(await late.arrive(callWithin())).toEqual({ kind: 'conflict' })
    expect(clinic.visit(id).start).toBe('2027-03-01T09:45:00+00:00')
  })

  test('is not needed where a Slot is in the way: its version has moved on', async () => {
    const late = await swallow((deps) => book(deps, 'k'))
    await clinic.book(0, 1)
    await expect(book(clinic.gateway(), 'k')).rejects.toMatchObject({ code: 'slot_taken' })
    expect(fences()).toEqual([])
    expect(await late.arrive(callWithin())).toEqual({ kind: 'conflict' })
  })
})

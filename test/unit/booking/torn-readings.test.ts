import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cancelAppointment } from '../../../src/booking/cancel-appointment.ts'
import { confirmHold } from '../../../src/booking/confirm-hold.ts'
import { bookSlot, holdSlot } from '../../../src/booking/hold-slot.ts'
import { rescheduleAppointment } from '../../../src/booking/reschedule-appointment.ts'
import { TornReadings } from '../../../src/booking/torn-readings.ts'
import { appointmentIdOf } from '../../../src/fhir/appointment.ts'
import { TornEhr } from '../helpers/interleaved-ehr.ts'
import { MemoryClinic } from '../helpers/memory-clinic.ts'
import { callWithin } from '../helpers/scripted-ehr.ts'

let clinic: MemoryClinic
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  clinic = new MemoryClinic()
})
afterEach(() => {
  vi.useRealTimers()
})

const move = (id: string, slot: number, patient: number) => {
  const { caller, offer } = clinic.request(slot, patient)
  return rescheduleAppointment(
    clinic.gateway(),
    { caller, offer, appointmentId: id, what: 'appointment', key: `move to ${slot}` },
    callWithin(),
  )
}

describe('a contradiction between the answers of one batch', () => {
  test('is read again when it is new, and taken for what it is when it stays', () => {
    const torn = new TornReadings()
    expect(torn.isTorn(undefined, undefined)).toBe(false)
    expect(torn.isTorn(undefined, 'guard 3')).toBe(true)
    expect(torn.isTorn(undefined, 'guard 3')).toBe(false)
    expect(torn.isTorn('claim s 2', 'guard 3')).toBe(true)
    expect(torn.isTorn('claim s 2', 'guard 4')).toBe(true)
  })
})

describe("a patient's visits that are older than his guard", () => {
  test('do not let him have two visits at one time: one that moved in between is seen', async () => {
    const id = await clinic.book(0, 0)
    const ehr = new TornEhr(clinic.store, { early: ['patientVisits'], meanwhile: () => move(id, 1, 0) })
    await expect(bookSlot(clinic.gateway(ehr), clinic.request(5, 0, 'k'), callWithin())).rejects.toMatchObject({
      code: 'policy_refused',
      extras: { policy: 'patient_busy' },
    })
    expect(clinic.startsOf(0)).toHaveLength(1)
  })

  test('nor when the second reading is torn as well, by yet another write for him', async () => {
    const id = await clinic.book(0, 0)
    const ehr = new TornEhr(
      clinic.store,
      { early: ['patientVisits'], meanwhile: () => move(id, 3, 0) },
      { early: ['patientVisits'], meanwhile: () => move(id, 1, 0) },
    )
    await expect(bookSlot(clinic.gateway(ehr), clinic.request(5, 0, 'k'), callWithin())).rejects.toMatchObject({ code: 'policy_refused' })
    expect(clinic.startsOf(0)).toHaveLength(1)
  })
})

describe('the same request twice at once, one of them reading while the other commits', () => {
  test.for<readonly [what: string, patient: number | undefined, early: readonly string[]]>([
    ['the visit is new in the list of the patient', 0, ['receipt', 'slots', 'visits']],
    ['the visit is new in the list of the practitioner', 0, ['receipt', 'slots', 'patientVisits']],
    ['the Slot is taken already', 0, ['receipt', 'visits', 'patientVisits']],
    ['only the receipt was looked for too early', 0, ['receipt']],
    ['only the receipt was looked for too early, and there is no patient', undefined, ['receipt']],
    ['the Slot is taken already, and there is no patient', undefined, ['receipt', 'visits']],
  ])('has one outcome, which both are told: %s', async ([, patient, early]) => {
    const request = clinic.request(0, patient, 'twin')
    const first = { id: '' }
    const meanwhile = async (): Promise<void> => {
      first.id = await clinic.hold(0, patient, 'twin')
    }
    const second = await holdSlot(clinic.gateway(new TornEhr(clinic.store, { early, meanwhile })), request, callWithin())
    expect(second).toMatchObject({ replayed: true })
    expect(appointmentIdOf(second.appointment)).toBe(first.id)
    expect(clinic.store.all('Appointment')).toHaveLength(1)
  })
})

test('a confirmation whose twin took effect, and was cancelled since, is told of that and not refused', async () => {
  const id = await clinic.hold(0, 0)
  const request = { caller: clinic.caller(0), appointmentId: id, what: 'hold', key: 'twin' } as const
  const meanwhile = async (): Promise<void> => {
    await confirmHold(clinic.gateway(), request, callWithin())
    await cancelAppointment(clinic.gateway(), { ...request, what: 'appointment', key: 'cancel' }, callWithin())
  }
  const deps = clinic.gateway(new TornEhr(clinic.store, { early: ['receipt'], meanwhile }))
  expect(await confirmHold(deps, request, callWithin())).toMatchObject({ replayed: true, appointment: { status: 'cancelled' } })
})

test('a patient who asks for the time that his visit moves away from, or to, is not told that somebody has it', async () => {
  const id = await clinic.book(0, 0)
  for (const [wanted, to, early] of [
    [0, 2, ['slots']],
    [1, 1, ['visits', 'patientVisits']],
  ] as const) {
    const ehr = new TornEhr(clinic.store, { early: ['receipt', ...early], meanwhile: () => move(id, to, 0) })
    const { appointment } = await bookSlot(clinic.gateway(ehr), clinic.request(wanted, 0, `ask ${wanted}`), callWithin())
    expect(appointment.status).toBe('booked')
    if (wanted === 1) expect(appointmentIdOf(appointment)).toBe(id)
  }
})

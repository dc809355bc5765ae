import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkEhr } from '../helpers/checker.ts'
import { instant, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnH2 } from '../helpers/servers.ts'

const fhir = hapiOnH2()
let gateway: GatewayProcess
let desk: Desk
beforeAll(async () => {
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl })
  desk = await openDesk(fhir, { slots: 8, patients: 3 })
})
afterAll(() => gateway.stop())

describe('the life of one visit', () => {
  test('availability, hold, book, reschedule, cancel: one Appointment, Slots follow it', async () => {
    const { api } = gateway
    const [patient] = desk.patients
    const offers = await api.offers('short', desk.provider)
    expect(offers.map((offer) => offer.start)).toEqual(desk.slots.map((slot) => slot.start))

    const hold = await api.post('/holds', { slot_id: offers[0]?.slot_id, patient }, { key: unique('key') })
    expect(hold).toMatchObject({ status: 201, body: { state: 'held', status: 'pending', replayed: false, start: desk.slots[0]?.start } })
    expect(hold.headers.get('server-timing')).toContain('2 round trips')
    expect(await fhir.read('Slot', desk.slots[0]?.id ?? '')).toMatchObject({ status: 'busy-tentative', comment: 'set by the EHR' })

    const book = await api.post('/appointments', { hold_id: hold.body.hold_id }, { key: unique('key') })
    expect(book).toMatchObject({ status: 201, body: { appointment_id: hold.body.hold_id, status: 'booked', expires_at: null } })
    expect(book.headers.get('server-timing')).toContain('2 round trips')
    expect(await fhir.read('Slot', desk.slots[0]?.id ?? '')).toMatchObject({ status: 'busy' })

    const moved = await api.post(`/appointments/${book.body.appointment_id}/reschedule`, { slot_id: offers[4]?.slot_id })
    expect(moved).toMatchObject({ status: 200, body: { appointment_id: hold.body.hold_id, status: 'booked', start: desk.slots[4]?.start } })
    expect(moved.headers.get('server-timing')).toContain('2 round trips')
    expect(await fhir.read('Slot', desk.slots[0]?.id ?? '')).toMatchObject({ status: 'free', extension: [{ valueString: 'keep me' }] })

    const cancelled = await api.post(`/appointments/${book.body.appointment_id}/cancel`, { reason: 'transport' })
    expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled', replayed: false } })
    expect(cancelled.headers.get('server-timing')).toContain('2 round trips')
    const verdict = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
    expect(verdict.violations).toEqual([])
    expect(verdict.live).toEqual([])
    expect(verdict.appointments).toHaveLength(1)
    expect(verdict.slots.every((slot) => slot.status === 'free')).toBe(true)
  })
})

test("as of: instants carry the clinic's offset", () => {
  expect(instant(0)).toMatch(/-08:00$/)
})

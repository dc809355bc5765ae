import ICAL from 'ical.js'
import { Temporal } from 'temporal-polyfill'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AnswerBody } from '../helpers/api.ts'
import { clinicTime, instant, openDesk, ZONE, type Desk } from '../helpers/clinic.ts'
import { frontDeskVisit, inEhr, slotStatuses } from '../helpers/ehr-changes.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { expectSound, succeed } from '../helpers/writes.ts'

const fhir = hapiOnH2()
const QUARTER_MS = 15 * 60_000
const HOUR_MS = 60 * 60_000
/** Offers as the gateway shows them. */
type Offer = AnswerBody['slots'][number] & { readonly end: string; readonly local_start: string }

let gateway: GatewayProcess
beforeAll(async () => {
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl })
})
afterAll(() => gateway.stop())

const api = () => gateway.api
const offersOf = async (desk: Desk, type: string, query = '') => (await api().offers(type, desk.provider, query)) as readonly Offer[]
const book = async (slot_id: string | undefined, patient: string | undefined) =>
  (await succeed(api().post('/appointments', { slot_id, patient }))).body

/** The next change of the clinic's clock to the given offset, at least two days away. */
function changeTo(offset: '-07:00' | '-08:00'): Temporal.ZonedDateTime {
  let change = Temporal.Now.zonedDateTimeISO(ZONE).add({ days: 2 }).getTimeZoneTransition('next')
  while (change && change.offset !== offset) change = change.getTimeZoneTransition('next')
  if (!change) throw new Error(`${ZONE} never changes to ${offset}`)
  return change
}

/** A desk whose Slots begin at 01:00 of the day of a change and end at 04:00, by the clinic's clock. */
async function deskAround(change: Temporal.ZonedDateTime, patients: number): Promise<Desk> {
  const at = (hour: number) => change.withPlainTime({ hour }).epochMilliseconds
  return openDesk(fhir, { start: at(1), slots: (at(4) - at(1)) / QUARTER_MS, patients })
}

/** "Sunday, March 14", as words of speech have it. */
function spokenDay(change: Temporal.ZonedDateTime): string {
  return change.toPlainDate().toLocaleString('en-US', { weekday: 'long', month: 'long', day: 'numeric' })
}

const times = (offers: readonly Offer[]) => offers.map((offer) => offer.start.slice(11))
const words = (offers: readonly Offer[]) => offers.map((offer) => offer.local_start)

/** Length of the visit in milliseconds, as the answer, the EHR and the calendar have it. */
async function lengths(body: AnswerBody): Promise<number[]> {
  const stored = await inEhr(fhir, body.appointment_id)
  const { text } = (await api().get(`/appointments/${body.appointment_id}/calendar.ics`)).body
  const calendar = new ICAL.Component(ICAL.parse(String(text)) as unknown[])
  const event = new ICAL.Event(calendar.getFirstSubcomponent('vevent')!)
  const between = (start: unknown, end: unknown) => Date.parse(String(end)) - Date.parse(String(start))
  return [between(body['start'], body['end']), between(stored.start, stored.end), event.duration.toSeconds() * 1000]
}

describe('the night in which the clock goes forward', () => {
  const change = changeTo('-07:00')
  let desk: Desk
  beforeAll(async () => {
    desk = await deskAround(change, 2)
  })

  test('has no time between two and three, and each offer has the offset of its time', async () => {
    const offers = await offersOf(desk, 'short')
    expect(times(offers)).toEqual([
      ...['01:00:00-08:00', '01:15:00-08:00', '01:30:00-08:00', '01:45:00-08:00'],
      ...['03:00:00-07:00', '03:15:00-07:00', '03:30:00-07:00', '03:45:00-07:00'],
    ])
    expect(words(offers).slice(3, 5)).toEqual([`${spokenDay(change)} at 1:45 AM PST`, `${spokenDay(change)} at 3:00 AM PDT`])
    expect(offers[3]?.end).toBe(offers[4]?.start)
  })

  test('a visit over the change is as long as any other', async () => {
    const [earlier, , offer] = await offersOf(desk, 'long')
    expect([offer?.start.slice(11), offer?.end.slice(11)]).toEqual(['01:30:00-08:00', '03:30:00-07:00'])
    const booked = await book(offer?.slot_id, desk.patients[0])
    expect(booked['message']).toContain(`${spokenDay(change)} at 1:30 AM PST`)
    expect(await lengths(booked)).toEqual([HOUR_MS, HOUR_MS, HOUR_MS])
    expect(await slotStatuses(fhir, desk)).toEqual(['free', 'free', 'busy', 'busy', 'busy', 'busy', 'free', 'free'])
    const moved = await succeed(api().post(`/appointments/${booked.appointment_id}/reschedule`, { slot_id: earlier?.slot_id }))
    expect(await lengths(moved.body)).toEqual([HOUR_MS, HOUR_MS, HOUR_MS])
    expect(moved.body['end']).toBe(desk.slots[3]?.end)
    await expectSound(fhir, desk, { live: 1, all: 1 })
  })
})

describe('the night in which the clock goes back', () => {
  const change = changeTo('-08:00')
  let desk: Desk
  beforeAll(async () => {
    desk = await deskAround(change, 3)
  })

  test('has the hour from one to two twice, told apart by offset and in words', async () => {
    const offers = await offersOf(desk, 'short')
    expect(times(offers).slice(0, 9)).toEqual([
      ...['01:00:00-07:00', '01:15:00-07:00', '01:30:00-07:00', '01:45:00-07:00'],
      ...['01:00:00-08:00', '01:15:00-08:00', '01:30:00-08:00', '01:45:00-08:00'],
      '02:00:00-08:00',
    ])
    expect(offers).toHaveLength(16)
    expect(words([offers[2]!, offers[6]!])).toEqual([`${spokenDay(change)} at 1:30 AM PDT`, `${spokenDay(change)} at 1:30 AM PST`])
  })

  test('a window of one of these hours finds its own times only', async () => {
    const hour = (offset: string) => {
      const [start, end] = [`${change.toPlainDate().toString()}T01:00:00${offset}`, `${change.toPlainDate().toString()}T01:45:00${offset}`]
      return `/availability?type=short&provider=${desk.provider}&start=${encodeURIComponent(start)}&end=${encodeURIComponent(end)}`
    }
    const found = async (offset: string) => times((await api().get(hour(offset))).body.slots as readonly Offer[])
    expect(await found('-07:00')).toEqual(['01:00:00-07:00', '01:15:00-07:00', '01:30:00-07:00'])
    expect(await found('-08:00')).toEqual(['01:00:00-08:00', '01:15:00-08:00', '01:30:00-08:00'])
  })

  test('two patients book the two half past ones, and the third gets neither', async () => {
    const offers = await offersOf(desk, 'short')
    const [a, b, c] = desk.patients
    const first = await book(offers[2]?.slot_id, a)
    const second = await book(offers[6]?.slot_id, b)
    expect([first['start'], second['start']]).toEqual([desk.slots[2]?.start, desk.slots[6]?.start])
    expect([first['local_start'], second['local_start']]).toEqual(words([offers[2]!, offers[6]!]))
    for (const offer of [offers[2], offers[6]]) {
      expect((await api().post('/appointments', { slot_id: offer?.slot_id, patient: c })).body.code).toBe('slot_taken')
    }
    expect(times(await offersOf(desk, 'short'))).not.toContain('01:30:00-07:00')
    await expectSound(fhir, desk, { live: 2, all: 2 })
    for (const id of [first, second].map((body) => body.appointment_id)) await succeed(api().post(`/appointments/${id}/cancel`, {}))
  })

  test('a visit over the change is as long as any other, though it ends when it began by the clock', async () => {
    const offer = (await offersOf(desk, 'long'))[2]
    expect([offer?.start.slice(11), offer?.end.slice(11)]).toEqual(['01:30:00-07:00', '01:30:00-08:00'])
    const booked = await book(offer?.slot_id, desk.patients[0])
    expect(await lengths(booked)).toEqual([HOUR_MS, HOUR_MS, HOUR_MS])
    expect((await slotStatuses(fhir, desk)).slice(0, 8)).toEqual(['free', 'free', 'busy', 'busy', 'busy', 'busy', 'free', 'free'])
    await expectSound(fhir, desk, { live: 1, all: 3 })
  })
})

describe('midnight', () => {
  const midnight = clinicTime('00:00', 21)
  const window = (start: number, end: number) =>
    `/availability?type=short&limit=50&start=${encodeURIComponent(instant(start))}&end=${encodeURIComponent(instant(end))}`
  const found = async (desk: Desk, start: number, end: number) =>
    times((await api().get(`${window(start, end)}&provider=${desk.provider}`)).body.slots as readonly Offer[])
  const DAY_MS = 24 * HOUR_MS
  const QUARTERS = ['23:30:00', '23:45:00', '00:00:00', '00:15:00']
  const at = (index: number) => `${QUARTERS[index] ?? ''}${instant(midnight).slice(-6)}`

  test('one Slot from a quarter to twelve to a quarter past is one visit of the day it begins on', async () => {
    const desk = await openDesk(fhir, { start: midnight - QUARTER_MS, slots: 1, minutes: 30, patients: 1 })
    const [offer] = await offersOf(desk, 'buffered')
    expect([offer?.start, offer?.end]).toEqual([instant(midnight - QUARTER_MS), instant(midnight + QUARTER_MS)])
    expect(offer?.start.slice(0, 10)).not.toBe(offer?.end.slice(0, 10))
    expect(offer?.local_start).toContain('at 11:45 PM P')
    const booked = await book(offer?.slot_id, desk.patients[0])
    expect(await lengths(booked)).toEqual([2 * QUARTER_MS, 2 * QUARTER_MS, 2 * QUARTER_MS])
    expect(await slotStatuses(fhir, desk)).toEqual(['busy'])
    await expectSound(fhir, desk, { live: 1, all: 1 })
  })

  test('a window that ends or begins at midnight finds the times before or after it', async () => {
    const desk = await openDesk(fhir, { start: midnight - 2 * QUARTER_MS, slots: 4 })
    expect(await found(desk, midnight - DAY_MS, midnight)).toEqual([at(0), at(1)])
    expect(await found(desk, midnight, midnight + DAY_MS)).toEqual([at(2), at(3)])
  })

  test('a visit that began the day before keeps the times after midnight from being offered and booked', async () => {
    const desk = await openDesk(fhir, { start: midnight - QUARTER_MS, slots: 6, patients: 2 })
    const later = (await offersOf(desk, 'short'))[2]
    await book((await offersOf(desk, 'long'))[0]?.slot_id, desk.patients[0])
    expect(await found(desk, midnight, midnight + DAY_MS)).toEqual(['00:45:00', '01:00:00'].map((time) => `${time}${at(2).slice(-6)}`))
    expect((await api().post('/holds', { slot_id: later?.slot_id, patient: desk.patients[1] })).body.code).toBe('slot_taken')
    await expectSound(fhir, desk, { live: 1, all: 1 })
  })

  test('so does one that the front desk made without a Slot', async () => {
    const desk = await openDesk(fhir, { start: midnight, slots: 2 })
    const [offer] = await offersOf(desk, 'short')
    const times = { start: instant(midnight - QUARTER_MS), end: instant(midnight + QUARTER_MS) }
    await fhir.create(frontDeskVisit(desk, desk.slots[0]!, times))
    expect(await found(desk, midnight, midnight + DAY_MS)).toEqual([at(3)])
    expect((await api().post('/holds', { slot_id: offer?.slot_id, patient: desk.patients[0] })).body.code).toBe('slot_taken')
    await expectSound(fhir, desk, { live: 1, all: 1 })
  })
})

import { readFileSync } from 'node:fs'
import type { FhirResource, Patient, Schedule, Slot } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AnswerBody, Api } from '../helpers/api.ts'
import { checkEhr } from '../helpers/checker.ts'
import { MRN_SYSTEM, patients, unique, ZONE } from '../helpers/clinic.ts'
import { runScript } from '../helpers/command.ts'
import { inEhr } from '../helpers/ehr-changes.ts'
import { recordFact } from '../helpers/facts.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'
import { statuses, succeed } from '../helpers/writes.ts'

/** Scheduling data of the Argonaut Project's connectathon as R4: two weeks of 15-minute Slots of nine Schedules, no patients. */
const FILE = process.env['TEST_NDJSON']
const TITLE = FILE === undefined ? 'real scheduling data: no file. Name one with TEST_NDJSON=FILE.ndjson' : 'real scheduling data'
const RACERS = 16

const ROUTINE = 'http://terminology.hl7.org/CodeSystem/v2-0276|ROUTINE'
const visitType = (code: string, snomed: string, minutes: number) => ({
  code,
  title: code,
  minutes,
  modalities: ['in-person'],
  match: { specialty: [`http://snomed.info/sct|${snomed}`], appointmentType: [ROUTINE] },
  writes: { specialty: [`http://snomed.info/sct|${snomed}`], appointmentType: ROUTINE },
})
const MAPPING = {
  visitTypes: [
    visitType('dermatology', '394582007', 15),
    visitType('family-medicine', '419772000', 30),
    visitType('gastroenterology', '394584008', 15),
    visitType('pediatrics', '394537008', 15),
  ],
}

const fhir = hapiOnPostgres()

describe.skipIf(FILE === undefined)(TITLE, () => {
  const people: Patient[] = patients(RACERS + 2)
  const references = people.map((person) => `Patient/${person.id ?? ''}`)
  const shift = daysToComingMonday()
  let given: FhirResource[]
  let gateways: GatewayProcess[]
  let seeded: { code: number | null; output: string }

  const load = () => runScript('seed', ['--from', FILE ?? ''], { FHIR_BASE_URL: fhir.baseUrl })
  const slotsOf = (schedule: Schedule) =>
    given.filter((one): one is Slot => one.resourceType === 'Slot' && one.schedule.reference === `Schedule/${schedule.id ?? ''}`)
  const schedules = () => given.filter((one): one is Schedule => one.resourceType === 'Schedule')
  const providerOf = (schedule: Schedule) => schedule.actor[0]?.reference?.split('/')[1] ?? ''
  const api = (index = 0): Api => gateways[index % gateways.length]!.api

  beforeAll(async () => {
    given = readFileSync(FILE ?? '', 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as FhirResource)
    seeded = await load()
    await fhir.putAll(people)
    gateways = await Promise.all([1, 2].map(() => startGateway({ fhirBaseUrl: fhir.baseUrl, mapping: MAPPING })))
  })
  afterAll(() => Promise.all(gateways.map((gateway) => gateway.stop())))

  async function expectSoundSchedules(live: number): Promise<void> {
    const verdicts = await Promise.all(
      schedules().map((schedule) => checkEhr(fhir, [schedule.id ?? ''], [`Practitioner/${providerOf(schedule)}`])),
    )
    expect(verdicts.flatMap((verdict) => verdict.violations)).toEqual([])
    expect(verdicts.flatMap((verdict) => verdict.live)).toHaveLength(live)
  }

  test('npm run seed -- --from FILE says what it did', () => {
    expect(seeded.code, seeded.output).toBe(0)
    expect(seeded.output).toMatch(/Moved by \d+ weeks: the first Slot is on Monday, \d{4}-\d\d-\d\d \(America\/Los_Angeles\)/)
    expect(seeded.output).toMatch(/Done in .+: 3,285 new, 0 were there before/)
  })

  test("all 3,240 Slots are there, moved by whole weeks to the coming Monday, at the same time of the clinic's clock", async () => {
    let count = 0
    for (const schedule of schedules()) {
      const found = await fhir.search('Slot', `schedule=Schedule/${schedule.id ?? ''}`)
      const shown = (slot: Slot) => [slot.id, slot.start, slot.end, slot.status, slot.specialty, slot.appointmentType]
      const expected = slotsOf(schedule).map((slot) => ({ ...slot, start: moved(slot.start, shift), end: moved(slot.end, shift) }))
      expect(sorted(found.map(shown))).toEqual(sorted(expected.map(shown)))
      count += found.length
    }
    expect(count).toBe(3240)
    const first = given.flatMap((one) => (one.resourceType === 'Slot' ? [moved(one.start, shift)] : [])).sort()[0]
    expect(Temporal.PlainDate.from(first?.slice(0, 10) ?? '').dayOfWeek).toBe(1)
    expect(shift % 7).toBe(0)
  })

  test('availability offers, for every provider, exactly the times that the data has free on a day', async () => {
    for (const schedule of schedules()) {
      const code = schedule.specialty?.[0]?.coding?.[0]?.code ?? ''
      const type = MAPPING.visitTypes.find((one) => one.match.specialty[0]?.endsWith(code))!
      const free = slotsOf(schedule).flatMap((slot) => (slot.status === 'free' ? [moved(slot.start, shift)] : []))
      const day = Temporal.PlainDate.from(free.sort()[0]?.slice(0, 10) ?? '')
      const starts = new Set(free)
      const isFree = (start: string, minutes: number) => starts.has(later(start, minutes))
      const expected = free.filter((start) => start.startsWith(day.toString()) && (type.minutes === 15 || isFree(start, 15)))
      const { body } = await api().get(`/availability?type=${type.code}&provider=${providerOf(schedule)}&limit=50&${windowOf(day)}`)
      expect(expected.length, schedule.id).toBeGreaterThan(2)
      expect(body.slots.map((offer) => offer.start)).toEqual(expected)
    }
  })

  test('availability by specialty alone, by place, and for a provider of another specialty', async () => {
    const providers = async (query: string) =>
      new Set(
        (await api().get(`/availability?limit=50&${query}`)).body.slots.map((offer) => (offer as unknown as Offer).provider.name),
      )
    const week = `start=${encodeURIComponent(moved('2017-08-28T08:00:00-07:00', shift))}`
    expect(await providers(`type=dermatology&${week}`)).toEqual(new Set(['Dr Philip Boyce', 'Dr Phlox Billingsley']))
    expect(await providers(`type=dermatology&location=arg-s-2&${week}`)).toEqual(new Set(['Dr Phlox Billingsley']))
    expect(await providers(`type=dermatology&provider=arg-s-9&${week}`)).toEqual(new Set())
  })

  test('intake, hold, confirm, repeat, reschedule, cancel', async () => {
    const [person] = people
    const identity = { mrn: person?.identifier?.[0]?.value, birth_date: person?.birthDate }
    expect(person?.identifier?.[0]?.system).toBe(MRN_SYSTEM)
    const intake = await succeed(api().post('/intake', { type: 'family-medicine', patient: identity }))
    expect(intake.body).toMatchObject({ outcome: 'eligible' })
    const patient_token = intake.body.patient_token
    const offers = await api().offers('family-medicine', 'arg-s-3')
    const [first, , , , other] = offers

    const hold = await succeed(api().post('/holds', { slot_id: first?.slot_id, patient_token }))
    const id = hold.body.hold_id
    expect(await statusesAt('arg-s-3', first)).toEqual(['busy-tentative', 'busy-tentative'])
    const ask = { key: unique('key') }
    const booked = await succeed(api().post('/appointments', { hold_id: id, patient_token }, ask))
    expect(booked.body).toMatchObject({ appointment_id: id, state: 'booked', start: first?.start, provider: { name: 'Dr Leonard McCoy' } })
    expect(await statusesAt('arg-s-3', first)).toEqual(['busy', 'busy'])
    const { replayed: _, ...shown } = booked.body
    expect((await api(1).post('/appointments', { hold_id: id, patient_token }, ask)).body).toEqual({ ...shown, replayed: true })
    await expectSoundSchedules(1)

    const move = await succeed(api(1).post(`/appointments/${id}/reschedule`, { slot_id: other?.slot_id, patient_token }))
    expect(move.body).toMatchObject({ appointment_id: id, state: 'booked', start: other?.start })
    expect([await statusesAt('arg-s-3', first), await statusesAt('arg-s-3', other)]).toEqual([
      ['free', 'free'],
      ['busy', 'busy'],
    ])
    await succeed(api().post(`/appointments/${id}/cancel`, { patient_token }))
    expect(await inEhr(fhir, id)).toMatchObject({
      status: 'cancelled',
      specialty: [{ coding: [{ system: 'http://snomed.info/sct', code: '419772000' }] }],
      appointmentType: { coding: [{ code: 'ROUTINE' }] },
    })
    expect(await api().offers('family-medicine', 'arg-s-3')).toEqual(offers)
    await expectSoundSchedules(0)
  })

  test(`${RACERS} patients and one Slot, over two processes: one visit`, async () => {
    const [offer] = await api().offers('dermatology', 'arg-s-1')
    const answers = await Promise.all(
      references.slice(1, RACERS + 1).map((patient, index) => api(index).post('/appointments', { slot_id: offer?.slot_id, patient })),
    )
    expect(statuses(answers)).toEqual({ 201: 1, '409 slot_taken': RACERS - 1 })
    await expectSoundSchedules(1)
    recordFact('real scheduling data', `3,240 Slots of 9 Schedules loaded; ${RACERS} patients raced for one of them, one got it`)
  })

  test('loading the file again leaves the visit alone', async () => {
    const before = await liveVisits()
    expect(before).toHaveLength(1)
    const again = await load()
    expect(again.code, again.output).toBe(0)
    expect(again.output).toMatch(/Done in .+: 0 new, 3,284 were there before, 1 left alone/)
    expect(await liveVisits()).toEqual(before)
    await expectSoundSchedules(1)
  })

  interface Offer {
    readonly start: string
    readonly provider: { name: string }
  }

  async function liveVisits() {
    return fhir.search('Appointment', 'actor=Practitioner/arg-s-1&status=booked')
  }

  /** Statuses of the two Slots of a half-hour visit. */
  async function statusesAt(schedule: string, offer: AnswerBody['slots'][number] | undefined): Promise<(string | undefined)[]> {
    const found = await fhir.search('Slot', `schedule=Schedule/${schedule}`)
    const at = Date.parse(offer?.start ?? '')
    return [at, at + 15 * 60_000].map((start) => found.find((slot) => Date.parse(slot.start) === start)?.status)
  }
})

/** The first Monday after today, by the clinic's calendar. */
function comingMonday(): Temporal.PlainDate {
  const today = Temporal.Now.plainDateISO(ZONE)
  return today.add({ days: 8 - today.dayOfWeek })
}

/** The data begins on Monday, 2017-08-28. */
function daysToComingMonday(): number {
  return Temporal.PlainDate.from('2017-08-28').until(comingMonday()).days
}

/** The same time on the clinic's clock so many days later, with the offset of that day. */
function moved(instant: string, days: number): string {
  const local = Temporal.PlainDateTime.from(instant.slice(0, 19)).add({ days })
  return local.toZonedDateTime(ZONE).toString({ timeZoneName: 'never' })
}

function later(instant: string, minutes: number): string {
  return Temporal.Instant.from(instant).add({ minutes }).toZonedDateTimeISO(ZONE).toString({ timeZoneName: 'never' })
}

/** `start` and `end` of a day of the clinic, as a query. */
function windowOf(day: Temporal.PlainDate): string {
  const [start, end] = [day, day.add({ days: 1 })].map((date) => date.toZonedDateTime(ZONE).toString({ timeZoneName: 'never' }))
  return `start=${encodeURIComponent(start ?? '')}&end=${encodeURIComponent(end ?? '')}`
}

function sorted<T extends readonly unknown[]>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => String(a[0]).localeCompare(String(b[0])))
}

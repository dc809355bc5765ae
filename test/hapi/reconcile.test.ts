import type { Appointment, Slot } from 'fhir/r4.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PassOptions, ReconcileReport } from '../../src/booking/reconcile.ts'
import { readClaim, withClaim } from '../../src/fhir/slot-claim.ts'
import { checkEhr } from '../helpers/checker.ts'
import { instant, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { frontDeskVisit, inEhr, setBusyInEhr, slotStatuses } from '../helpers/ehr-changes.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { startReconciler, type Reconciler } from '../helpers/reconciler.ts'
import { hapiOnH2, hapiOnPostgres } from '../helpers/servers.ts'
import { succeed } from '../helpers/writes.ts'

/** Both servers: the one that is used in races, and the one that refuses what is not valid R4. */
describe.each([
  ['HAPI on PostgreSQL', hapiOnPostgres],
  ['HAPI with request validation', hapiOnH2],
] as const)('%s', (_name, server) => {
  const fhir = server()
  let gateway: GatewayProcess
  let worker: Reconciler
  beforeAll(async () => {
    gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl })
    worker = await startReconciler(fhir.baseUrl)
  })
  afterAll(async () => {
    await gateway.stop()
    await worker.stop()
  })

  /** A desk with a visit on its Slot number `index`, and the moment before anything was done to it. */
  async function booked(index = 1, options: { slots?: number; type?: string; patient?: number; desk?: Desk; hold?: boolean } = {}) {
    const desk = options.desk ?? (await openDesk(fhir, { slots: options.slots ?? 6, patients: 3 }))
    const offers = await gateway.api.offers(options.type ?? 'short', desk.provider)
    const offer = offers.find((candidate) => candidate.start === desk.slots[index]!.start)
    const body = { slot_id: offer?.slot_id, patient: desk.patients[options.patient ?? 0] }
    const answer = await succeed(gateway.api.post(options.hold === true ? '/holds' : '/appointments', body))
    const id = options.hold === true ? answer.body.hold_id : answer.body.appointment_id
    return { desk, id, visit: await inEhr(fhir, id), since: Date.now() }
  }

  /** What a pass found that is about these visits; other tests leave doubts behind. */
  async function passOver(since: number | undefined, visits: readonly Appointment[], options: PassOptions = {}): Promise<ReconcileReport> {
    const report = await worker.pass(since, options)
    const ids = visits.map((visit) => visit.id!)
    return { ...report, doubts: report.doubts.filter((doubt) => doubt.appointmentIds.some((id) => ids.includes(id))) }
  }

  async function violations(desk: Desk): Promise<readonly string[]> {
    return (await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])).violations
  }

  /** Nothing is left to do, whether one looks at what changed or at everything. */
  async function expectSettled(desk: Desk, since: number): Promise<void> {
    expect(await violations(desk)).toEqual([])
    expect((await worker.pass(since)).repaired).toEqual({})
  }

  const move = (visit: Appointment, to: Slot, changes: Partial<Appointment> = {}) =>
    fhir.put({ ...visit, start: to.start, end: to.end, ...changes })

  describe('claims that no live visit stands behind', () => {
    test.each(['cancelled', 'noshow', 'entered-in-error'] as const)(
      'are freed where the front desk set the visit %s, and it is announced',
      async (status) => {
        const { desk, id, visit, since } = await booked(2, { type: 'buffered' })
        const ended = await fhir.put({ ...visit, status })
        const report = await passOver(since, [visit])
        expect(report).toMatchObject({ repaired: { freed: 1 }, doubts: [] })
        expect(report.events).toContainEqual({ kind: 'cancelled', appointmentId: id, version: ended.meta?.versionId, clientId: 'dev' })
        expect(new Set(await slotStatuses(fhir, desk))).toEqual(new Set(['free']))
        expect((await inEhr(fhir, id)).meta?.versionId).toBe(ended.meta?.versionId)
        await expectSettled(desk, since)
      },
    )

    test('are freed where there is no such visit, and the receipt names the Slots', async () => {
      const desk = await openDesk(fhir, { slots: 3 })
      const since = Date.now()
      const appointmentId = unique('ap-nobody')
      const slot = await fhir.put(withClaim(desk.slots[1]!, { appointmentId, status: 'busy', version: '1' }))
      expect(await worker.pass(since)).toMatchObject({ repaired: { freed: 1 }, doubts: [] })
      expect(await fhir.read('Slot', slot.id!)).toEqual({ ...desk.slots[1], meta: expect.anything() as unknown })
      const [receipt] = await fhir.search('AuditEvent', `entity=Slot/${slot.id!}`)
      expect(receipt?.subtype?.map((coding) => coding.code)).toEqual(['reconcile', 'freed'])
      await expectSettled(desk, since)
    })

    test('are freed where the live visit does not name the Slot', async () => {
      const { desk, id, visit, since } = await booked(1)
      await fhir.put(withClaim(desk.slots[4]!, { appointmentId: id, status: 'busy-unavailable', version: '1' }))
      expect((await passOver(since, [visit])).repaired).toEqual({ freed: 1 })
      expect((await slotStatuses(fhir, desk))[4]).toBe('free')
      await expectSettled(desk, since)
    })

    test('of a hold that has run out are left to the expiry', async () => {
      const { id, since, visit } = await booked(1, { hold: true })
      const past = new Date(Date.now() - 1_000).toISOString()
      const extension = visit.extension!.map((each) => ('valueInstant' in each ? { ...each, valueInstant: past } : each))
      await fhir.put({ ...visit, extension })
      expect(await passOver(since, [visit])).toMatchObject({ repaired: {}, doubts: [] })
      expect((await inEhr(fhir, id)).status).toBe('pending')
    })
  })

  describe('a live visit', () => {
    test.each(['dropped', 'kept'] as const)('gets its Slot back that the EHR set free (claim %s)', async (claim) => {
      const { desk, id, visit, since } = await booked(2, { type: 'buffered' })
      for (const index of [2, 4]) {
        const slot = await fhir.read('Slot', desk.slots[index]!.id!)
        await fhir.put(claim === 'kept' ? { ...slot, status: 'free' } : desk.slots[index]!)
      }
      expect(await passOver(since, [visit])).toMatchObject({ repaired: { reclaimed: 1 }, doubts: [] })
      expect(await slotStatuses(fhir, desk)).toEqual(['free', 'busy-unavailable', 'busy', 'busy', 'busy-unavailable', 'free'])
      expect((await inEhr(fhir, id)).meta?.versionId).toBe(visit.meta?.versionId)
      expect((await fhir.read('Slot', desk.slots[2]!.id!)).extension).toContainEqual(desk.slots[2]!.extension![0])
      await expectSettled(desk, since)
    })

    test.each(['dropped', 'kept'] as const)('does not get a Slot that the EHR set busy itself (claim %s)', async (claim) => {
      const { desk, visit, since } = await booked(1, { hold: true })
      const slot = await setBusyInEhr(fhir, desk.slots[1]!.id!, claim)
      expect(await passOver(since, [visit])).toMatchObject({ repaired: {}, doubts: [] })
      expect(await fhir.read('Slot', slot.id!)).toEqual(slot)
    })

    test('whose Slot belongs to another visit is a doubt', async () => {
      const { desk, visit, since } = await booked(1)
      const other = await booked(3, { desk, patient: 1 })
      const claim = readClaim(await fhir.read('Slot', desk.slots[3]!.id!))!
      const names = [...other.visit.slot!, { reference: `Slot/${desk.slots[1]!.id!}` }]
      await fhir.put({ ...other.visit, supportingInformation: names.slice(1) })
      await fhir.put(withClaim(desk.slots[1]!, { ...claim, status: 'busy-unavailable' }))
      const { repaired, doubts } = await passOver(since, [visit])
      expect(repaired).toEqual({})
      expect(doubts).toMatchObject([{ kind: 'claim_lost', appointmentIds: [visit.id, other.visit.id], slotIds: [desk.slots[1]!.id] }])
    })

    test('that the front desk confirmed keeps its Slots for good', async () => {
      const { desk, visit, since } = await booked(1, { hold: true })
      await fhir.put({ ...visit, status: 'booked' })
      expect((await passOver(since, [visit])).repaired).toEqual({ reclaimed: 1 })
      expect(readClaim(await fhir.read('Slot', desk.slots[1]!.id!))).toMatchObject({ status: 'busy', version: '2' })
      expect(readClaim(await fhir.read('Slot', desk.slots[1]!.id!))?.until).toBeUndefined()
      await expectSettled(desk, since)
    })

    test('under which the EHR moved the Slot is a doubt', async () => {
      const { desk, visit, since } = await booked(1)
      const slot = await fhir.read('Slot', desk.slots[1]!.id!)
      const later = (time: string) => instant(Date.parse(time) + 6 * 60 * 60_000)
      await fhir.put({ ...slot, start: later(slot.start), end: later(slot.end) })
      expect(await passOver(since, [visit])).toMatchObject({
        repaired: {},
        doubts: [{ kind: 'place_changed', appointmentIds: [visit.id] }],
      })
    })
  })

  describe('a visit that the front desk moved', () => {
    test('takes its claims along', async () => {
      const { desk, id, visit, since } = await booked(1, { type: 'buffered', slots: 8 })
      await fhir.put({ ...visit, start: desk.slots[5]!.start, end: desk.slots[6]!.end })
      const report = await passOver(since, [visit])
      expect(report).toMatchObject({ repaired: { moved: 1 }, doubts: [] })
      const moved = await inEhr(fhir, id)
      expect(report.events).toContainEqual({ kind: 'rescheduled', appointmentId: id, version: moved.meta?.versionId, clientId: 'dev' })
      expect(await slotStatuses(fhir, desk)).toEqual([
        'free',
        'free',
        'free',
        'free',
        'busy-unavailable',
        'busy',
        'busy',
        'busy-unavailable',
      ])
      await expectSettled(desk, since)
      // The patient can go on with it as with any other.
      await succeed(gateway.api.post(`/appointments/${id}/cancel`, {}))
      expect(new Set(await slotStatuses(fhir, desk))).toEqual(new Set(['free']))
    })

    test('to a Slot that the EHR keeps for it only leaves its old one', async () => {
      const { desk, id, visit, since } = await booked(1)
      const kept = await setBusyInEhr(fhir, desk.slots[4]!.id!, 'dropped')
      const moved = await move(visit, desk.slots[4]!, { slot: [{ reference: `Slot/${desk.slots[4]!.id!}` }] })
      const report = await passOver(since, [visit])
      expect(report).toMatchObject({ repaired: { freed: 1 }, doubts: [] })
      expect(report.events).toContainEqual({ kind: 'rescheduled', appointmentId: id, version: moved.meta?.versionId, clientId: 'dev' })
      expect(await slotStatuses(fhir, desk)).toEqual(['free', 'free', 'free', 'free', 'busy', 'free'])
      expect(await fhir.read('Slot', kept.id!)).toEqual(kept)
    })

    test('onto the time of another visit is a doubt, and nothing is changed', async () => {
      const { desk, visit, since } = await booked(1)
      const other = await booked(3, { desk, patient: 1 })
      const before = await slotStatuses(fhir, desk)
      await move(visit, desk.slots[3]!)
      const { repaired, doubts } = await passOver(since, [visit])
      expect(repaired).toEqual({})
      expect(doubts).toMatchObject([{ kind: 'moved_onto_taken', appointmentIds: [visit.id, other.visit.id], slotIds: [desk.slots[3]!.id] }])
      expect(await slotStatuses(fhir, desk)).toEqual(before)
    })

    test('to another practitioner takes the time of that one', async () => {
      const { desk, id, visit, since } = await booked(1)
      const colleague = await openDesk(fhir, { slots: 6 })
      const practitioner = { actor: { reference: `Practitioner/${colleague.provider}` }, status: 'accepted' as const }
      const others = visit.participant.filter(({ actor }) => !actor?.reference?.startsWith('Practitioner/'))
      await fhir.put({ ...visit, participant: [...others, practitioner] })
      expect(await passOver(since, [visit])).toMatchObject({ repaired: { moved: 1 }, doubts: [] })
      expect(new Set(await slotStatuses(fhir, desk))).toEqual(new Set(['free']))
      expect(await slotStatuses(fhir, colleague)).toEqual(['free', 'busy', 'free', 'free', 'free', 'free'])
      expect((await inEhr(fhir, id)).slot).toEqual([{ reference: `Slot/${colleague.slots[1]!.id!}` }])
      await expectSettled(colleague, since)
    })

    test('to time without Slots uses none', async () => {
      const { desk, id, visit, since } = await booked(1)
      await fhir.put({ ...visit, start: desk.slots[5]!.end, end: instant(Date.parse(desk.slots[5]!.end) + 15 * 60_000) })
      expect(await passOver(since, [visit])).toMatchObject({ repaired: { moved: 1 }, doubts: [] })
      expect((await inEhr(fhir, id)).slot).toBeUndefined()
      await expectSettled(desk, since)
    })
  })

  test('an entry past the Slots over a visit is a doubt, once, and the same on every pass', async () => {
    const { desk, visit, since } = await booked(1)
    const entry = await fhir.create(frontDeskVisit(desk, desk.slots[1]!))
    const first = await passOver(since, [visit])
    const ids = [visit.id!, entry.id!].sort()
    expect(first.doubts).toMatchObject([{ kind: 'overlap', appointmentIds: ids, slotIds: [], patient: desk.patients[0] }])
    expect(first.repaired).toEqual({})
    expect((await passOver(since, [visit])).doubts).toEqual(first.doubts)
    expect((await passOver(undefined, [visit])).doubts).toEqual(first.doubts)
    await fhir.put({ ...entry, status: 'cancelled' })
    expect((await passOver(undefined, [visit])).doubts).toEqual([])
  })

  test('an entry that comes when the visit is long known is found too', async () => {
    const { desk, visit } = await booked(1)
    const since = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 20))
    await fhir.create(frontDeskVisit(desk, desk.slots[1]!))
    expect((await passOver(since, [visit])).doubts).toMatchObject([{ kind: 'overlap' }])
  })

  test('two Appointments with one identifier are a doubt', async () => {
    const { visit, since, desk } = await booked(1)
    const { id: _id, meta: _meta, ...copy } = visit
    const second: Appointment = await fhir.create({ ...copy, start: desk.slots[4]!.start, end: desk.slots[4]!.end })
    const { doubts, repaired } = await passOver(since, [visit])
    expect(doubts).toMatchObject([{ kind: 'duplicate_identifier', appointmentIds: [visit.id, second.id].sort() }])
    expect(repaired).toEqual({})
    expect((await passOver(undefined, [visit])).doubts).toEqual(doubts)
  })

  test('what changed a moment ago is left, and the next pass takes it up', async () => {
    const { desk, visit, since } = await booked(1)
    await fhir.put({ ...visit, status: 'cancelled' })
    const first = await passOver(since, [visit], { settledAfterMs: 2_000 })
    expect(first).toMatchObject({ repaired: {}, doubts: [] })
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    expect((await passOver(first.asOf, [visit], { settledAfterMs: 2_000 })).repaired).toEqual({ freed: 1 })
    await expectSettled(desk, since)
  })

  test('a dry run says what it would do and does nothing', async () => {
    const { visit, since, desk } = await booked(1)
    await fhir.put({ ...visit, status: 'cancelled' })
    const before = await slotStatuses(fhir, desk)
    const repairs: string[] = []
    const report = await passOver(since, [visit], { dryRun: true, onRepair: ({ kind }) => repairs.push(kind) })
    expect([report.repaired, repairs]).toEqual([{ freed: 1 }, ['freed']])
    expect(await slotStatuses(fhir, desk)).toEqual(before)
    await worker.pass(since)
    await expectSettled(desk, since)
  })

  test('of two workers at the same time one repairs', async () => {
    const second = await startReconciler(fhir.baseUrl)
    try {
      const visits = [await booked(1), await booked(1), await booked(1), await booked(1)]
      for (const [index, { visit, desk }] of visits.entries())
        await fhir.put(
          index % 2 === 0 ? { ...visit, status: 'cancelled' } : { ...visit, start: desk.slots[4]!.start, end: desk.slots[4]!.end },
        )
      const { since } = visits[0]!
      const reports = await Promise.all([worker.pass(since), second.pass(since), worker.pass(since), second.pass(since)])
      const sum = (kind: string) => reports.reduce((total, report) => total + (report.repaired[kind] ?? 0), 0)
      expect([sum('freed'), sum('moved')]).toEqual([2, 2])
      for (const { desk } of visits) await expectSettled(desk, since)
    } finally {
      await second.stop()
    }
  })

  test('a repair that rests on an older version of the visit changes nothing, even where the visit is the same again', async () => {
    const { id, visit, desk } = await booked(1)
    await fhir.put({ ...visit, comment: 'called back' })
    const again = await fhir.put(visit)
    expect({ ...again, meta: undefined }).toEqual({ ...visit, meta: undefined })
    const slot = await fhir.put(desk.slots[1]!)
    const slots = [withClaim(slot, { appointmentId: id, status: 'busy', version: '1' })]
    const repair = { kind: 'reclaimed', appointmentId: id, slots } as const
    expect(await worker.commit({ ...repair, appointment: visit })).toEqual({ kind: 'later' })
    expect((await fhir.read('Slot', slot.id!)).status).toBe('free')
    expect(await worker.commit({ ...repair, appointment: again })).toEqual({ kind: 'done', version: again.meta?.versionId })
    expect((await fhir.read('Slot', slot.id!)).status).toBe('busy')
  })

  test('what the gateway wrote itself is announced once more, exactly', async () => {
    const { desk, id, since } = await booked(1)
    const [offer] = await gateway.api.offers('short', desk.provider)
    await succeed(gateway.api.post(`/appointments/${id}/reschedule`, { slot_id: offer!.slot_id }))
    await succeed(gateway.api.post(`/appointments/${id}/cancel`, {}))
    const { events } = await worker.pass(since - 2_000)
    const event = (kind: string, version: string) => ({ kind, appointmentId: id, version, clientId: 'dev' })
    expect(events.filter((each) => each.appointmentId === id)).toEqual([
      event('booked', '1'),
      event('rescheduled', '2'),
      event('cancelled', '3'),
    ])
  })
})

import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { patientOf } from '../../src/fhir/appointment.ts'
import { checkEhr, type Verdict } from '../helpers/checker.ts'
import type { Desk } from '../helpers/clinic.ts'
import { cancelAll, CAST, demoMapping, openDemoDesk } from '../helpers/demo-clinic.ts'
import { DemoPage, startBrowser } from '../helpers/demo-page.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'

const fhir = hapiOnPostgres()
const [NORA, CARLA] = CAST.map((patient) => `Patient/${patient.id!}`)
/** From the greeting to the offers. */
const TO_OFFERS = ['Book a visit', 'Follow-up visit', 'In person', 'Nora Fields', 'rather not say', 'As soon as possible']
/** The outcome of a call, but not "try again": on a busy machine an EHR may be late now and then. */
const SETTLED = '.chip:not(.waiting)'

let browser: Browser
let gateway: GatewayProcess
let desk: Desk
const opened: DemoPage[] = []

beforeAll(async () => {
  browser = await startBrowser()
  desk = await openDemoDesk(fhir, 32)
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl, mapping: demoMapping(desk) })
})
afterAll(async () => {
  await browser.close()
  await gateway.stop()
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await opened[0]?.picture('failed')
  const complaints = opened.flatMap((demo) => demo.complaints)
  await Promise.all(opened.splice(0).map((demo) => demo.close()))
  await cancelAll(gateway.api)
  expect(complaints, 'what the browser complained of').toEqual([])
})

async function open(baseUrl = gateway.api.baseUrl): Promise<DemoPage> {
  const demo = await DemoPage.open(browser, baseUrl)
  opened.push(demo)
  return demo
}

/** The EHR itself, which keeps every promise. */
async function verdict(): Promise<Verdict> {
  const seen = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
  expect(seen.violations).toEqual([])
  return seen
}

async function untilStanding(demo: DemoPage, status: string): Promise<void> {
  await demo.page.locator('#standing .chip', { hasText: status }).first().waitFor()
}

describe('one patient', () => {
  test('books, moves and cancels by mouse; the page shows what the EHR holds', async () => {
    const demo = await open()
    const pane = demo.pane()
    await pane.press(...TO_OFFERS, /9:00 AM/)
    await pane.option('Yes, book it').waitFor()
    expect(await demo.page.locator('#first-hold [role=timer]').textContent()).toMatch(/^(5:00|4:5\d)$/)
    await untilStanding(demo, 'pending')
    await pane.press('Yes, book it')
    await pane.option('Move this visit').waitFor()
    await untilStanding(demo, 'booked')
    const [booked] = (await verdict()).live
    expect(booked).toMatchObject({ status: 'booked', start: desk.slots[0]!.start })
    expect(patientOf(booked!)).toBe(NORA)
    expect(booked!.identifier?.map(({ value }) => value)).toContain(await pane.confirmationCode())

    const download = demo.page.waitForEvent('download')
    await demo.page.getByRole('button', { name: 'Add to my calendar' }).click()
    expect((await download).suggestedFilename()).toBe('visit.ics')

    await pane.press('Move this visit', 'As soon as possible', 'Later times', /10:15 AM/, 'Yes, move it')
    await pane.untilSaid(/booked for .* 10:15 AM/)
    expect((await verdict()).live).toMatchObject([{ id: booked!.id, status: 'booked', start: desk.slots[5]!.start }])
    await pane.press('Cancel this visit', 'Patient cannot come')
    await pane.untilSaid(/is cancelled/)
    expect((await verdict()).live).toEqual([])
    await untilStanding(demo, 'cancelled')
  })

  test('is shown what each call changed in the EHR', async () => {
    const demo = await open()
    await demo.pane().press(...TO_OFFERS, /9:00 AM/, 'Yes, book it')
    await demo.pane().option('Move this visit').waitFor()
    const changes = async (tool: string) =>
      (await demo.calls(tool).locator('.changes li').allTextContents()).map((text) => text.replace(/Appointment\/[^n-p]+/, 'Appointment '))
    expect(await changes('hold_time')).toEqual(['Appointment new→nowpending', 'Slot 9:00 AMfree→nowbusy-tentative'])
    expect(await changes('confirm_booking')).toEqual(['Appointment pending→nowbooked', 'Slot 9:00 AMbusy-tentative→nowbusy'])
  })

  test('says in words when it suits, and gives a held time back', async () => {
    const demo = await open()
    const pane = demo.pane()
    await pane.press(...TO_OFFERS.slice(0, -1))
    await pane.field('In your own words').fill('in 3 days')
    await pane.press('Look', /9:00 AM/, 'No, another time')
    await pane.untilSaid('that time is free for others again')
    expect((await verdict()).live).toEqual([])
  })

  test('is asked who it is before any visit is shown', async () => {
    const demo = await open()
    await demo.pane().press('See my visits', 'Carla Oakes')
    await demo.pane().option('Book a visit').waitFor()
    expect(await demo.calls('my_appointments').locator('.chip').textContent()).toBe('ok')
  })

  test('gets a person, and the Task stands in the EHR', async () => {
    const demo = await open()
    await demo.pane().press('Talk to a person', 'Carla Oakes', /exception/)
    await demo.pane().option('Book a visit').waitFor()
    // The same wish of the same patient is one Task, also when a test before asked for it.
    expect(await demo.calls('ask_for_staff').locator('.chip').textContent()).toMatch(/^ok/)
    await untilStanding(demo, 'requested')
    expect(await fhir.search('Task', `patient=${CARLA!}&status=requested`)).not.toEqual([])
  })

  test('who is not known is told so, and may try again', async () => {
    const demo = await open()
    const pane = demo.pane()
    await pane.press(...TO_OFFERS.slice(0, 3), 'Somebody else')
    await pane.field('Record number').fill(CAST[0]!.identifier![0]!.value!)
    await pane.field('Date of birth').fill('1999-01-01')
    await pane.press('Continue', 'rather not say', 'Try again')
    await pane.option('Nora Fields').waitFor()
  })

  test('with signs of an emergency is told where to get help, and nothing is booked', async () => {
    const demo = await open()
    const pane = demo.pane()
    await pane.press(...TO_OFFERS.slice(0, 4))
    await pane.field('Reason for the visit').fill('chest pain since this morning')
    await pane.press('Send')
    await pane.log.getByRole('alert').waitFor()
    expect(await pane.log.getByRole('alert').textContent()).toContain('911')
    await demo.picture('urgent')
    expect(await pane.root.locator('.turn button').allTextContents()).toEqual(['Begin a new conversation'])
    expect(await demo.calls('find_times').count()).toBe(0)
    expect((await verdict()).live).toEqual([])
  })

  test('whose answer was lost asks again, and has one visit', async () => {
    const before = (await verdict()).appointments.length
    const demo = await open()
    const pane = demo.pane()
    await demo.page.getByRole('switch', { name: /Lose the answer/ }).check()
    await pane.press(...TO_OFFERS, /9:00 AM/, 'Yes, book it')
    await pane.option('Move this visit').waitFor()
    await pane.untilSaid(/The connection broke/)
    const calls = demo.calls('confirm_booking')
    expect(await calls.locator(SETTLED).allTextContents()).toEqual(['answer lost', 'ok, replayed'])
    expect(await calls.last().textContent()).toContain('Nothing changed in the EHR.')
    const after = await verdict()
    expect(after.live).toHaveLength(1)
    expect(after.appointments).toHaveLength(before + 1)
  })

  test('who lets a hold run out is told, and nothing is booked', async () => {
    const mapping = { ...demoMapping(desk), holds: { ttlSeconds: 6, perPatient: 3 } }
    const hasty = await startGateway({ fhirBaseUrl: fhir.baseUrl, mapping })
    try {
      const demo = await open(hasty.api.baseUrl)
      await demo.pane().press(...TO_OFFERS, /9:00 AM/)
      await demo.pane().untilSaid(/has run out/)
      await demo.pane().press('Try the same time again')
      await demo.pane().option('Yes, book it').waitFor()
      await demo.page.getByRole('button', { name: 'Start over' }).click()
      await demo.pane().option('Book a visit').waitFor()
      await demo.calls('cancel').locator('.chip.good').waitFor()
    } finally {
      await hasty.stop()
    }
  })
})

test('two patients race: exactly one gets the time, the other one gets a time beside it', async () => {
  const demo = await open()
  await demo.page.getByRole('radio', { name: 'Two at once' }).check()
  await demo.page.getByRole('button', { name: 'Start the race' }).click()
  await demo.calls('hold_time').getByText('slot taken').waitFor()
  await demo.calls('hold_time').getByText('busy-tentative').first().waitFor()
  await demo.picture('race-lost')
  await Promise.all((['first', 'second'] as const).map((name) => demo.pane(name).option('Move this visit').waitFor()))
  await demo.page.getByText('Two patients, two times').waitFor()
  expect((await demo.calls('hold_time').locator(SETTLED).allTextContents()).sort()).toEqual(['ok', 'ok', 'slot taken'])
  const { live } = await verdict()
  expect(live.map(({ start }) => start).sort()).toEqual([desk.slots[0]!.start, desk.slots[1]!.start])
  expect(live.map(patientOf).sort()).toEqual([NORA, CARLA])
  await demo.picture('race')
  await demo.page.emulateMedia({ colorScheme: 'dark' })
  await demo.picture('race-dark')
})

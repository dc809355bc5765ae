import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { patientOf } from '../../src/fhir/appointment.ts'
import { checkEhr } from '../helpers/checker.ts'
import type { Desk } from '../helpers/clinic.ts'
import { cancelAll, CAST, demoMapping, openDemoDesk } from '../helpers/demo-clinic.ts'
import { DemoPage, startBrowser } from '../helpers/demo-page.ts'
import { startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnPostgres } from '../helpers/servers.ts'

const fhir = hapiOnPostgres()
const WIDE = { width: 1440, height: 900 }
const NARROW = { width: 360, height: 740 }
const MOST_TABS = 20

let browser: Browser
let gateway: GatewayProcess
let desk: Desk
beforeAll(async () => {
  browser = await startBrowser()
  desk = await openDemoDesk(fhir, 16)
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl, mapping: demoMapping(desk) })
})
afterAll(async () => {
  await browser.close()
  await gateway.stop()
})
afterEach(() => cancelAll(gateway.api))

describe('by keyboard alone', () => {
  test('a visit is booked, and the keyboard is never lost', async () => {
    const demo = await DemoPage.open(browser, gateway.api.baseUrl)
    const { page } = demo
    const who = CAST[2]!
    await tabTo(page, /Skip to the conversation/)
    await page.keyboard.press('Enter')
    for (const text of [/Book a visit/, /Follow-up visit/, /In person/, /Somebody else/]) await choose(demo, text)
    await demo.pane().field('Record number').waitFor()
    expect(await focused(page)).toBe('Record number')
    await page.keyboard.type(who.identifier![0]!.value!)
    await page.keyboard.press('Tab')
    await page.keyboard.type(who.birthDate!)
    await page.keyboard.press('Enter')
    for (const text of [/rather not say/, /As soon as possible/, /9:00 AM/, /Yes, book it/]) await choose(demo, text)
    await demo.pane().option('Move this visit').waitFor()
    const seen = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
    expect(seen.violations).toEqual([])
    expect(seen.live.map((visit) => [visit.status, patientOf(visit)])).toEqual([['booked', `Patient/${who.id!}`]])
    expect(demo.complaints).toEqual([])
    await demo.close()
  })

  test('Enter pressed twice answers one question, not the next one too', async () => {
    const demo = await DemoPage.open(browser, gateway.api.baseUrl)
    await tabTo(demo.page, /Skip/)
    await demo.page.keyboard.press('Enter')
    await tabTo(demo.page, /Book a visit/)
    await demo.page.keyboard.press('Enter')
    await demo.page.keyboard.press('Enter')
    await demo.pane().option('Follow-up visit').waitFor()
    expect(await demo.pane().log.locator('.patient').count()).toBe(1)
    await demo.close()
  })
})

describe.each(['light', 'dark'] as const)('axe finds nothing in the %s page', (colorScheme) => {
  test.each([
    ['wide', WIDE],
    ['narrow', NARROW],
  ])('%s', async (name, viewport) => {
    const demo = await DemoPage.open(browser, gateway.api.baseUrl, { colorScheme, viewport })
    const pane = demo.pane()
    await expectNoViolations(demo, 'greeting')
    await pane.press('Book a visit', 'Follow-up visit', 'In person', 'Nora Fields')
    await pane.field('Reason for the visit').waitFor()
    await expectNoViolations(demo, 'reason')
    await pane.press('rather not say', 'As soon as possible', /9:00 AM/)
    await pane.option('Yes, book it').waitFor()
    await expectNoViolations(demo, 'held')
    await demo.page.getByRole('switch', { name: /Lose the answer/ }).check()
    await pane.press('Yes, book it')
    await pane.option('Move this visit').waitFor()
    await demo.picture(`booked-${colorScheme}-${name}`)
    await demo.page.locator('.call summary').last().click()
    await expectNoViolations(demo, 'booked')
    await demo.page.getByRole('radio', { name: 'Two at once' }).check()
    await demo.pane('second').option('Book a visit').waitFor()
    await expectNoViolations(demo, 'two')
    expect(await demo.page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width)
    expect(demo.complaints).toEqual([])
    await demo.close()
  })
})

/** What has the keyboard: its text, or the label of a field. */
async function focused(page: Page): Promise<string> {
  const node = page.locator(':focus')
  if ((await node.count()) === 0) return 'the page itself'
  const label = page.locator(`label[for="${(await node.getAttribute('id')) ?? ''}"]`)
  return ((await label.count()) > 0 ? await label.textContent() : await node.textContent()) ?? ''
}

/** Presses Tab until a control with this text has the keyboard, as somebody without a mouse does. */
async function tabTo(page: Page, text: RegExp): Promise<void> {
  for (let tabs = 0; tabs < MOST_TABS; tabs++) {
    await page.keyboard.press('Tab')
    const isControl = (await page.locator('a:focus, button:focus, input:focus').count()) > 0
    if (isControl && text.test(await focused(page))) return
  }
  throw new Error(`the keyboard does not come to ${String(text)}; it is at ${await focused(page)}`)
}

async function choose(demo: DemoPage, text: RegExp): Promise<void> {
  await demo.pane().option(text).first().waitFor()
  expect(await focused(demo.page)).not.toBe('the page itself')
  await tabTo(demo.page, text)
  await demo.page.keyboard.press('Enter')
}

async function expectNoViolations(demo: DemoPage, when: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page: demo.page }).analyze()
  expect(violations.map(({ id, nodes }) => `${when}: ${id} ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
}

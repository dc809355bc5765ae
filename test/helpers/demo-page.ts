import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core'
import { ensureChromium } from '../../scripts/stack/chromium.ts'
import { runDir } from '../../scripts/stack/paths.ts'

const SCREENSHOTS = join(runDir, 'screenshots')
const ANSWER_MS = 20_000

/** Starts the real Chromium of this machine. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await ensureChromium() })
}

/** The chat page as somebody in front of it sees it. */
export class DemoPage {
  readonly page: Page
  /** What the browser complained of: errors of scripts, refused loads, failed requests. */
  readonly complaints: string[] = []

  private constructor(page: Page) {
    this.page = page
    page.setDefaultTimeout(ANSWER_MS)
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text())
    })
    page.on('pageerror', (error) => this.complaints.push(error.message))
  }

  /** Opens `/demo` of a gateway in a window of its own. */
  static async open(browser: Browser, baseUrl: string, options: BrowserContextOptions = {}): Promise<DemoPage> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options })
    const demo = new DemoPage(await context.newPage())
    await demo.page.goto(`${baseUrl}/demo`)
    await demo.pane().option('Book a visit').waitFor()
    return demo
  }

  /** One of the two conversations. */
  pane(name: 'first' | 'second' = 'first'): Pane {
    return new Pane(this.page, name)
  }

  /** The calls of a tool in the record. */
  calls(tool: string): Locator {
    return this.page.locator('#journal .call').filter({ has: this.page.locator('code', { hasText: new RegExp(`^${tool}$`) }) })
  }

  /** Keeps a picture in .run/screenshots, for the eyes of people. */
  async picture(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true })
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
  }

  close(): Promise<void> {
    return this.page.context().close()
  }
}

/** One conversation. */
export class Pane {
  readonly root: Locator
  readonly log: Locator

  constructor(page: Page, name: 'first' | 'second') {
    this.root = page.locator(`#${name}`)
    this.log = page.locator(`#${name}-log`)
  }

  /** A button of the patient's turn. */
  option(text: string | RegExp): Locator {
    return this.root.locator('.turn').getByRole('button', { name: text })
  }

  /** A field of the patient's turn. */
  field(label: string): Locator {
    return this.root.locator('.turn').getByRole('textbox', { name: label })
  }

  /** Answers by mouse, one button after the other. */
  async press(...texts: (string | RegExp)[]): Promise<void> {
    for (const text of texts) await this.option(text).first().click()
  }

  /** Waits until it was said. */
  async untilSaid(text: string | RegExp): Promise<void> {
    await this.log.locator('.message').filter({ hasText: text }).last().waitFor()
  }

  /** The code on the card, once there is one. */
  async confirmationCode(): Promise<string> {
    return (await this.log.locator('.card .code strong').last().textContent()) ?? ''
  }
}

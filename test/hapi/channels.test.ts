import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensurePython } from '../../scripts/testing/python.ts'
import { CHANNELS } from '../../src/channel-settings.ts'
import { bookThrough, cancelThrough, type StoryPlan } from '../helpers/channel-story.ts'
import { allBots, DialogflowCxBot, RasaBot, SECRETS, type PlatformBot, type Post } from '../helpers/channels.ts'
import { checkEhr } from '../helpers/checker.ts'
import { clinicTime, instant, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { runProgram } from '../helpers/command.ts'
import { tasksOf } from '../helpers/escalations.ts'
import { clientsFile, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { leaksIn } from '../helpers/leaks.ts'
import { hapiOnH2 } from '../helpers/servers.ts'

/** This HAPI validates every request: what it takes is R4. */
const fhir = hapiOnH2()
const BOT: TestClient = {
  id: unique('voice'),
  key: unique('voice-key'),
  scopes: ['availability:read', 'intake:write', 'holds:write', 'appointments:read', 'appointments:write', 'escalations:write'],
}

/** The platforms' own types, in Python. */
const PYTHON_PACKAGES = ['rasa-sdk==3.21.1', 'google-cloud-dialogflow-cx==2.9.0']

let gateway: GatewayProcess
let post: Post
beforeAll(async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'channels.json')
  const entries = CHANNELS.map((name) => [name, { client: BOT.id, secret: SECRETS[name] }] as const)
  writeFileSync(file, JSON.stringify(Object.fromEntries(entries)))
  const environment = { ...clientsFile([BOT]), CHANNELS_FILE: file, LOG_LEVEL: 'info' }
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl, environment, capture: true })
  post = async (path, body, headers) => {
    const answer = await fetch(`${gateway.api.baseUrl}${path}`, { method: 'POST', body, headers })
    return { status: answer.status, body: await answer.text() }
  }
})
afterAll(() => gateway.stop())

/** A patient as he says who he is. */
const identifiersOf = (patient: string | undefined) => ({ mrn: `mrn-${patient?.slice('Patient/'.length) ?? ''}`, birth_date: '1980-01-02' })
const planFor = (desk: Desk): StoryPlan => ({
  type: 'short',
  patient: identifiersOf(desk.patients[0]),
  search: { provider: desk.provider, start: instant(clinicTime('00:00', 19)), end: instant(clinicTime('00:00', 22)) },
})

const platforms = allBots(() => Promise.reject(new Error('not used')), '').map(({ platform }) => platform)
const botOn = (platform: string): PlatformBot => allBots(post, BOT.key).find((bot) => bot.platform === platform)!

describe.each(platforms)('%s', (platform) => {
  test('books, moves and cancels in the EHR, each request sent twice', async () => {
    const desk = await openDesk(fhir, { slots: 4, patients: 1 })
    const bot = botOn(platform)
    const story = await bookThrough(bot, planFor(desk))
    const booked = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
    expect(booked.violations).toEqual([])
    expect(booked.live).toMatchObject([{ status: 'booked', start: story.movedStart }])
    expect(booked.appointments).toHaveLength(1)

    await cancelThrough(bot, story)
    const ended = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
    expect(ended.violations).toEqual([])
    expect(ended.live).toEqual([])
    expect(ended.slots.every(({ status }) => status === 'free')).toBe(true)
    const secrets = { visit: story.holdId, mrn: planFor(desk).patient['mrn'] ?? '', patient: desk.patients[0] ?? '', ...SECRETS }
    expect(leaksIn(gateway.output(), secrets)).toEqual([])
  })
})

test('two platforms race for one time: one has it, the other hears of others', async () => {
  const desk = await openDesk(fhir, { slots: 4, patients: 2 })
  const { search } = planFor(desk)
  const bots = [botOn('dialogflow-cx'), botOn('rasa')]
  await Promise.all(bots.map((bot, index) => bot.intake('short', identifiersOf(desk.patients[index]))))
  for (const bot of bots) await bot.call('find_times', search)
  const held = await Promise.all(bots.map((bot) => bot.call('hold_time', { choice: 1 })))
  expect(held.map(({ outcome }) => outcome).sort()).toEqual(['ok', 'slot_taken'])
  const loser = bots[held.findIndex(({ outcome }) => outcome === 'slot_taken')]!
  expect((await loser.call('hold_time', { choice: 1 })).outcome).toBe('ok')
  const verdict = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
  expect(verdict.violations).toEqual([])
  expect(verdict.live).toHaveLength(2)
})

describe('staff are asked once', () => {
  test.each(['vapi', 'retell', 'dialogflow-cx', 'rasa'])('%s: in a conversation, by a caller whom nobody knows', async (platform) => {
    const ask = (bot: PlatformBot) => bot.call('ask_for_staff', bot.remembers ? { staff_reason: 'other' } : { reason: 'other' })
    const bot = botOn(platform)
    const first = await ask(bot)
    expect(first).toMatchObject({ outcome: 'ok', escalation_id: expect.any(String) as string })
    // Another call of the model, and the platform's repetition of it.
    for (const again of [await ask(bot), await bot.repeat()]) expect(again['escalation_id']).toBe(first['escalation_id'])
    expect(await tasksOf(fhir, String(first['escalation_id']))).toHaveLength(1)
    expect((await ask(botOn(platform)))['escalation_id']).not.toBe(first['escalation_id'])
  })

  test('by a patient who is known, on whichever platform', async () => {
    const desk = await openDesk(fhir, { slots: 1, patients: 1 })
    const ids: unknown[] = []
    for (const bot of [botOn('vapi'), botOn('rasa')]) {
      await bot.intake('short', identifiersOf(desk.patients[0]))
      const reason = bot.remembers ? { staff_reason: 'other' } : { reason: 'other' }
      ids.push((await bot.call('ask_for_staff', reason))['escalation_id'])
    }
    expect(ids[0]).toEqual(expect.any(String))
    expect(ids[1]).toBe(ids[0])
  })
})

/** Installing takes a minute or two where the environment is not there yet. */
test('requests and answers fit the types of Dialogflow CX and of the Rasa SDK', { timeout: 600_000 }, async () => {
  const bin = await ensurePython(PYTHON_PACKAGES)
  const desk = await openDesk(fhir, { slots: 4, patients: 1 })
  const cx: unknown[] = []
  const rasa: unknown[] = []
  const keeping =
    (list: unknown[]): Post =>
    async (path, body, headers) => {
      const answer = await post(path, body, headers)
      list.push({ request: JSON.parse(body) as unknown, response: JSON.parse(answer.body) as unknown })
      return answer
    }
  for (const bot of [new DialogflowCxBot(keeping(cx)), new RasaBot(keeping(rasa))]) {
    await bot.call('what_day_is_it', { when: 'next tuesday morning' })
    await bot.call('my_appointments')
    const story = await bookThrough(bot, planFor(desk))
    await bot.call('ask_for_staff', { staff_reason: 'other' })
    await cancelThrough(bot, story)
  }
  const headers = { authorization: `Bearer ${SECRETS.rasa}` }
  const actions: unknown = await (await fetch(`${gateway.api.baseUrl}/channels/rasa/actions`, { headers })).json()
  const file = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'exchanges.json')
  writeFileSync(file, JSON.stringify({ dialogflow_cx: cx, rasa, rasa_actions: actions }))
  const checked = await runProgram(join(bin, 'python'), ['test/helpers/platform-types.py', file])
  expect(checked.output).toContain(`${cx.length + rasa.length} exchanges`)
  expect(checked.code, checked.output).toBe(0)
  expect(cx.length).toBeGreaterThan(12)
})

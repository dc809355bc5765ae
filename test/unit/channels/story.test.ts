import { afterEach, beforeEach, expect, test } from 'vitest'
import { bookThrough, cancelThrough } from '../../helpers/channel-story.ts'
import { allBots } from '../../helpers/channels.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { channelApp, CLIENT_KEY, type ChannelApp } from '../helpers/channel-app.ts'
import { ADA, BO } from '../helpers/memory-gateway.ts'

startAtBeginning()
let clinic: ChannelApp
beforeEach(async () => {
  clinic = await channelApp()
})
afterEach(() => clinic.app.close())

const platforms = allBots(() => Promise.reject(new Error('not used')), '').map(({ platform }) => platform)
const botOn = (platform: string) => allBots(clinic.post, CLIENT_KEY).find((bot) => bot.platform === platform)!

test.each(platforms)('%s: a visit is found, held, booked, listed, moved and cancelled, whatever is sent twice', async (platform) => {
  const bot = botOn(platform)
  const story = await bookThrough(bot, { type: 'short', patient: ADA, search: {} })
  expect(clinic.store.all('Appointment')).toMatchObject([{ status: 'booked', start: story.movedStart }])
  await cancelThrough(bot, story)
  expect(clinic.store.all('Appointment')).toMatchObject([{ status: 'cancelled' }])
  expect(clinic.store.all('Slot').every(({ status }) => status === 'free')).toBe(true)
})

test.each(platforms)('%s: of two who hold one time one has it, and the other hears others', async (platform) => {
  const [ada, bo] = [botOn(platform), botOn(platform)]
  await ada.intake('short', ADA)
  await bo.intake('short', BO)
  const args = ada.remembers ? {} : { type: 'short' }
  const offers = (await ada.call('find_times', args))['slots'] as { slot_id: string }[] | undefined
  await bo.call('find_times', args)
  const choice = ada.remembers ? { choice: 1 } : { slot_id: offers?.[0]?.slot_id }
  expect(await ada.call('hold_time', choice)).toMatchObject({ outcome: 'ok' })
  const lost = await bo.call('hold_time', choice)
  expect(lost.outcome).toBe('slot_taken')
  const others = (lost['alternatives'] ?? lost['offers']) as { slot_id: string; local_start: string }[]
  expect(others).toHaveLength(3)
  const next = bo.remembers ? { choice: 2 } : { slot_id: others[1]?.slot_id }
  const held = await bo.call('hold_time', next)
  expect(held.outcome).toBe('ok')
  expect(held.said).toContain(others[1]!.local_start)
})

test.each(platforms)('%s: nothing of a patient, and no id, is logged', async (platform) => {
  const bot = botOn(platform)
  const { holdId } = await bookThrough(bot, { type: 'short', patient: ADA, search: {} })
  const log = clinic.lines.join('\n')
  expect(clinic.lines.length).toBeGreaterThan(5)
  for (const secret of [holdId, 'A-1', '1980-02-29', 'Ada', 'sender-', 'call_', 'turn-', 'sessions/']) expect(log).not.toContain(secret)
  expect(log).toContain('"client":"chatbot"')
})

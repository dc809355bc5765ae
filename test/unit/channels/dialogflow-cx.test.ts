import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DialogflowCxBot, sample, SECRETS, type Reply } from '../../helpers/channels.ts'
import { MemoryEhr } from '../../simulation/memory-ehr.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { channelApp, type ChannelApp } from '../helpers/channel-app.ts'
import { ADA, BO, memoryGateway } from '../helpers/memory-gateway.ts'

interface Answer {
  readonly fulfillmentResponse: { readonly messages: { readonly text: { readonly text: string[] } }[] }
  readonly sessionInfo: { readonly parameters: Record<string, unknown> }
}

startAtBeginning()
let clinic: ChannelApp
beforeEach(async () => {
  clinic = await channelApp()
})
afterEach(() => clinic.app.close())

async function send(tag: string, parameters: unknown, changes: Record<string, unknown> = {}): Promise<Answer> {
  const request = sample('dialogflow-cx-webhook')
  const session = { ...(request['sessionInfo'] as object), parameters }
  const body = JSON.stringify({ ...request, fulfillmentInfo: { tag }, sessionInfo: session, ...changes })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRETS['dialogflow-cx']}` }
  const answer = await clinic.post('/channels/dialogflow-cx', body, headers)
  expect(answer.status, answer.body).toBe(200)
  return JSON.parse(answer.body) as Answer
}

test('the parameters of a session become arguments, and results become parameters', async () => {
  const { parameters } = sample('dialogflow-cx-webhook')['sessionInfo'] as { parameters: unknown }
  const answer = await send('start_intake', parameters)
  expect(answer.sessionInfo.parameters).toMatchObject({ outcome: 'eligible', patient_token: expect.any(String) as string, hold_id: null })
  expect(answer.fulfillmentResponse.messages).toEqual([{ text: { text: ['Thank you, I found you. Let me look for a time.'] } }])
})

describe('words for a time', () => {
  const startsOf = (reply: Reply) => (reply['offers'] as { start: string }[]).map(({ start }) => Date.parse(start))
  const isWithin = (reply: Reply, window: Record<string, unknown>) =>
    startsOf(reply).every((start) => start >= Date.parse(String(window['start'])) && start < Date.parse(String(window['end'])))

  test('become the window of the next search', async () => {
    const bot = new DialogflowCxBot(clinic.post)
    const resolved = await bot.call('what_day_is_it', { when: 'today' })
    expect(resolved).toMatchObject({ outcome: 'ok', understood: 'resolved', start: expect.stringContaining('T') as string })
    const found = await bot.call('find_times', { type: 'short' })
    expect(startsOf(found).length).toBeGreaterThan(0)
    expect(isWithin(found, resolved)).toBe(true)
  })

  test('that may mean two days are asked about, and the choice is the window', async () => {
    const bot = new DialogflowCxBot(clinic.post)
    const { parameters } = sample('dialogflow-cx-webhook')['sessionInfo'] as { parameters: { when: string } }
    const asked = await bot.call('what_day_is_it', { when: parameters.when })
    expect(asked).toMatchObject({ understood: 'ambiguous', candidates: [{}, {}], said: expect.stringMatching(/^Do you mean/) as string })
    expect(asked).not.toHaveProperty('start')
    const candidates = asked['candidates'] as Record<string, unknown>[]
    const found = await bot.call('find_times', { type: 'short', choice: 2 })
    expect(found.outcome).toBe('ok')
    expect(isWithin(found, candidates[1]!)).toBe(true)
    // Nothing is free there, but today: without the window there would be offers.
    expect(startsOf(found)).toEqual([])
    expect(found).not.toHaveProperty('candidates')
  })

  test('that mean nothing leave no window, not even the one before', async () => {
    const bot = new DialogflowCxBot(clinic.post)
    await bot.call('what_day_is_it', { when: 'today' })
    const vague = await bot.call('what_day_is_it', { when: 'whenever the moon is full' })
    expect(vague).toMatchObject({ understood: 'unknown', said: expect.stringContaining('which day') as string })
    expect(vague).not.toHaveProperty('start')
  })
})

test('somebody else in the same session never has the token of the one before', async () => {
  const bot = new DialogflowCxBot(clinic.post)
  expect(await bot.intake('short', ADA)).toHaveProperty('patient_token')
  const unknown = await bot.intake('short', { mrn: 'X-9', birth_date: '1990-01-01' })
  expect(unknown).toMatchObject({ outcome: 'identity_unverified' })
  expect(unknown).not.toHaveProperty('patient_token')
  expect(await bot.call('my_appointments')).toMatchObject({ outcome: 'patient_required' })
})

test('offers are read out and chosen by number; a number that was not offered chooses nothing', async () => {
  const bot = new DialogflowCxBot(clinic.post)
  await bot.intake('short', ADA)
  const found = await bot.call('find_times')
  expect(found.said).toMatch(/ 1: .* 2: .* 3: /)
  for (const choice of [0, 4, 1.5, 'second', null])
    expect(await bot.call('hold_time', { choice })).toMatchObject({ outcome: 'invalid_request' })
  expect(await bot.call('hold_time', { choice: 3 })).toMatchObject({ outcome: 'ok' })
})

test('times come in parts, and are times of the clinic', async () => {
  const startsFrom = async (start: object | null) => {
    const { parameters } = (await send('find_times', { type: 'short', limit: 5, start })).sessionInfo
    return (parameters['offers'] as { start: string }[]).map(({ start: found }) => found)
  }
  const [first, second] = [...new Set(await startsFrom(null))]
  const [year, month, day, hours, minutes] = second!.split(/[-T:]/).map(Number)
  const found = await startsFrom({ year, month, day, hours, minutes, seconds: 0, nanos: 0 })
  expect(found[0]).toBe(second)
  expect(found).not.toContain(first)
})

test('an answer comes within the time that Dialogflow waits, also when the EHR does not', { timeout: 10_000 }, async () => {
  class SlowEhr extends MemoryEhr {
    override batch(): Promise<never> {
      return new Promise(() => undefined)
    }
  }
  const { gateway } = memoryGateway({ ehr: (store) => new SlowEhr(store) })
  const slow = await channelApp({ booking: gateway.booking, escalation: gateway.escalation })
  const started = performance.now()
  const body = JSON.stringify({ ...sample('dialogflow-cx-webhook'), fulfillmentInfo: { tag: 'find_times' } })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRETS['dialogflow-cx']}` }
  const answer = await slow.post('/channels/dialogflow-cx', body, headers)
  expect(performance.now() - started).toBeLessThan(4_900)
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.body)).toMatchObject({ sessionInfo: { parameters: { outcome: 'pending' } } })
  await slow.app.close()
})

test('a tag that names no tool, and a request that is none, are told so', async () => {
  expect((await send('book.everything', {})).sessionInfo.parameters).toEqual({ outcome: 'invalid_request' })
  for (const parameters of [null, [], 'x', undefined]) {
    expect((await send('find_times', parameters)).sessionInfo.parameters).toMatchObject({ outcome: 'invalid_request', offers: [] })
  }
  expect((await send('find_times', {}, { sessionInfo: null, fulfillmentInfo: null })).sessionInfo.parameters).toEqual({
    outcome: 'invalid_request',
  })
})

test('a webhook that is called again for the same turn has no second effect, and in another turn it has', async () => {
  const bot = new DialogflowCxBot(clinic.post)
  await bot.intake('short', BO)
  await bot.call('find_times')
  const held = await bot.call('hold_time', { choice: 1 })
  expect(await bot.repeat()).toMatchObject({ hold_id: held['hold_id'] })
  expect(clinic.store.all('Appointment')).toHaveLength(1)
})

test('who does not know the secret is not let in', async () => {
  const body = JSON.stringify(sample('dialogflow-cx-webhook'))
  for (const authorization of ['', 'Bearer an-identity-token-of-google', `Bearer ${SECRETS.vapi}`])
    expect(await clinic.post('/channels/dialogflow-cx', body, { 'content-type': 'application/json', authorization })).toMatchObject({
      status: 401,
    })
  expect(
    await clinic.post('/channels/dialogflow-cx', body, {
      'content-type': 'application/json',
      'x-channel-secret': SECRETS['dialogflow-cx'],
    }),
  ).toMatchObject({ status: 200 })
})

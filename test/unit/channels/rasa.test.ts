import { afterEach, beforeEach, expect, test } from 'vitest'
import { sample, SECRETS } from '../../helpers/channels.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { channelApp, type ChannelApp } from '../helpers/channel-app.ts'

startAtBeginning()
let clinic: ChannelApp
beforeEach(async () => {
  clinic = await channelApp()
})
afterEach(() => clinic.app.close())

const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRETS.rasa}` }
async function send(action: string, changes: Record<string, unknown> = {}) {
  const answer = await clinic.post(
    '/channels/rasa/webhook',
    JSON.stringify({ ...sample('rasa-action-call'), next_action: action, ...changes }),
    headers,
  )
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> }
}
const get = async (url: string, auth = headers.authorization) =>
  clinic.app.inject({ method: 'GET', url, ...(auth !== '' && { headers: { authorization: auth } }) })

test('slots become arguments, results become slot events and a response', async () => {
  const { status, body } = await send('action_start_intake')
  expect(status).toBe(200)
  expect(body['events']).toContainEqual({ event: 'slot', timestamp: null, name: 'outcome', value: 'eligible' })
  expect(body['responses']).toMatchObject([{ text: 'Thank you, I found you. Let me look for a time.', buttons: [] }])
})

test('only slots of the domain are set; without a domain all of them', async () => {
  const namesOf = (body: Record<string, unknown>) => (body['events'] as { name: string }[]).map(({ name }) => name)
  expect(namesOf((await send('action_find_times')).body).sort()).toEqual(['choice', 'offers', 'outcome', 'slot_id'])
  expect(namesOf((await send('action_find_times', { domain: undefined })).body)).toContain('next_available')
})

test('each offer is a button that sets the slot', async () => {
  const { body } = await send('action_find_times')
  const [response] = body['responses'] as { buttons: { title: string; payload: string }[] }[]
  const offers = (body['events'] as { name: string; value: { slot_id: string }[] }[]).find(({ name }) => name === 'offers')!.value
  expect(response!.buttons.map(({ payload }) => payload)).toEqual(offers.map(({ slot_id }) => `/SetSlots(slot_id=${slot_id})`))
})

test('the actions are those that the webhook knows', async () => {
  const actions = (await get('/channels/rasa/actions')).json<{ name: string }[]>()
  expect(actions.map(({ name }) => name)).toContain('action_hold_time')
  for (const { name } of actions) expect((await send(name)).status, name).toBe(200)
})

test('an action that is not there is 404 with its name, as of the SDK', async () => {
  expect(await send('action_sing')).toEqual({
    status: 404,
    body: { error: 'No such action. GET /channels/rasa/actions lists them.', action_name: 'action_sing' },
  })
  expect((await send('action_find_times', { tracker: null, domain: 7 })).body['events']).toContainEqual(
    expect.objectContaining({ name: 'outcome', value: 'invalid_request' }),
  )
})

test('health needs no secret, everything else does', async () => {
  expect((await get('/channels/rasa/health', '')).json()).toEqual({ status: 'ok' })
  expect((await get('/channels/rasa/actions', '')).statusCode).toBe(401)
  const body = JSON.stringify(sample('rasa-action-call'))
  expect(await clinic.post('/channels/rasa/webhook', body, { 'content-type': 'application/json' })).toMatchObject({ status: 401 })
})

import { afterEach, beforeEach, expect, test } from 'vitest'
import { retellSignature, sample, SECRETS } from '../../helpers/channels.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { channelApp, type ChannelApp } from '../helpers/channel-app.ts'
import { ADA } from '../helpers/memory-gateway.ts'

startAtBeginning()
let clinic: ChannelApp
beforeEach(async () => {
  clinic = await channelApp()
})
afterEach(() => clinic.app.close())

async function send(path: string, request: unknown): Promise<Record<string, unknown>> {
  const body = typeof request === 'string' ? request : JSON.stringify(request)
  const answer = await clinic.post(path, body, { 'content-type': 'application/json', ...(await retellSignature(body)) })
  expect(answer.status, answer.body).toBe(200)
  expect(answer.body).not.toMatch(/[\r\n]/)
  return JSON.parse(answer.body) as Record<string, unknown>
}
const whole = (name: string, args: unknown) => ({ ...sample('retell-custom-function'), name, args })

test('one address for all functions: the name stands in the body', async () => {
  expect(await send('/channels/retell', whole('find_times', { type: 'short' }))).toMatchObject({ outcome: 'ok', slots: [{}, {}, {}] })
})

test('one address for each function, with the whole request or the arguments alone', async () => {
  const path = '/channels/retell/find_times'
  expect(await send(path, whole('the name in Retell', { type: 'short' }))).toMatchObject({ outcome: 'ok' })
  expect(await send(path, { ...sample('retell-args-only'), when: null, type: 'short' })).toMatchObject({ outcome: 'ok' })
  expect(await send(path, whole('find_times', '{"type":"short"}'))).toMatchObject({ outcome: 'ok' })
})

test('a variable that has no value yet is no argument', async () => {
  const answer = await send('/channels/retell/my_appointments', { patient_token: '{{patient_token}}' })
  expect(answer).toMatchObject({ outcome: 'patient_required', next_actions: ['start_intake'] })
})

test('a function that is not there, and a body that is none, are results', async () => {
  expect(await send('/channels/retell/book_everything', {})).toMatchObject({ outcome: 'invalid_request' })
  for (const body of ['[]', '7', '"x"', '']) expect(await send('/channels/retell', body)).toMatchObject({ outcome: 'invalid_request' })
})

test('within a conversation a time can be held again after it was given back', async () => {
  const { patient_token } = await send('/channels/retell', whole('start_intake', { type: 'short', patient: ADA }))
  const { slots } = await send('/channels/retell', whole('find_times', { type: 'short' }))
  const hold = { slot_id: (slots as { slot_id: string }[])[0]!.slot_id, patient_token }
  const { hold_id } = await send('/channels/retell', whole('hold_time', hold))
  await send('/channels/retell', whole('cancel', { appointment_id: hold_id, patient_token }))
  expect(await send('/channels/retell', whole('hold_time', hold))).toMatchObject({ state: 'held', replayed: false })
})

test('guesses at who somebody is count for their own conversation', async () => {
  const guess = (call_id: string, n: number) => {
    const patient = { mrn: `guess-${n}`, birth_date: `19${String(n).padStart(2, '0')}-01-01` }
    return send('/channels/retell', { ...whole('start_intake', { type: 'short', patient }), call: { call_id } })
  }
  const outcomes: unknown[] = []
  for (let n = 10; n < 17; n++) outcomes.push((await guess('one call', n))['outcome'])
  expect(outcomes).toEqual([...Array.from({ length: 5 }, () => 'identity_unverified'), 'needs_staff', 'needs_staff'])
  expect(await guess('another call', 30)).toMatchObject({ outcome: 'identity_unverified' })
})

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['the key itself', { authorization: `Bearer ${SECRETS.retell}`, 'x-retell-signature': SECRETS.retell }],
])('who shows %s is not let in', async (_what, headers) => {
  const body = JSON.stringify(whole('find_times', { type: 'short' }))
  expect(await clinic.post('/channels/retell', body, { 'content-type': 'application/json', ...headers })).toMatchObject({ status: 401 })
})

test('one byte more than was signed is not let in', async () => {
  const body = JSON.stringify(whole('find_times', { type: 'short' }))
  const headers = { 'content-type': 'application/json', ...(await retellSignature(body)) }
  expect(await clinic.post('/channels/retell', `${body} `, headers)).toMatchObject({ status: 401 })
  expect(await clinic.post('/channels/retell', body, headers)).toMatchObject({ status: 200 })
})

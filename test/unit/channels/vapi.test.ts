import { afterEach, beforeEach, expect, test } from 'vitest'
import { sample, SECRETS, vapiCalls, vapiSignature } from '../../helpers/channels.ts'
import { BEGINNING } from '../../simulation/world.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { channelApp, type ChannelApp } from '../helpers/channel-app.ts'
import { ADA } from '../helpers/memory-gateway.ts'

interface Result {
  readonly name: string
  readonly toolCallId: string
  readonly result?: string
  readonly error?: string
}

startAtBeginning()
let clinic: ChannelApp
beforeEach(async () => {
  clinic = await channelApp()
})
afterEach(() => clinic.app.close())

async function send(message: unknown): Promise<Result[]> {
  const body = JSON.stringify(message)
  const answer = await clinic.post('/channels/vapi', body, { 'content-type': 'application/json', ...vapiSignature(body) })
  expect(answer.status).toBe(200)
  return (JSON.parse(answer.body) as { results: Result[] }).results
}
const call = (tool: string, args: unknown, id = 'call_1') => send(vapiCalls('vapi-tool-calls', [{ id, tool, args }]))
const structured = (result: Result | undefined) => JSON.parse(result?.result ?? '{}') as Record<string, unknown>

/** The tool calls of a sample with the tool and arguments of a test in place of its own, whatever form they have. */
function withTool(name: string, tool: string, args: object): unknown {
  const text = JSON.stringify(sample(name)).replaceAll('"what_day_is_it"', `"${tool}"`)
  const asText = JSON.stringify(JSON.stringify(args))
  return JSON.parse(
    text
      .replaceAll('"{\\"when\\": \\"next Tuesday morning\\"}"', asText)
      .replaceAll('{"when":"next Tuesday morning"}', JSON.stringify(args)),
  )
}

test.each(['vapi-tool-calls', 'vapi-tool-calls-string', 'vapi-tool-calls-flat'])(
  '%s: arguments are found where Vapi puts them',
  async (name) => {
    const [result, ...others] = await send(withTool(name, 'find_times', { type: 'short', limit: 2 }))
    const id = (sample(name)['message'] as { toolCallList: { id: string }[] }).toolCallList[0]!.id
    expect(others).toEqual([])
    expect(result).toEqual({ name: 'find_times', toolCallId: id, result: expect.any(String) as string })
    expect(structured(result)).toMatchObject({ outcome: 'ok', slots: [{}, {}] })
  },
)

test('without a list of calls, those beside the definitions are taken', async () => {
  const { message } = withTool('vapi-tool-calls-flat', 'find_times', { type: 'short' }) as { message: Record<string, unknown> }
  const [result] = await send({ message: { ...message, toolCallList: undefined } })
  expect(structured(result)).toMatchObject({ outcome: 'ok' })
})

test('several calls are answered each under its id, in their order', async () => {
  const results = await send(
    vapiCalls('vapi-tool-calls', [
      { id: 'call_a', tool: 'find_times', args: { type: 'short', limit: 1 } },
      { id: 'call_b', tool: 'book_everything', args: {} },
      { id: 'call_c', tool: 'find_times', args: '{"type": "short"' },
    ]),
  )
  expect(results.map(({ toolCallId }) => toolCallId)).toEqual(['call_a', 'call_b', 'call_c'])
  expect(results[0]).not.toHaveProperty('error')
  expect(results[1]?.error).toMatch(/^There is no such tool\. Call one of: start_intake, /)
  expect(results[1]?.error).not.toContain('everything')
  expect(results[2]?.error).toMatch(/outcome: invalid_request/)
})

test('more calls than can be answered in time are refused one by one', async () => {
  const calls = Array.from({ length: 10 }, (_, index) => ({ id: `call_${index}`, tool: 'find_times', args: { type: 'short', limit: 1 } }))
  const results = await send(vapiCalls('vapi-tool-calls', calls))
  expect(results.map(({ error }) => error !== undefined)).toEqual([...Array<boolean>(8).fill(false), true, true])
})

test('every result is one line of text, also when what it says is not', async () => {
  for (const tool of ['find_times', 'hold_time', 'nothing'])
    for (const { result, error } of await call(tool, { type: 'short', slot_id: 'a\nb' }))
      expect(result ?? error).toMatch(/^[^\r\n\u2028\u2029]+$/)
})

test('blanks of a model are not arguments', async () => {
  const blanks = { provider: null, location: '', start: '{{ start }}', modality: ' ' }
  expect(structured((await call('find_times', { type: 'short', ...blanks }))[0])).toMatchObject({ outcome: 'ok' })
  const [intake] = await call('start_intake', {
    type: 'short',
    patient: { ...ADA, phone: '', email: null },
    window: { start: '', end: null },
    reason: '',
  })
  expect(structured(intake)).toMatchObject({ outcome: 'eligible' })
})

test('what the clinic refuses is a result, what does not fit is an error', async () => {
  expect((await call('hold_time', { slot_id: 'invented' }))[0]).toMatchObject({
    result: expect.stringContaining('patient_required') as string,
  })
  expect((await call('hold_time', { slot_id: 7 }))[0]).toMatchObject({ error: expect.stringContaining('slot_id') as string })
})

test('a late repetition of a hold that was given back holds nothing', async () => {
  const token = structured((await call('start_intake', { type: 'short', patient: ADA }))[0])['patient_token']
  const [offer] = structured((await call('find_times', { type: 'short' }))[0])['slots'] as { slot_id: string }[]
  const hold = { slot_id: offer!.slot_id, patient_token: token }
  const { hold_id } = structured((await call('hold_time', hold, 'call_hold'))[0])
  await call('cancel', { appointment_id: hold_id, patient_token: token }, 'call_cancel')
  const late = structured((await call('hold_time', hold, 'call_hold'))[0])
  expect(late).toMatchObject({ hold_id, state: 'cancelled', replayed: true })
  expect(clinic.store.all('Slot').every(({ status }) => status === 'free')).toBe(true)
  // Asked for anew, under another id, it is held again.
  expect(structured((await call('hold_time', hold, 'call_later'))[0])).toMatchObject({ state: 'held', replayed: false })
})

test.each(['vapi-status-update'])('%s is acknowledged, and nothing is done', async (name) => {
  const body = JSON.stringify(sample(name))
  const answer = await clinic.post('/channels/vapi', body, { 'content-type': 'application/json', ...vapiSignature(body) })
  expect(answer).toEqual({ status: 200, body: '{}' })
})

test.each([
  '[]',
  '{}',
  '{"message":"tool-calls"}',
  '{"message":{"type":"tool-calls"}}',
  '{"message":{"type":"tool-calls","toolCallList":[1,null]}}',
  '',
])('a body of %j does no harm', async (body) => {
  const answer = await clinic.post('/channels/vapi', body, { 'content-type': 'application/json', ...vapiSignature(body) })
  expect(answer.status).toBe(200)
  expect(['{}', '{"results":[]}']).toContain(answer.body)
})

test('a body that is no JSON, and one of more than a megabyte, are refused', async () => {
  const headers = { 'content-type': 'application/json', 'x-vapi-secret': SECRETS.vapi }
  expect(await clinic.post('/channels/vapi', '{"message":', headers)).toMatchObject({ status: 400 })
  expect(await clinic.post('/channels/vapi', `"${'x'.repeat(1024 * 1024)}"`, headers)).toMatchObject({ status: 413 })
})

test('a body of 300 KB, as long conversations have it, is read', async () => {
  const request = vapiCalls('vapi-tool-calls', [{ id: 'call_1', tool: 'find_times', args: { type: 'short' } }])
  const message = { ...(request['message'] as object), artifact: { transcript: 'hello '.repeat(50_000) } }
  expect((await send({ message }))[0]).toMatchObject({ toolCallId: 'call_1' })
})

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['another secret', { 'x-vapi-secret': 'another-secret-of-tests' }],
  ['the secret of another channel', { authorization: `Bearer ${SECRETS.rasa}` }],
  ['a signature of another body', vapiSignature('{}', BEGINNING)],
  ['a signature of six minutes ago', vapiSignature('{"message":{"type":"status-update"}}', BEGINNING - 6 * 60_000)],
])('who shows %s is not let in, and nothing is read', async (_what, headers) => {
  const answer = await clinic.post('/channels/vapi', '{"message":{"type":"status-update"}}', {
    'content-type': 'application/json',
    ...headers,
  })
  expect(answer).toMatchObject({ status: 401, body: expect.stringContaining('unauthenticated') as string })
})

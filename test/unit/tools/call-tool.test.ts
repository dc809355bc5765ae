import { beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { buildTools } from '../../../src/tools/catalog.ts'
import { callTool, type ToolResult } from '../../../src/tools/call-tool.ts'
import type { ToolName } from '../../../src/tools/tool.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { ADA, BO, CHATBOT, memoryGateway } from '../helpers/memory-gateway.ts'

startAtBeginning()
let clinic: ReturnType<typeof memoryGateway>
beforeEach(() => {
  clinic = memoryGateway()
})

const answers: ToolResult[] = []

async function call(name: ToolName, args: unknown, client = CHATBOT): Promise<ToolResult> {
  const tool = buildTools(clinic.gateway).find((known) => known.name === name)!
  const result = await callTool(clinic.gateway, tool, args, { client, requestId: 'request-1' })
  // Whatever is called with whatever: the answer fits its schema, is short, one line, and says what follows.
  expect(tool.output.safeParse(result.structured).error).toBeUndefined()
  expect(Buffer.byteLength(JSON.stringify(result.structured)), name).toBeLessThan(2_048)
  expect(result.text).not.toMatch(/[\r\n]/)
  expect(result.structured.message).not.toBe('')
  answers.push(result)
  return result
}

async function tokenOf(patient: object): Promise<string> {
  return (await call('start_intake', { type: 'short', patient })).structured['patient_token'] as string
}

async function offers(limit = 3): Promise<{ slot_id: string; local_start: string }[]> {
  return (await call('find_times', { type: 'short', limit })).structured['slots'] as { slot_id: string; local_start: string }[]
}

test('a visit from intake to cancel, and every call repeated', async () => {
  const patient_token = await tokenOf(ADA)
  const [first, second] = await offers()
  const held = await call('hold_time', { slot_id: first!.slot_id, patient_token })
  expect(held.structured).toMatchObject({ outcome: 'ok', state: 'held', next_actions: ['confirm_booking', 'cancel'], replayed: false })
  expect(held.structured['read_back']).toContain(first!.local_start)
  expect(held.structured['read_back']).toMatch(/shall I book it\?/)
  expect((await call('hold_time', { slot_id: first!.slot_id, patient_token })).structured).toMatchObject({ replayed: true })

  const { hold_id } = held.structured
  for (const replayed of [false, true]) {
    const booked = await call('confirm_booking', { hold_id, patient_token })
    expect(booked.structured).toMatchObject({ outcome: 'ok', appointment_id: hold_id, state: 'booked', replayed })
    expect(booked.text).toContain(`confirmation_code=${booked.structured['confirmation_code'] as string}`)
  }
  for (const replayed of [false, true]) {
    const moved = await call('reschedule', { appointment_id: hold_id, slot_id: second!.slot_id, patient_token })
    expect(moved.structured).toMatchObject({ outcome: 'ok', local_start: second!.local_start, replayed })
  }
  const list = await call('my_appointments', { patient_token })
  expect(list.structured).toMatchObject({ appointments: [{ appointment_id: hold_id, state: 'booked' }], more: 0 })
  for (const replayed of [false, true])
    expect((await call('cancel', { appointment_id: hold_id, patient_token })).structured).toMatchObject({ state: 'cancelled', replayed })
  expect(clinic.store.all('Slot').every(({ status }) => status === 'free')).toBe(true)
})

test('of two who want one time one has it, and the other is offered others', async () => {
  const [ada, bo] = [await tokenOf(ADA), await tokenOf(BO)]
  const [first] = await offers(1)
  const both = await Promise.all([ada, bo].map((patient_token) => call('hold_time', { slot_id: first!.slot_id, patient_token })))
  expect(both.map(({ structured }) => structured.outcome).sort()).toEqual(['ok', 'slot_taken'])
  const lost = both.find(({ structured }) => structured.outcome === 'slot_taken')!
  expect(lost).toMatchObject({ failed: true, structured: { next_actions: ['hold_time', 'find_times'], retryable: false } })
  const others = lost.structured['alternatives'] as { slot_id: string }[]
  expect(others).toHaveLength(3)
  expect(lost.text).toContain(`slot_id=${others[0]!.slot_id}`)
})

test('a hold can be given back by cancel', async () => {
  const patient_token = await tokenOf(ADA)
  const [first] = await offers()
  const { hold_id } = (await call('hold_time', { slot_id: first!.slot_id, patient_token })).structured
  expect((await call('cancel', { appointment_id: hold_id, patient_token })).structured).toMatchObject({ outcome: 'ok' })
  expect(clinic.store.all('Slot').every(({ status }) => status === 'free')).toBe(true)
})

test('five offers fit into an answer, also with long names', async () => {
  expect((await offers(5)).length).toBeGreaterThanOrEqual(4)
})

test('words for a time become a window that find_times takes', async () => {
  const day = await call('what_day_is_it', { when: 'tomorrow morning' })
  expect(day.structured).toMatchObject({ outcome: 'ok', today: '2027-03-01', weekday: 'Monday', understood: 'resolved' })
  const { start, end } = day.structured['resolved'] as { start: string; end: string }
  expect(day.text).toContain(`start=${start} end=${end}`)
  expect((await call('find_times', { type: 'short', start, end })).structured.outcome).toBe('ok')
  expect((await call('what_day_is_it', { when: 'my chest hurts' })).text).not.toContain('chest')
})

test('nobody holds or books without having said who he is', async () => {
  const [first] = await offers()
  expect((await call('hold_time', { slot_id: first!.slot_id })).structured).toMatchObject({
    outcome: 'patient_required',
    next_actions: ['start_intake'],
  })
  expect((await call('confirm_booking', { hold_id: 'ap-invented' })).structured).toMatchObject({ outcome: 'patient_required' })
  expect((await call('ask_for_staff', { reason: 'other' })).structured).toMatchObject({
    outcome: 'patient_required',
    message: expect.stringContaining(clinic.gateway.booking.mapping.clinic.phone) as string,
  })
  expect(clinic.store.all('Appointment')).toEqual([])
})

test.each<[string, ToolName, unknown, Record<string, unknown>]>([
  ['no arguments', 'find_times', undefined, { outcome: 'invalid_request', path: 'type' }],
  ['a list', 'find_times', [], { outcome: 'invalid_request' }],
  ['an unknown argument', 'find_times', { type: 'short', when: 'soon' }, { outcome: 'invalid_request', path: 'when' }],
  ['a name as argument', 'find_times', { type: 'short', 'Ada Quill': 1 }, { outcome: 'invalid_request', path: '(a name)' }],
  ['an unknown kind of visit', 'find_times', { type: 'surgery' }, { outcome: 'invalid_request', path: 'type' }],
  ['a time without offset', 'find_times', { type: 'short', start: '2027-03-01T10:00:00' }, { outcome: 'invalid_request', path: 'start' }],
  ['an invented offer', 'hold_time', { slot_id: 's0-0.abcdefghijklmnopqrstuvwx', patient_token: 'x' }, { outcome: 'patient_required' }],
  ['a token that is none', 'my_appointments', { patient_token: 'abc' }, { outcome: 'patient_required', next_actions: ['start_intake'] }],
  ['a patient without the scope', 'my_appointments', { patient: 'Patient/ada' }, { outcome: 'forbidden' }],
  ['an unknown reason', 'ask_for_staff', { reason: 'please call me' }, { outcome: 'invalid_request', path: 'reason' }],
])('%s is a result that says what is wrong', async (_what, name, args, expected) => {
  const result = await call(name, args)
  expect(result).toMatchObject({ failed: true, structured: expected })
  expect(result.text).toContain(`outcome: ${expected['outcome'] as string}`)
  expect(JSON.stringify(result.structured)).not.toMatch(/Quill|please call me/)
})

test('a client without the scope is refused, whatever it sends', async () => {
  const reader = { ...CHATBOT, scopes: ['availability:read' as const] }
  const [first] = await offers()
  const args = { slot_id: first!.slot_id, patient_token: await tokenOf(ADA) }
  expect((await call('hold_time', args, reader)).structured).toMatchObject({ outcome: 'forbidden' })
  expect(clinic.store.all('Appointment')).toEqual([])
})

test('every tool says all four hints, takes nothing unknown, and describes each argument in JSON Schema', () => {
  const tools = buildTools(clinic.gateway)
  expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length)
  for (const { name, annotations, input, description, output } of tools) {
    expect(Object.values(annotations).filter((hint) => typeof hint === 'boolean'), name).toHaveLength(4)
    expect(description.length, name).toBeLessThan(700)
    const schema = z.toJSONSchema(input, { io: 'input' })
    expect(schema.additionalProperties, name).toBe(false)
    expect(z.toJSONSchema(output).type, name).toBe('object')
  }
  const changes = tools.filter(({ annotations }) => annotations.destructiveHint).map(({ name }) => name)
  expect(changes).toEqual(['reschedule', 'cancel'])
})

import type { Task } from 'fhir/r4.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escalationId } from '../../../src/fhir/ids.ts'
import { buildTask, readTask, type NewTask } from '../../../src/fhir/task.ts'
import { at, NOW, ZONE } from '../helpers/day.ts'

const NEW: NewTask = {
  escalationId: 'esc-1',
  reason: { code: 'race_lost', title: 'Others were faster', description: 'Call the patient.' },
  priority: 'urgent',
  channel: 'phone',
  clientId: 'chatbot',
  patient: 'Patient/p',
  focus: { reference: 'Appointment/9', appointmentId: 'ap-1' },
  trail: [{ code: 'hold_slot_taken', at: NOW }],
  authored: NOW,
  due: at('10:00'),
}
const BASE = 'https://fhir-scheduling-gateway.org/fhir'

test('a Task says why, for whom, about what, how urgent and until when', () => {
  expect(buildTask(NEW, ZONE)).toEqual({
    resourceType: 'Task',
    identifier: [{ system: `${BASE}/escalation-id`, value: 'esc-1' }],
    status: 'requested',
    intent: 'order',
    priority: 'urgent',
    code: {
      coding: [{ system: `${BASE}/CodeSystem/escalation-reason`, code: 'race_lost', display: 'Others were faster' }],
      text: 'Others were faster',
    },
    description: 'Call the patient.',
    focus: { reference: 'Appointment/9', type: 'Appointment', identifier: { system: `${BASE}/appointment-id`, value: 'ap-1' } },
    for: { reference: 'Patient/p' },
    authoredOn: '2027-03-01T00:00:00-08:00',
    lastModified: '2027-03-01T00:00:00-08:00',
    requester: { identifier: { system: `${BASE}/client-id`, value: 'chatbot' } },
    restriction: { period: { end: '2027-03-01T10:00:00-08:00' } },
    input: [
      {
        type: { coding: [{ system: `${BASE}/CodeSystem/escalation-input`, code: 'channel' }] },
        valueCoding: { system: `${BASE}/CodeSystem/escalation-channel`, code: 'phone' },
      },
      {
        type: { coding: [{ system: `${BASE}/CodeSystem/escalation-input`, code: 'hold_slot_taken' }] },
        valueInstant: '2027-03-01T00:00:00-08:00',
      },
    ],
  } satisfies Task)
})

test('about nobody and no visit, it has neither', () => {
  const { patient: _patient, focus: _focus, ...bare } = NEW
  const task = buildTask(bare, ZONE)
  expect(Object.keys(task)).not.toContain('for')
  expect(Object.keys(task)).not.toContain('focus')
  expect(buildTask({ ...bare, focus: {} }, ZONE).focus).toBeUndefined()
})

test('a visit that was never made is named by its id alone', () => {
  const task = buildTask({ ...NEW, focus: { appointmentId: 'ap-1' } }, ZONE)
  expect(task.focus).toEqual({ type: 'Appointment', identifier: { system: `${BASE}/appointment-id`, value: 'ap-1' } })
  expect(readTask(task)?.appointment).toBe('ap-1')
})

describe('the trail', () => {
  test.for(['called Ann Muster 555-0123', 'Ünknown', 'ABC', '', 'a\nb', `a${'b'.repeat(64)}`, '1a', 'x y'])(
    'takes no text such as %j',
    (code) => {
      const task = buildTask({ ...NEW, trail: [{ code, at: NOW }] }, ZONE)
      expect(task.input?.[1]?.type.coding?.[0]?.code).toBe('unnamed')
    },
  )

  test('keeps its last steps', () => {
    const trail = Array.from({ length: 50 }, (_, index) => ({ code: `step-${index}`, at: NOW }))
    const codes = buildTask({ ...NEW, trail }, ZONE).input?.map((one) => one.type.coding?.[0]?.code)
    expect(codes).toHaveLength(21)
    expect(codes?.at(-1)).toBe('step-49')
  })
})

describe('a Task is read back', () => {
  const read = (changes: Partial<Task> = {}) => readTask({ ...buildTask(NEW, ZONE), ...changes })

  test('as it was built', () => {
    expect(read()).toEqual({
      escalationId: 'esc-1',
      status: 'requested',
      open: true,
      reason: 'race_lost',
      title: 'Others were faster',
      priority: 'urgent',
      channel: 'phone',
      authored: NOW,
      due: at('10:00'),
      appointment: 'ap-1',
    })
  })

  test.for<readonly [Task['status'], boolean]>([
    ['requested', true],
    ['received', true],
    ['accepted', true],
    ['in-progress', true],
    ['on-hold', true],
    ['completed', false],
    ['cancelled', false],
    ['rejected', false],
    ['failed', false],
    ['entered-in-error', false],
  ])('%s: open is %s', ([status, open]) => {
    expect(read({ status })?.open).toBe(open)
  })

  test('whatever staff software has done to it', () => {
    expect(readTask({ resourceType: 'Task', status: 'draft', intent: 'order' })).toBeUndefined()
    expect(read({ identifier: [{ system: 'https://other.example', value: 'esc-1' }] })).toBeUndefined()
    const bare = readTask({ resourceType: 'Task', status: 'requested', intent: 'order', identifier: buildTask(NEW, ZONE).identifier! })
    expect(bare).toEqual({ escalationId: 'esc-1', status: 'requested', open: true, reason: '', title: '', priority: 'routine' })
    expect(read({ restriction: { period: { end: 'tomorrow' } } })?.due).toBeUndefined()
    expect(read({ focus: { reference: 'Appointment/9' } })?.appointment).toBe('Appointment/9')
  })
})

test('the id follows from the key, and from nothing else', () => {
  expect(escalationId('a')).toMatch(/^esc-[0-9a-z]{24}$/)
  expect(escalationId('a')).toBe(escalationId('a'))
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      fc.pre(one !== other)
      expect(escalationId(one)).not.toBe(escalationId(other))
    }),
  )
})

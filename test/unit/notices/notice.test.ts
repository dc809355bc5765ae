import { describe, expect, test } from 'vitest'
import type { VisitEvent } from '../../../src/booking/ports.ts'
import { NOTICE_TYPES, noticeOf, noticeSchema, testNotice, type EscalationEvent } from '../../../src/notices/notice.ts'

const AT = Date.parse('2027-03-01T09:00:07.900Z')
const booked: VisitEvent = { kind: 'booked', appointmentId: 'ap-1', version: '3', clientId: 'chatbot' }
const escalated: EscalationEvent = { kind: 'escalated', escalationId: 'es-1', reason: 'wants-a-person', priority: 'urgent' }
const events = [
  booked,
  { ...booked, kind: 'rescheduled' },
  { ...booked, kind: 'cancelled' },
  { ...booked, kind: 'expired' },
  escalated,
] as const

describe('the notice of an event', () => {
  test('about a visit names it by id and version', () => {
    expect(noticeOf(booked, AT)).toEqual({
      id: expect.stringMatching(/^msg_[0-9a-z]{24}$/) as string,
      type: 'appointment.booked',
      timestamp: '2027-03-01T09:00:07.900Z',
      data: { appointment_id: 'ap-1', version: '3', client_id: 'chatbot' },
    })
  })

  test('about an escalation names it, its code and its priority', () => {
    expect(noticeOf(escalated, AT)).toMatchObject({
      type: 'escalation.created',
      data: { escalation_id: 'es-1', reason: 'wants-a-person', priority: 'urgent' },
    })
  })

  test('exists for every type a receiver can ask for', () => {
    expect(events.map((event) => noticeOf(event, AT).type)).toEqual([...NOTICE_TYPES])
  })

  test.for(events)('of $kind passes the schema of jobs', (event) => {
    expect(noticeSchema.parse(JSON.parse(JSON.stringify(noticeOf(event, AT))))).toEqual(noticeOf(event, AT))
  })

  test('has no place for anything else', () => {
    const notice = noticeOf(booked, AT)
    expect(noticeSchema.safeParse({ ...notice, data: { ...notice.data, patient: 'Patient/1' } }).success).toBe(false)
    expect(noticeSchema.safeParse({ ...notice, start: '2027-03-01T09:00:00Z' }).success).toBe(false)
    expect(noticeSchema.safeParse({ ...notice, type: 'appointment.noted' }).success).toBe(false)
  })
})

describe('the message id', () => {
  test('is the same however often and whenever an event is told', () => {
    expect(noticeOf({ ...booked }, AT + 60_000).id).toBe(noticeOf(booked, AT).id)
    expect(noticeOf({ ...escalated }, AT + 60_000).id).toBe(noticeOf(escalated, AT).id)
  })

  test('is another one for another type, visit, version or escalation', () => {
    const others = [...events, { ...booked, appointmentId: 'ap-2' }, { ...booked, version: '4' }, { ...escalated, escalationId: 'es-2' }]
    expect(new Set(others.map((event) => noticeOf(event, AT).id)).size).toBe(others.length)
  })

  test('does not mistake where the id ends and the version begins', () => {
    const ids = [
      noticeOf({ ...booked, appointmentId: 'ap-1', version: '12' }, AT),
      noticeOf({ ...booked, appointmentId: 'ap-11', version: '2' }, AT),
    ]
    expect(ids[0]!.id).not.toBe(ids[1]!.id)
  })

  test('has no full stop, which separates the parts that are signed', () => {
    for (const event of events) expect(noticeOf(event, AT).id).not.toContain('.')
  })
})

test('every test message is a new one', () => {
  expect(testNotice('crm', AT)).toMatchObject({ type: 'webhook.test', data: { endpoint_id: 'crm' } })
  expect(testNotice('crm', AT).id).not.toBe(testNotice('crm', AT + 1).id)
  expect(noticeSchema.safeParse(testNotice('crm', AT)).success).toBe(true)
})

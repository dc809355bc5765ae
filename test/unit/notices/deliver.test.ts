import { describe, expect, test } from 'vitest'
import type { VisitEvent } from '../../../src/booking/ports.ts'
import { deliverNotice, noticeJobId, noticeJobs, noticeJobSchema, type NoticeDeps } from '../../../src/notices/deliver.ts'
import type { EscalationEvent, NoticeType } from '../../../src/notices/notice.ts'
import type { Delivery, NoticeEndpoint } from '../../../src/notices/ports.ts'

const AT = Date.parse('2027-03-01T09:00:00Z')
const booked: VisitEvent = { kind: 'booked', appointmentId: 'ap-1', version: '3', clientId: 'chatbot' }
const escalated: EscalationEvent = { kind: 'escalated', escalationId: 'es-1', reason: 'wants-a-person', priority: 'urgent' }

const endpoint = (id: string, types?: NoticeType[], url = `https://${id}.example/hook`): NoticeEndpoint => ({
  id,
  url,
  secrets: ['whsec_not-looked-at-here'],
  types,
})

describe('who is told', () => {
  const endpoints = [
    endpoint('all'),
    endpoint('desk', ['escalation.created']),
    endpoint('crm', ['appointment.booked', 'appointment.cancelled']),
  ]

  test.for<readonly [event: VisitEvent | EscalationEvent, ids: string[]]>([
    [booked, ['all', 'crm']],
    [{ ...booked, kind: 'rescheduled' }, ['all']],
    [{ ...booked, kind: 'cancelled' }, ['all', 'crm']],
    [{ ...booked, kind: 'expired' }, ['all']],
    [escalated, ['all', 'desk']],
  ])('of $0.kind: $1', ([event, ids]) => {
    expect(noticeJobs(event, endpoints, AT).map(({ endpointId }) => endpointId)).toEqual(ids)
  })

  test('nobody, where there are no endpoints', () => {
    expect(noticeJobs(booked, [], AT)).toEqual([])
  })

  test('a job holds neither URL nor secret, and passes its schema', () => {
    for (const job of noticeJobs(booked, endpoints, AT)) {
      expect(JSON.stringify(job)).not.toMatch(/example|whsec/)
      expect(noticeJobSchema.parse(JSON.parse(JSON.stringify(job)))).toEqual(job)
    }
  })

  test('an event told twice gives the same jobs, one per endpoint', () => {
    const names = noticeJobs(booked, endpoints, AT).map(noticeJobId)
    expect(noticeJobs(booked, endpoints, AT + 1).map(noticeJobId)).toEqual(names)
    expect(new Set(names).size).toBe(2)
    expect(names.join('')).not.toContain(':')
  })
})

describe('one attempt', () => {
  /** A sender that always comes to the same, and what it was asked for. */
  function parts(delivery: Delivery, endpoints = [endpoint('crm')]): { deps: NoticeDeps; sent: string[]; disabled: Set<string> } {
    const sent: string[] = []
    const disabled = new Set<string>()
    const sender: NoticeDeps['sender'] = {
      send: ({ id }, { id: message }) => {
        sent.push(`${message} to ${id}`)
        return Promise.resolve(delivery)
      },
    }
    const states: NoticeDeps['states'] = {
      isDisabled: (key) => Promise.resolve(disabled.has(key)),
      disable: (key) => {
        disabled.add(key)
        return Promise.resolve()
      },
    }
    return { deps: { endpoints, sender, states }, sent, disabled }
  }
  const job = noticeJobs(booked, [endpoint('crm')], AT)[0]!
  const failed: Delivery = { kind: 'failed', why: 'it answered 500', status: 500 }

  test('that is taken is the end', async () => {
    const { deps, sent, disabled } = parts({ kind: 'delivered' })
    expect(await deliverNotice(deps, job, 1)).toEqual({ kind: 'delivered' })
    expect(sent).toEqual([`${job.notice.id} to crm`])
    expect(disabled.size).toBe(0)
  })

  test('that meets 410 disables the endpoint: nothing is sent to it again', async () => {
    const { deps, sent } = parts({ kind: 'gone' })
    expect(await deliverNotice(deps, job, 1)).toEqual({ kind: 'dropped', why: 'gone' })
    expect(await deliverNotice(deps, job, 1)).toEqual({ kind: 'dropped', why: 'disabled' })
    expect(sent).toHaveLength(1)
  })

  test('a new URL under the same id is told again after a 410', async () => {
    const { deps, sent } = parts({ kind: 'gone' })
    await deliverNotice(deps, job, 1)
    await deliverNotice({ ...deps, endpoints: [endpoint('crm', undefined, 'https://new.example/hook')] }, job, 1)
    expect(sent).toHaveLength(2)
  })

  test('to an endpoint that is not configured any more is not made', async () => {
    const { deps, sent } = parts({ kind: 'delivered' }, [endpoint('other')])
    expect(await deliverNotice(deps, job, 1)).toEqual({ kind: 'dropped', why: 'no such endpoint' })
    expect(sent).toEqual([])
  })

  test.for<readonly [what: string, delivery: Delivery]>([
    ['fails', failed],
    ['is refused', { kind: 'refused', why: 'the URL is not https' }],
  ])('that %s is followed by another one, until there were eight', async ([, delivery]) => {
    const { deps, disabled } = parts(delivery)
    const why = 'why' in delivery ? delivery.why : ''
    for (const attempt of [1, 2, 3, 4, 5, 6, 7]) expect(await deliverNotice(deps, job, attempt)).toMatchObject({ kind: 'retry', why })
    expect(await deliverNotice(deps, job, 8)).toEqual({ kind: 'given-up', why })
    expect(disabled.size).toBe(0)
  })

  test('that is asked to wait is repeated no earlier', async () => {
    const { deps } = parts({ ...failed, status: 429, retryAfterSeconds: 900 })
    const outcome = await deliverNotice(deps, job, 1)
    expect(outcome.kind === 'retry' && outcome.afterSeconds).toBeGreaterThanOrEqual(900)
  })
})

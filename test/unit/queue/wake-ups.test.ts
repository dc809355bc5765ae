import { describe, expect, test } from 'vitest'
import type { JobQueue } from '../../../src/queue/job-queue.ts'
import { QueuedWakeUps } from '../../../src/queue/wake-ups.ts'

const EVENT = { kind: 'booked', appointmentId: 'ap-1', version: '1', clientId: 'chatbot' } as const

/** Wake-ups on a queue that keeps what it is given, or never answers. */
function wakeUps(add: (name: string, payload: unknown, options: unknown) => Promise<void>) {
  let lost = 0
  const queue = { add } as unknown as JobQueue
  const made = new QueuedWakeUps(queue, () => [], () => lost++)
  return { made, lost: () => lost }
}

describe('wake-up calls', () => {
  test('a hold wakes the worker when it runs out, once', async () => {
    const added: unknown[] = []
    const { made } = wakeUps((...job) => {
      added.push(job)
      return Promise.resolve()
    })
    const expires = Date.now() + 60_000
    made.holdMade('ap-1', expires)
    await Promise.resolve()
    expect(added).toEqual([['expire-hold', { appointment_id: 'ap-1', expires }, { delayMs: expect.any(Number) as number, once: 'expire-ap-1' }]])
  })

  test('what Redis does not take is counted and forgotten: the sweep finds it', async () => {
    const { made, lost } = wakeUps(() => Promise.reject(new Error('down')))
    made.holdMade('ap-1', Date.now())
    made.outcomeUnknown({ receiptId: 'rcpt-1', clientId: 'chatbot', since: Date.now() })
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(lost()).toBe(2)
  })

  test('a Redis that hangs does not fill the memory', () => {
    const { made, lost } = wakeUps(() => new Promise(() => undefined))
    for (let index = 0; index < 1_500; index++) made.holdMade(`ap-${index}`, Date.now())
    expect(lost()).toBe(500)
  })

  test('nobody is told where nobody asked', () => {
    const { made, lost } = wakeUps(() => Promise.reject(new Error('must not be called')))
    made.visitChanged(EVENT)
    expect(lost()).toBe(0)
  })
})

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DONE, type Handlers } from '../../../src/jobs/handlers.ts'
import type { JobQueue } from '../../../src/queue/job-queue.ts'
import { Rounds } from '../../../src/queue/rounds.ts'

const EVERY = { sweep: 3_000, reconcile: 30_000 }
let ran: string[]
let rounds: Rounds
const handlers = {
  sweep: () => {
    ran.push('sweep')
    return Promise.resolve(DONE)
  },
  reconcile: () => {
    ran.push('reconcile')
    return Promise.resolve(DONE)
  },
} as unknown as Handlers
const RUN = { signal: new AbortController().signal, attempt: 1 }
const start = (repeat: () => Promise<void>) => new Rounds({ repeat } as unknown as JobQueue, EVERY, handlers, () => undefined)

beforeEach(() => {
  vi.useFakeTimers()
  ran = []
})
afterEach(() => {
  rounds.stop()
  vi.useRealTimers()
})

describe('rounds', () => {
  test('are left to the queue as long as they come from there', async () => {
    rounds = start(() => Promise.resolve())
    for (let second = 0; second < 60; second += 3) {
      await vi.advanceTimersByTimeAsync(3_000)
      await rounds.handlers.sweep({}, RUN)
    }
    expect(ran.filter((name) => name === 'sweep')).toHaveLength(20)
  })

  test('are gone by the own clock when Redis is away, each after five of its periods', async () => {
    rounds = start(() => Promise.reject(new Error('down')))
    await vi.advanceTimersByTimeAsync(14_000)
    expect(ran).toEqual([])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(ran).toEqual(['sweep'])
    await vi.advanceTimersByTimeAsync(140_000)
    expect(ran).toContain('reconcile')
    expect(ran.filter((name) => name === 'sweep').length).toBeGreaterThanOrEqual(9)
  })

  test('that fail do not end the others', async () => {
    const failing = { ...handlers, sweep: () => Promise.reject(new Error('EHR down')) }
    const reports: string[] = []
    rounds = new Rounds({ repeat: () => Promise.resolve() } as unknown as JobQueue, EVERY, failing, (name) => reports.push(name))
    await vi.advanceTimersByTimeAsync(160_000)
    expect(reports.length).toBeGreaterThanOrEqual(9)
    expect(ran).toContain('reconcile')
  })
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { countersInProcess } from '../../src/counters-in-process.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('counts within a window that begins with the first one', async () => {
  const counters = countersInProcess()
  expect(await counters.add('a', 60)).toBe(1)
  vi.advanceTimersByTime(59_000)
  expect(await counters.add('a', 60)).toBe(2)
  vi.advanceTimersByTime(1_000)
  expect(await counters.add('a', 60)).toBe(1)
})

test('counts every key for itself, and forgets one that is cleared', async () => {
  const counters = countersInProcess()
  await counters.add('a', 60)
  expect(await counters.add('b', 60)).toBe(1)
  await counters.clear('a')
  expect(await counters.add('a', 60)).toBe(1)
  expect(await counters.add('b', 60)).toBe(2)
})

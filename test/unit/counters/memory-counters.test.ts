import { expect, test } from 'vitest'
import { MemoryCounters } from '../../../src/counters/memory-counters.ts'

let now = 0
const counters = (mostKeys?: number) => new MemoryCounters(mostKeys, () => now)

test('counts within a window that begins with the first count', () => {
  const memory = counters()
  expect(memory.add('a', 1_000)).toEqual({ count: 1, leftMs: 1_000 })
  now += 400
  expect(memory.add('a', 1_000)).toEqual({ count: 2, leftMs: 600 })
  expect(memory.add('b', 1_000)).toEqual({ count: 1, leftMs: 1_000 })
  now += 600
  expect(memory.add('a', 1_000)).toEqual({ count: 1, leftMs: 1_000 })
})

test('forgets what it is told to', () => {
  const memory = counters()
  memory.add('a', 1_000)
  memory.clear('a')
  expect(memory.add('a', 1_000).count).toBe(1)
})

test('takes over a larger count and its window, and keeps its own where that is larger', () => {
  const memory = counters()
  memory.add('a', 1_000)
  expect(memory.agree('a', { count: 7, leftMs: 300 })).toEqual({ count: 7, leftMs: 300 })
  expect(memory.add('a', 1_000)).toEqual({ count: 8, leftMs: 300 })
  expect(memory.agree('a', { count: 2, leftMs: 250 })).toEqual({ count: 8, leftMs: 250 })
  now += 250
  expect(memory.add('a', 1_000).count).toBe(1)
})

test('keeps so many keys and no more: the one used longest ago goes first', () => {
  const memory = counters(3)
  for (const key of ['a', 'b', 'c', 'a', 'd']) memory.add(key, 1_000)
  expect(memory.size).toBe(3)
  expect(memory.add('a', 1_000).count).toBe(3)
  expect(memory.add('b', 1_000).count).toBe(1)
})

test('can be looked at without counting, and a count can be taken back', () => {
  const counters = new MemoryCounters(10, () => 0)
  expect(counters.add('a', 1_000, 0)).toEqual({ count: 0, leftMs: 1_000 })
  expect(counters.add('a', 1_000).count).toBe(1)
  expect(counters.add('a', 1_000, 2).count).toBe(3)
  expect(counters.add('a', 1_000, -1).count).toBe(2)
  expect(counters.add('a', 1_000, 0).count).toBe(2)
})

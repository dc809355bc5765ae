import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Counted } from '../../../src/counters/memory-counters.ts'
import type { CounterServer } from '../../../src/counters/redis-connection.ts'
import { SharedCounters } from '../../../src/counters/shared-counters.ts'

/** A Redis that several processes count in, and that can go away. */
class Server implements CounterServer {
  count = 0
  isAway = false
  asked = 0

  add(): Promise<Counted> {
    return this.#answer(() => ({ count: ++this.count, leftMs: 60_000 }))
  }
  clear(): Promise<void> {
    return this.#answer(() => void (this.count = 0))
  }
  ping(): Promise<void> {
    return this.isAway ? Promise.reject(new Error('Command timed out')) : Promise.resolve()
  }
  close(): void {
    this.isAway = true
  }

  #answer<T>(result: () => T): Promise<T> {
    this.asked++
    return this.isAway ? Promise.reject(new Error('Command timed out')) : Promise.resolve(result())
  }
}

let server: Server
let states: string[]
let counters: SharedCounters
beforeEach(() => {
  vi.useFakeTimers()
  server = new Server()
  states = []
  counters = new SharedCounters(server, (state) => states.push(state))
})
afterEach(() => {
  counters.close()
  vi.useRealTimers()
})
const add = () => counters.add('a', 60)

test('counts in Redis, together with the other processes', async () => {
  server.count = 40
  expect([await add(), await add()]).toEqual([41, 42])
  expect(await counters.count('a', 60_000)).toEqual({ count: 43, leftMs: 60_000 })
})

test('goes on in memory from where Redis was, and asks it no more', async () => {
  server.count = 40
  await add()
  server.isAway = true
  expect([await add(), await add(), await add()]).toEqual([42, 43, 44])
  expect(server.asked).toBe(2)
  expect(states).toEqual(['away'])
})

test('comes back when a ping is answered, without forgetting what was counted meanwhile', async () => {
  await add()
  server.isAway = true
  for (let index = 0; index < 5; index++) await add()
  await vi.advanceTimersByTimeAsync(3_000)
  expect(server.asked).toBe(2)
  server.isAway = false
  await vi.advanceTimersByTimeAsync(1_000)
  expect(states).toEqual(['away', 'ready'])
  expect(await add()).toBe(7)
})

test('notices by itself that Redis is gone', async () => {
  server.isAway = true
  await vi.advanceTimersByTimeAsync(1_000)
  expect(counters.state).toBe('away')
  expect(await add()).toBe(1)
  expect(server.asked).toBe(0)
})

test('forgets a count in both places', async () => {
  await add()
  await add()
  await counters.clear('a')
  expect(await add()).toBe(1)
  server.isAway = true
  await counters.clear('a')
  expect(await add()).toBe(1)
})

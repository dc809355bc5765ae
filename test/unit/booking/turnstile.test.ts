import { afterEach, describe, expect, test, vi } from 'vitest'
import { Turnstile } from '../../../src/booking/turnstile.ts'

/** An attempt that ends when it is told to. */
function openEnded(): { attempt: () => Promise<string>; end: (value?: string) => void; fail: () => void; begun: () => boolean } {
  let begun = false
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const attempt = () => {
    begun = true
    return promise
  }
  return {
    attempt,
    end: (value = 'ended') => {
      resolve(value)
    },
    fail: () => {
      reject(new Error('lost'))
    },
    begun: () => begun,
  }
}

afterEach(() => {
  vi.useRealTimers()
})

/** Lets everything that can go on, go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve))
const later = () => performance.now() + 10_000

describe('of those that try for the same time', () => {
  test('one goes at a time: the second begins when the first has ended', async () => {
    const turnstile = new Turnstile()
    const [first, second] = [openEnded(), openEnded()]
    const one = turnstile.pass('slot', later(), first.attempt)
    const two = turnstile.pass('slot', later(), second.attempt)
    await settle()
    expect([first.begun(), second.begun()]).toEqual([true, false])
    first.end('one')
    await one
    await settle()
    expect(second.begun()).toBe(true)
    second.end('two')
    expect(await Promise.all([one, two])).toEqual(['one', 'two'])
  })

  test('the others go on as well when the first one fails, and only he gets his error', async () => {
    const turnstile = new Turnstile()
    const first = openEnded()
    const failed = turnstile.pass('slot', later(), first.attempt)
    const others = [1, 2, 3].map((each) => turnstile.pass('slot', later(), () => Promise.resolve(each)))
    first.fail()
    await expect(failed).rejects.toThrow('lost')
    expect(await Promise.all(others)).toEqual([1, 2, 3])
  })

  test('nobody waits for longer than half of the time he has', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const turnstile = new Turnstile()
    void turnstile.pass('slot', later(), openEnded().attempt)
    const second = openEnded()
    void turnstile.pass('slot', performance.now() + 1000, second.attempt)
    await vi.advanceTimersByTimeAsync(499)
    expect(second.begun()).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(second.begun()).toBe(true)
  })

  test('one whose time is over does not wait at all', async () => {
    const turnstile = new Turnstile()
    void turnstile.pass('slot', later(), openEnded().attempt)
    expect(await turnstile.pass('slot', performance.now() - 1, () => Promise.resolve('mine'))).toBe('mine')
  })
})

test('those that try for different times do not wait for each other', async () => {
  const turnstile = new Turnstile()
  void turnstile.pass('slot', later(), openEnded().attempt)
  expect(await turnstile.pass('another', later(), () => Promise.resolve('through'))).toBe('through')
})

test('when everybody is through, the next one is first again', async () => {
  const turnstile = new Turnstile()
  await turnstile.pass('slot', later(), () => Promise.resolve())
  await expect(turnstile.pass('slot', later(), () => Promise.reject(new Error('lost')))).rejects.toThrow()
  const next = openEnded()
  void turnstile.pass('slot', later(), next.attempt)
  expect(next.begun()).toBe(true)
})

import { describe, expect, test } from 'vitest'
import { MOST_ATTEMPTS, RETRY_DELAYS_SECONDS, retryDelaySeconds } from '../../../src/notices/retry.ts'

const HOUR = 3600
/** The pause without jitter. */
const middle = (attempt: number, retryAfterSeconds?: number) => retryDelaySeconds(attempt, retryAfterSeconds, 0.5)

describe('the retry schedule', () => {
  test('spreads eight attempts over about 28 hours', () => {
    expect(MOST_ATTEMPTS).toBe(8)
    expect(RETRY_DELAYS_SECONDS.reduce((sum, seconds) => sum + seconds, 0) / HOUR).toBeCloseTo(27.58, 2)
  })

  test.for([
    [1, 5],
    [2, 300],
    [3, 1800],
    [4, 2 * HOUR],
    [5, 5 * HOUR],
    [6, 10 * HOUR],
    [7, 10 * HOUR],
    [8, undefined],
    [9, undefined],
  ] as const)('after attempt %i waits %s s', ([attempt, seconds]) => {
    if (seconds === undefined) expect(middle(attempt)).toBeUndefined()
    else expect(middle(attempt)).toBeCloseTo(seconds, 6)
  })

  test('is off by a tenth at most, in either direction', () => {
    expect(retryDelaySeconds(2, 0, 0)).toBeCloseTo(270, 6)
    expect(retryDelaySeconds(2, 0, 0.999)).toBeCloseTo(330, 0)
    const pauses = new Set(Array.from({ length: 20 }, () => retryDelaySeconds(2)))
    expect(pauses.size).toBeGreaterThan(1)
  })
})

describe('a receiver that asks for patience', () => {
  test('is not called earlier than it asked, whatever the chance', () => {
    for (const chance of [0, 0.3, 0.999]) expect(retryDelaySeconds(1, 120, chance)).toBeGreaterThanOrEqual(120)
    expect(retryDelaySeconds(1, 120, 0.999)).toBeLessThanOrEqual(132)
  })

  test('does not speed up the schedule', () => {
    expect(middle(3, 1)).toBeCloseTo(1800, 6)
  })

  test('cannot put it off for ever, nor get more attempts', () => {
    expect(retryDelaySeconds(1, 1e9, 0)).toBeCloseTo(10 * HOUR, 6)
    expect(middle(8, 60)).toBeUndefined()
  })
})

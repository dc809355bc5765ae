import { describe, expect, test } from 'vitest'
import type { BreakerState } from '../../../src/booking/ports.ts'
import { Breaker, type Verdict } from '../../../src/ehr/breaker.ts'

const OPTIONS = { failures: 10, runMs: 1_000, openMs: 1_000, probes: 3 }

/** A breaker on a clock of the test's own. */
class Bench {
  now = 5_000
  readonly states: BreakerState[] = []
  readonly breaker = new Breaker(
    (state) => this.states.push(state),
    OPTIONS,
    () => this.now,
  )

  /** One exchange that takes so long. */
  exchange(verdict: Verdict, tookMs = 0): boolean {
    const permit = this.breaker.admit()
    if (!permit) return false
    this.now += tookMs
    this.breaker.settle(permit, verdict)
    return true
  }

  fail(times: number, everyMs = 0): void {
    for (let index = 0; index < times; index++) this.exchange('bad', everyMs)
  }

  /** Ten failures within a second and a bit. */
  open(): this {
    this.fail(10, 101)
    expect(this.breaker.state).toBe('open')
    return this
  }
}

describe('closed', () => {
  test('it lets everything pass', () => {
    const bench = new Bench()
    for (let index = 0; index < 100; index++) expect(bench.exchange('good')).toBe(true)
    expect(bench.states).toEqual([])
  })

  test.each([
    [
      'nine failures, however long they take',
      (bench: Bench) => {
        bench.fail(9, 1_000)
      },
    ],
    [
      'a hundred at once, as when a balancer drops every connection',
      (bench: Bench) => {
        bench.fail(100)
      },
    ],
    [
      'failures with a success among them',
      (bench: Bench) => {
        for (let index = 0; index < 50; index++) {
          bench.fail(9, 200)
          bench.exchange('good')
        }
      },
    ],
    [
      'exchanges that say nothing',
      (bench: Bench) => {
        for (let index = 0; index < 50; index++) bench.exchange('none', 500)
      },
    ],
  ])('it stays so through %s', (_what, happen) => {
    const bench = new Bench()
    happen(bench)
    expect(bench.states).toEqual([])
  })

  test('it opens after ten failures in a row that have gone on for a second', () => {
    const bench = new Bench()
    bench.fail(9, 112)
    expect(bench.states).toEqual([])
    bench.exchange('bad', 112)
    expect(bench.states).toEqual(['open'])
  })

  test('failures that run side by side count from the start of the first: an EHR that hangs opens it with its first time-outs', () => {
    const bench = new Bench()
    const permits = Array.from({ length: 14 }, () => bench.breaker.admit()!)
    bench.now += 2_500
    for (const permit of permits.slice(0, 9)) bench.breaker.settle(permit, 'bad')
    expect(bench.breaker.state).toBe('closed')
    for (const permit of permits.slice(9)) bench.breaker.settle(permit, 'bad')
    expect(bench.states).toEqual(['open'])
  })

  test('an exchange that says nothing does not end a run of failures', () => {
    const bench = new Bench()
    bench.fail(9, 112)
    bench.exchange('none')
    bench.exchange('bad', 112)
    expect(bench.breaker.state).toBe('open')
  })
})

describe('open', () => {
  test('it refuses, and says how long it still will', () => {
    const bench = new Bench().open()
    expect(bench.breaker.waitMs).toBe(1_000)
    bench.now += 400
    expect(bench.breaker.waitMs).toBe(600)
    expect(bench.exchange('good')).toBe(false)
  })

  test('what was begun before says nothing about now', () => {
    const bench = new Bench()
    const early = bench.breaker.admit()!
    bench.open()
    bench.breaker.settle(early, 'good')
    expect(bench.breaker.state).toBe('open')
  })
})

describe('half-open, after a second', () => {
  const halfOpen = (): Bench => {
    const bench = new Bench().open()
    bench.now += 1_000
    return bench
  }

  test('asking how long to wait changes nothing', () => {
    const bench = halfOpen()
    expect(bench.breaker.waitMs).toBe(0)
    expect(bench.states).toEqual(['open'])
  })

  test('three may try at once, others are refused meanwhile', () => {
    const bench = halfOpen()
    expect([1, 2, 3].map(() => bench.breaker.admit() !== undefined)).toEqual([true, true, true])
    expect(bench.breaker.admit()).toBeUndefined()
    expect(bench.breaker.waitMs).toBeGreaterThan(0)
  })

  test('the first success closes it; a failure that comes in after that counts as nothing', () => {
    const bench = halfOpen()
    const [first, second] = [bench.breaker.admit()!, bench.breaker.admit()!]
    bench.breaker.settle(first, 'good')
    bench.breaker.settle(second, 'bad')
    expect(bench.states).toEqual(['open', 'half-open', 'closed'])
    bench.fail(9, 200)
    expect(bench.breaker.state).toBe('closed')
  })

  test('a failure opens it for another second', () => {
    const bench = halfOpen()
    bench.exchange('bad', 300)
    expect(bench.states).toEqual(['open', 'half-open', 'open'])
    expect(bench.breaker.waitMs).toBe(1_000)
  })

  test('an exchange that says nothing makes room for another one', () => {
    const bench = halfOpen()
    const permits = [1, 2, 3].map(() => bench.breaker.admit()!)
    bench.breaker.settle(permits[0]!, 'none')
    expect(bench.breaker.state).toBe('half-open')
    expect(bench.exchange('good')).toBe(true)
    expect(bench.breaker.state).toBe('closed')
  })

  test('closed again, it takes ten new failures', () => {
    const bench = halfOpen()
    bench.exchange('good')
    bench.fail(9, 200)
    expect(bench.breaker.state).toBe('closed')
    bench.exchange('bad')
    expect(bench.breaker.state).toBe('open')
  })
})

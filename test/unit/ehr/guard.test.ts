import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { EhrObserver } from '../../../src/booking/ports.ts'
import type { Exchange } from '../../../src/ehr/fhir-http.ts'
import { Guard, type Attempt, type Refused } from '../../../src/ehr/guard.ts'

const answer = (status: number, body: unknown = 'usable'): Exchange => {
  return { kind: 'answer', status, body, date: null, retryAfterSeconds: undefined }
}
const BROKEN: Exchange = { kind: 'broken', sent: true }

/** A guard that is watched, and exchanges that take as long as the test says. */
class Bench implements EhrObserver {
  readonly log: string[] = []
  readonly guard = new Guard('read', this)

  breaker(_kind: string, state: string): void {
    this.log.push(state)
  }
  refused(_kind: string, why: string): void {
    this.log.push(why)
  }
  roundTrip(_kind: string, outcome: string): void {
    this.log.push(outcome)
  }

  run(send: () => Promise<Exchange> | Exchange, changes: Partial<Attempt> = {}): Promise<Exchange | Refused> {
    return this.guard.run({
      waitUntil: performance.now() + 5_000,
      timeoutMs: () => 2_500,
      send: () => Promise.resolve(send()),
      isUsable: ({ body }) => body === 'usable',
      ...changes,
    })
  }

  /** The same failure again and again for more than a second. */
  async runFor(send: () => Exchange, milliseconds = 1_150, changes: Partial<Attempt> = {}): Promise<void> {
    for (const end = performance.now() + milliseconds; performance.now() < end;) {
      await this.run(send, changes)
      await sleep(40)
    }
  }
}

describe.concurrent('the guard of one kind of exchange', () => {
  test('lets an exchange through, observes it, and gives back what came', async () => {
    const bench = new Bench()
    expect(await bench.run(() => answer(200))).toMatchObject({ kind: 'answer', status: 200 })
    expect(bench.log).toEqual(['closed', '200'])
  })

  test.each<[string, () => Exchange]>([
    ['connections that break', () => BROKEN],
    ['5xx', () => answer(500)],
    ['nonsense', () => answer(200, '<html>')],
  ])('opens after a second of %s, refuses without asking, and closes again by a probe', async (_what, send) => {
    const bench = new Bench()
    await bench.runFor(send)
    expect(bench.log).toContain('open')
    let isAsked = false
    const refused = await bench.run(() => ((isAsked = true), answer(200)))
    expect(refused).toEqual({ kind: 'refused', why: 'open', retryAfterSeconds: 1 })
    expect(isAsked).toBe(false)
    await sleep(1_050)
    expect(await bench.run(() => answer(200))).toMatchObject({ status: 200 })
    expect(bench.log.slice(-3)).toEqual(['half-open', '200', 'closed'])
  })

  test.each([
    ['a lost race', 409],
    ['a stale version', 412],
    ['a refusal', 422],
    ['too many requests', 429],
  ])('stays closed through any number of answers that are %s', async (_what, status) => {
    const bench = new Bench()
    await bench.runFor(() => answer(status))
    expect(bench.log).not.toContain('open')
  })

  test('a time-out counts only when the EHR had a second to answer', async () => {
    const hurried = new Bench()
    await hurried.runFor(() => BROKEN, 1_150, { timeoutMs: () => 0 })
    expect(hurried.log).not.toContain('open')
  })

  test('refuses at once when too many wait, and says so', async () => {
    const bench = new Bench()
    const open: (() => void)[] = []
    const hang = () =>
      new Promise<Exchange>((resolve) =>
        open.push(() => {
          resolve(answer(200))
        }),
      )
    const running = Array.from({ length: 14 + 256 }, () => bench.run(hang))
    expect(await bench.run(hang)).toEqual({ kind: 'refused', why: 'full', retryAfterSeconds: 1 })
    expect(open).toHaveLength(14)
    while (open.length > 0) {
      open.splice(0).forEach((end) => {
        end()
      })
      await sleep(1)
    }
    expect(await Promise.all(running)).toEqual(running.map(() => expect.objectContaining({ status: 200 }) as unknown))
  })

  test('whoever waited in line is refused too once the breaker is open, without being sent', async () => {
    const bench = new Bench()
    const began = performance.now()
    const slowFailure = () => sleep(1_020, BROKEN)
    const answers = await Promise.all(Array.from({ length: 100 }, () => bench.run(slowFailure)))
    expect(performance.now() - began).toBeLessThan(4_000)
    // Nine places were handed on before the tenth failure came in; the rest of the line is let off.
    expect(answers.filter(({ kind }) => kind === 'refused').length).toBeGreaterThan(70)
  })

  test('a fault of our own in an exchange comes out, and gives its place and its permit back', async () => {
    const bench = new Bench()
    for (let index = 0; index < 20; index++) {
      await expect(bench.run(() => Promise.reject(new RangeError('a fault')))).rejects.toThrow('a fault')
    }
    expect(await bench.run(() => answer(200))).toMatchObject({ status: 200 })
  })
})

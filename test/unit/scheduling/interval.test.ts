import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MINUTE, overlaps, pad, type Interval } from '../../../src/scheduling/interval.ts'

const RUNS = { numRuns: 5000 }
const span = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }))
  .map(([start, length]) => ({ start, end: start + length }))
const lasting = span.filter((each) => each.end > each.start)
const minutes = fc.integer({ min: 0, max: 120 })

/** Every whole moment in a span: the definition that `overlaps` has to meet. */
const moments = ({ start, end }: Interval): number[] => Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index)

describe('overlaps', () => {
  test.for<[string, Interval, Interval, boolean]>([
    ['one inside the other', { start: 0, end: 10 }, { start: 3, end: 4 }, true],
    ['one moment in common', { start: 0, end: 10 }, { start: 9, end: 20 }, true],
    ['back to back', { start: 0, end: 10 }, { start: 10, end: 20 }, false],
    ['apart', { start: 0, end: 10 }, { start: 11, end: 20 }, false],
    ['an empty span inside another', { start: 0, end: 10 }, { start: 5, end: 5 }, false],
    ['a span that ends before it starts', { start: 0, end: 10 }, { start: 8, end: 2 }, false],
  ])('%s', ([, a, b, expected]) => {
    expect(overlaps(a, b)).toBe(expected)
    expect(overlaps(b, a)).toBe(expected)
  })

  test('two spans overlap exactly when they have a moment in common', () => {
    fc.assert(
      fc.property(span, span, (a, b) => {
        const common = moments(a).filter((moment) => moments(b).includes(moment))
        expect(overlaps(a, b)).toBe(common.length > 0)
      }),
      RUNS,
    )
  })

  test('it does not matter which span comes first', () => {
    fc.assert(
      fc.property(span, span, (a, b) => {
        expect(overlaps(a, b)).toBe(overlaps(b, a))
      }),
      RUNS,
    )
  })

  test('a span that lasts overlaps itself, and none that begins where it ends', () => {
    fc.assert(
      fc.property(lasting, minutes, (a, length) => {
        expect(overlaps(a, a)).toBe(true)
        expect(overlaps(a, { start: a.end, end: a.end + length })).toBe(false)
      }),
      RUNS,
    )
  })
})

describe('pad', () => {
  test('widens by minutes on each side and leaves the span itself alone', () => {
    expect(pad({ start: 10 * MINUTE, end: 20 * MINUTE }, 5, 15)).toEqual({ start: 5 * MINUTE, end: 35 * MINUTE })
    expect(pad({ start: 3, end: 4 }, 0, 0)).toEqual({ start: 3, end: 4 })
  })

  test('whatever overlaps a span overlaps it padded, and a pad reaches no further than its minutes', () => {
    fc.assert(
      fc.property(lasting, lasting, minutes, minutes, (a, b, before, after) => {
        const padded = pad(a, before, after)
        if (overlaps(a, b)) expect(overlaps(padded, b)).toBe(true)
        expect(overlaps(padded, { start: padded.end, end: padded.end + 1 })).toBe(false)
        expect(overlaps(padded, { start: padded.start - 1, end: padded.start })).toBe(false)
        expect(padded.end - padded.start).toBe(a.end - a.start + (before + after) * MINUTE)
      }),
      RUNS,
    )
  })

  test('a buffer after one visit reaches another exactly when a buffer as long before the other reaches the one', () => {
    fc.assert(
      fc.property(lasting, fc.integer({ min: 0, max: 30 }), minutes, (a, gap, length) => {
        const b = { start: a.end + gap * MINUTE, end: a.end + (gap + 1) * MINUTE }
        expect(overlaps(pad(a, 0, length), b)).toBe(overlaps(a, pad(b, length, 0)))
      }),
      RUNS,
    )
  })
})

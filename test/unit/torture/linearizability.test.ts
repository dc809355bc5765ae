import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkSlot } from '../../torture/linearizability.ts'
import { bySlot, type SlotOperation } from '../../torture/slot-history.ts'
import { explainedByHand, randomHistory, validHistory } from './histories.ts'

const operation =
  (kind: SlotOperation['kind']) =>
  (appointment: string, invoked: number, returned: number, outcome: SlotOperation['outcome'] = 'ok'): SlotOperation => ({
    kind,
    appointment,
    invoked,
    returned,
    outcome,
  })
const take = operation('take')
const give = operation('give')

describe('a history that can be explained', () => {
  test.for<readonly [what: string, history: readonly SlotOperation[]]>([
    ['nothing at all', []],
    ['taken, given back, taken by another', [take('a', 0, 1), give('a', 2, 3), take('b', 4, 5)]],
    ['two at once, one of them refused', [take('a', 0, 5), take('b', 0, 5, 'taken')]],
    ['refused before the winner hears of it', [take('a', 0, 9), take('b', 1, 2, 'taken')]],
    ['taken while it is being given back', [take('a', 0, 1), give('a', 2, 9), take('b', 3, 4)]],
    ['refused while it is being given back', [take('a', 0, 1), give('a', 2, 9), take('b', 3, 4, 'taken')]],
    ['an unknown take that explains a refusal', [take('a', 0, 1, 'unknown'), take('b', 5, 6, 'taken')]],
    ['an unknown take that never took effect', [take('a', 0, 1, 'unknown'), take('b', 5, 6)]],
    ['an unknown take that took effect long after its answer', [take('a', 0, 1, 'unknown'), take('b', 2, 3), give('b', 4, 5), take('c', 6, 7, 'taken')]],
    ['an unknown give that took effect', [take('a', 0, 1), give('a', 2, 3, 'unknown'), take('b', 8, 9)]],
    ['an unknown give that did not', [take('a', 0, 1), give('a', 2, 3, 'unknown'), take('b', 8, 9, 'taken')]],
    ['a failed take, and somebody else has it', [take('a', 0, 1, 'failed'), take('b', 2, 3)]],
    ['the same visit comes back', [take('a', 0, 1), give('a', 2, 3), take('a', 4, 5), give('a', 6, 7)]],
    ['touching at one instant', [take('a', 0, 1), give('a', 1, 2), take('b', 2, 3)]],
  ])('%s', ([, history]) => {
    expect(checkSlot(history)).toEqual({ linearizable: true })
  })

  test('begins with whoever has the Slot', () => {
    expect(checkSlot([take('b', 0, 1, 'taken'), give('a', 2, 3), take('b', 4, 5)], 'a')).toEqual({ linearizable: true })
    expect(checkSlot([take('b', 0, 1)], 'a').linearizable).toBe(false)
  })

  test('is accepted however its operations overlap, and whatever is unknown', () => {
    fc.assert(
      fc.property(validHistory({ maxLength: 60 }), (history) => {
        expect(checkSlot(history)).toEqual({ linearizable: true })
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a history that cannot be', () => {
  test.for<readonly [what: string, history: readonly SlotOperation[]]>([
    ['taken twice, one after the other', [take('a', 0, 1), take('b', 2, 3)]],
    ['taken twice at the same time', [take('a', 0, 5), take('b', 0, 5)]],
    ['taken twice by the same visit', [take('a', 0, 1), take('a', 2, 3)]],
    ['an acknowledged take that was lost: another one gets it', [take('a', 0, 1), take('b', 2, 3), give('b', 4, 5)]],
    ['an acknowledged give that was lost: the time stays taken', [take('a', 0, 1), give('a', 2, 3), take('b', 4, 5, 'taken')]],
    ['a stale refusal: it was free all the time', [take('a', 0, 1), give('a', 2, 3), take('b', 4, 9, 'taken'), take('c', 10, 11)]],
    ['a refusal before anybody came', [take('b', 0, 1, 'taken'), take('a', 2, 3)]],
    ['the effect of a failed take', [take('a', 0, 1, 'failed'), take('b', 2, 3, 'taken')]],
    ['the effect of a failed give', [take('a', 0, 1), give('a', 2, 3, 'failed'), take('b', 4, 5)]],
    ['given back by somebody who never had it', [take('a', 0, 1), give('b', 2, 3)]],
    ['given back twice', [take('a', 0, 1), give('a', 2, 3), give('a', 4, 5)]],
    ['given back before it was taken', [give('a', 0, 1), take('a', 2, 3)]],
    ['one unknown take that explains two things', [take('a', 0, 1, 'unknown'), give('a', 2, 3), take('b', 4, 5, 'taken')]],
    ['an unknown take used before it was sent', [take('b', 0, 1, 'taken'), take('a', 2, 3, 'unknown')]],
    ['an unknown give used before it was sent', [take('a', 0, 1), take('b', 2, 3), give('a', 4, 5, 'unknown')]],
    ['refused for its own visit', [take('a', 0, 1), take('a', 2, 3, 'taken')]],
  ])('is found: %s', ([, history]) => {
    const verdict = checkSlot(history)
    expect(verdict.linearizable).toBe(false)
    expect(verdict).toMatchObject({ explanation: expect.stringMatching(/none of these can be next/) as string })
  })

  test('is told from one that can be exactly as by trying every order', () => {
    let refused = 0
    fc.assert(
      fc.property(randomHistory, (history) => {
        const expected = explainedByHand(history)
        if (!expected) refused++
        expect(checkSlot(history).linearizable).toBe(expected)
      }),
      { numRuns: 3000 },
    )
    expect(refused).toBeGreaterThan(500)
  })
})

describe('thousands of operations', () => {
  const long = () => fc.sample(validHistory({ minLength: 3000, maxLength: 3000, size: 'max' }), { numRuns: 1 })[0]!

  test('are checked within seconds', { timeout: 20_000 }, () => {
    expect(checkSlot(long())).toEqual({ linearizable: true })
  })

  test.for([0.1, 0.5, 0.99])('one that is wrong at %f of them is found within seconds', { timeout: 20_000 }, (where) => {
    const history = long()
    const at = history.map(({ invoked }) => invoked).sort((a, b) => a - b)[Math.floor(history.length * where)]!
    // Somebody has it and gives it back, though he never took it.
    expect(checkSlot([...history, give('nobody', at, at + 1)]).linearizable).toBe(false)
  })
})

test('a move gives the old Slot and takes the new one; where the new one was taken the old one stays', () => {
  const seen = { appointment: 'a', invoked: 1, returned: 2 } as const
  const histories = bySlot([
    { ...seen, kind: 'take', slot: 'one', outcome: 'ok' },
    { ...seen, kind: 'move', from: 'one', to: 'two', outcome: 'ok' },
    { ...seen, kind: 'move', from: 'two', to: 'three', outcome: 'taken' },
    { ...seen, kind: 'move', from: 'two', to: 'two', outcome: 'ok' },
    { ...seen, kind: 'lapse', slot: 'two', outcome: 'ok' },
  ])
  expect(Object.fromEntries(histories)).toEqual({
    one: [
      { ...seen, kind: 'take', outcome: 'ok' },
      { ...seen, kind: 'give', outcome: 'ok' },
    ],
    two: [
      { ...seen, kind: 'take', outcome: 'ok' },
      { ...seen, kind: 'give', outcome: 'unknown' },
    ],
    three: [{ ...seen, kind: 'take', outcome: 'taken' }],
  })
})

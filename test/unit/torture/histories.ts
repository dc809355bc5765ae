import fc from 'fast-check'
import type { SlotOperation } from '../../torture/slot-history.ts'

/** How far an operation's call lies before the moment it takes effect, and its answer after it; and what its caller learns. */
const act = fc.noBias(
  fc.record({
    early: fc.integer({ min: 0, max: 40 }),
    late: fc.integer({ min: 0, max: 40 }),
    choice: fc.integer({ min: 0, max: 99 }),
  }),
)

/**
 * What callers saw of a Slot that really behaved: its effects happen one after the other, ten apart, and calls and answers lie around
 * them. A few outcomes stay unknown, some of those without effect.
 */
export function validHistory(length: fc.ArrayConstraints): fc.Arbitrary<SlotOperation[]> {
  return fc.array(act, length).map((acts) => {
    let holder: string | undefined
    const seen = acts.map(({ early, late, choice }, index): SlotOperation => {
      const seen = { invoked: index * 10 - early, returned: index * 10 + late }
      const outcome = choice < 2 ? 'unknown' : 'ok'
      const mine = `v${index}`
      if (choice >= 99) return { ...seen, kind: 'take', appointment: mine, outcome: 'unknown' }
      if (choice >= 97) return { ...seen, kind: 'take', appointment: mine, outcome: 'failed' }
      if (holder === undefined) {
        holder = mine
        return { ...seen, kind: 'take', appointment: mine, outcome }
      }
      if (choice % 2 === 0) return { ...seen, kind: 'take', appointment: mine, outcome: 'taken' }
      const appointment = holder
      holder = undefined
      return { ...seen, kind: 'give', appointment, outcome }
    })
    return [...seen, ...lapses(seen)]
  })
}

/** A hold that nobody heard of runs out some time later, and then may be ended by anybody. */
function lapses(seen: readonly SlotOperation[]): SlotOperation[] {
  const holds = seen.filter(({ kind, outcome }) => kind === 'take' && outcome === 'unknown')
  const ended = new Set(seen.filter(({ kind }) => kind === 'give').map(({ appointment }) => appointment))
  return holds
    .filter(({ appointment }) => !ended.has(appointment))
    .map(({ appointment, invoked }) => ({ kind: 'give', appointment, invoked: invoked + 300, returned: invoked + 300, outcome: 'unknown' }))
}

/** Anything, mostly nonsense: few visits, so that it sometimes makes sense. */
export const randomHistory: fc.Arbitrary<SlotOperation[]> = fc.array(
  fc
    .record({
      kind: fc.constantFrom('take', 'take', 'give'),
      appointment: fc.constantFrom('a', 'b', 'c'),
      invoked: fc.integer({ min: 0, max: 12 }),
      takes: fc.integer({ min: 0, max: 6 }),
      outcome: fc.constantFrom('ok', 'ok', 'ok', 'taken', 'unknown', 'failed'),
    })
    .map(({ takes, outcome, ...rest }): SlotOperation => {
      const refused = rest.kind === 'give' && outcome === 'taken' ? 'ok' : outcome
      return { ...rest, returned: rest.invoked + takes, outcome: refused }
    }),
  { maxLength: 6 },
)

/** The same question, answered by trying every order of every choice of the unknown operations. Slow, and plain enough to be believed. */
export function explainedByHand(history: readonly SlotOperation[], holder?: string): boolean {
  const open = history.filter(({ outcome }) => outcome !== 'failed')
  if (open.every(({ outcome }) => outcome === 'unknown')) return true
  return open.some((next) => {
    const rest = open.filter((other) => other !== next)
    const mustComeBefore = rest.some((other) => other.outcome !== 'unknown' && other.returned < next.invoked)
    if (mustComeBefore) return false
    if (next.outcome === 'taken') return holder !== undefined && holder !== next.appointment && explainedByHand(rest, holder)
    if (next.kind === 'take') return holder === undefined && explainedByHand(rest, next.appointment)
    return holder === next.appointment && explainedByHand(rest)
  })
}

import { describe, expect, test } from 'vitest'
import type { Slot } from 'fhir/r4.js'
import { claimSet } from '../../../src/scheduling/claim-set.ts'
import { MINUTE } from '../../../src/scheduling/interval.ts'
import type { Window } from '../../../src/scheduling/window.ts'
import { at, claimed, directoryOf, gatewayVisit, NOW, practitioner, schedule, slot, windowOf } from '../helpers/day.ts'

const OPENS = at('09:00')
const SELF = 'self'

/**
 * A day drawn as one letter per 15 minutes from 09:00:
 * `f` free · space: no Slot · by the EHR itself: `b` busy, `t` busy-tentative, `u` busy-unavailable (a pause), `e` entered-in-error ·
 * by another claim: `B` booked, `H` held, `U` its buffer, `x` hold that has run out, `X` its buffer · `s` held by the visit itself, `S` its buffer ·
 * claimed, then changed by the EHR: `p` to busy-unavailable, `c` own claim to busy, `r` back to free
 */
const LETTERS: Readonly<Record<string, (bare: Slot) => Slot>> = {
  f: (bare) => bare,
  b: (bare) => ({ ...bare, status: 'busy' }),
  t: (bare) => ({ ...bare, status: 'busy-tentative' }),
  u: (bare) => ({ ...bare, status: 'busy-unavailable' }),
  e: (bare) => ({ ...bare, status: 'entered-in-error' }),
  B: (bare) => claimed(bare, 'other', 'busy'),
  H: (bare) => claimed(bare, 'other', 'busy-tentative', NOW + 1),
  U: (bare) => claimed(bare, 'other', 'busy-unavailable'),
  x: (bare) => claimed(bare, 'lapsed', 'busy-tentative', NOW),
  X: (bare) => claimed(bare, 'lapsed', 'busy-unavailable', NOW),
  s: (bare) => claimed(bare, SELF, 'busy-tentative', NOW + 1),
  S: (bare) => claimed(bare, SELF, 'busy-unavailable', NOW + 1),
  p: (bare) => ({ ...claimed(bare, 'other', 'busy'), status: 'busy-unavailable' }),
  c: (bare) => ({ ...claimed(bare, SELF, 'busy-tentative', NOW + 1), status: 'busy' }),
  r: (bare) => ({ ...claimed(bare, 'other', 'busy'), status: 'free' }),
}

function dayOf(drawing: string): Window {
  const slots = Array.from(drawing).flatMap((letter, index) => {
    const make = LETTERS[letter]
    return make ? [make(slot(`s${index}`, 'ann', OPENS + index * 15 * MINUTE))] : []
  })
  return windowOf(directoryOf(practitioner('ann'), schedule('ann', ['Practitioner/ann'])), slots)
}

/** Draws the answer: `o` a Slot the visit uses, `+` one it blocks, `.` one it leaves alone; or the refusal. */
function claim(drawing: string, index: number, minutes: number, before = 0, after = 0, self?: string): string {
  const wish = { slotId: `s${index}`, start: OPENS + index * 15 * MINUTE, minutes, bufferBeforeMinutes: before, bufferAfterMinutes: after }
  const set = claimSet(dayOf(drawing), { ...wish, ...(self !== undefined && { self }) })
  if (set.kind !== 'claim') return set.kind
  const has = (slots: readonly { id: string }[], at: number) => slots.some((each) => each.id === `s${at}`)
  return Array.from(drawing, (_, at) => (has(set.own, at) ? 'o' : has(set.blocked, at) ? '+' : '.')).join('')
}

type Row = readonly [rule: string, day: string, index: number, minutes: number, before: number, after: number, expected: string]

describe('the Slots a visit uses', () => {
  test.for<Row>([
    ['a visit as long as a Slot uses that Slot', 'fff', 1, 15, 0, 0, '.o.'],
    ['a shorter visit uses the whole Slot', 'fff', 1, 5, 0, 0, '.o.'],
    ['a longer visit uses the chain of adjacent Slots', 'ffff', 1, 45, 0, 0, '.ooo'],
    ['a visit that ends within a Slot uses all of it', 'ffff', 0, 20, 0, 0, 'oo..'],
    ['a visit that is a minute longer than a Slot needs the next one', 'fff', 0, 16, 0, 0, 'oo.'],
    ['and is not had without it', 'fb', 0, 16, 0, 0, 'taken'],
    ['a visit that ends where a Slot begins does not use it', 'ffff', 0, 30, 0, 0, 'oo..'],
    ['a busy Slot breaks the chain', 'ffbf', 1, 30, 0, 0, 'taken'],
    ['a gap breaks the chain', 'ff f', 1, 30, 0, 0, 'taken'],
    ['a pause breaks the chain', 'ffuf', 1, 30, 0, 0, 'taken'],
    ['a Slot entered in error breaks the chain', 'ffef', 1, 30, 0, 0, 'taken'],
    ['the end of the day breaks the chain', 'ff', 1, 30, 0, 0, 'taken'],
    ['a Slot that was entered in error is not there', 'fef', 1, 15, 0, 0, 'moved'],
    ['no Slot, no visit', 'f f', 1, 15, 0, 0, 'moved'],
  ])('%s', ([, day, index, minutes, before, after, expected]) => {
    expect(claim(day, index, minutes, before, after)).toBe(expected)
  })
})

describe('buffers', () => {
  test.for<Row>([
    ['block the free Slots before and after', 'fffff', 2, 15, 15, 30, '.+o++'],
    ['block a Slot they reach into only partly', 'fffff', 2, 15, 5, 20, '.+o++'],
    ['leave a Slot alone that they only touch', 'fffff', 2, 15, 15, 15, '.+o+.'],
    ['may reach over the beginning of the day', 'ff', 0, 15, 60, 0, 'o.'],
    ['may reach over the end of the day', 'ff', 1, 15, 0, 60, '.o'],
    ['may lie in time without Slots', 'f f f', 2, 15, 15, 15, '. o .'.replaceAll(' ', '.')],
    ['reach past time without Slots', 'f f f', 2, 15, 30, 30, '+.o.+'],
    ['may reach into a pause, which stays as it is', 'ufu', 1, 15, 15, 15, '.o.'],
    ['reach past a pause to the Slot behind it', 'fufuf', 2, 15, 30, 30, '+.o.+'],
    ['may reach into a Slot that the EHR made a pause although it was claimed', 'fp', 0, 15, 0, 15, 'o.'],
    ['must not reach into a visit', 'fB', 0, 15, 0, 15, 'taken'],
    ['must not reach into a hold', 'Hf', 1, 15, 15, 0, 'taken'],
    ['must not reach into the buffer of a visit', 'fU', 0, 15, 0, 15, 'taken'],
    ['must not reach into a Slot the EHR made busy', 'fb', 0, 15, 0, 15, 'taken'],
    ['must not reach into a Slot the EHR made busy-tentative', 'ft', 0, 15, 0, 15, 'taken'],
    ['may touch a visit', 'BffB', 1, 30, 0, 0, '.oo.'],
  ])('%s', ([, day, index, minutes, before, after, expected]) => {
    expect(claim(day, index, minutes, before, after)).toBe(expected)
  })
})

describe('what somebody else has', () => {
  test.for<readonly [rule: string, letter: string]>([
    ['busy by the EHR', 'b'],
    ['busy-tentative by the EHR', 't'],
    ['busy-unavailable by the EHR', 'u'],
    ['booked', 'B'],
    ['held', 'H'],
    ['blocked as a buffer', 'U'],
    ['claimed, then paused by the EHR', 'p'],
    ['held by the visit of another wish', 's'],
  ])('is never given away: %s', ([, letter]) => {
    expect(claim(letter, 0, 15)).toBe('taken')
    expect(claim(`f${letter}`, 0, 30)).toBe('taken')
  })
})

describe('holds that have run out', () => {
  test.for<Row>([
    ['their Slot can be claimed', 'fxf', 1, 15, 0, 0, '.o.'],
    ['their buffer can be claimed', 'fXf', 1, 15, 0, 0, '.o.'],
    ['a chain may lead over their Slots', 'fxXf', 0, 60, 0, 0, 'oooo'],
    ['their Slots can become a buffer', 'xfX', 1, 15, 15, 15, '+o+'],
  ])('%s', ([, day, index, minutes, before, after, expected]) => {
    expect(claim(day, index, minutes, before, after)).toBe(expected)
  })

  test('run out at the very moment that was promised, not before', () => {
    const untilNext = slot('s0', 'ann', OPENS)
    const directory = directoryOf(schedule('ann', ['Practitioner/ann']))
    const wish = { slotId: 's0', start: OPENS, minutes: 15, bufferBeforeMinutes: 0, bufferAfterMinutes: 0 }
    const kindAt = (now: number) => claimSet(windowOf(directory, [claimed(untilNext, 'x', 'busy-tentative', NOW)], [], now), wish).kind
    expect([kindAt(NOW - 1), kindAt(NOW), kindAt(NOW + 1)]).toEqual(['taken', 'claim', 'claim'])
  })

  test('their Appointment ends with the claim that takes their time', () => {
    const lapsed = gatewayVisit('lapsed', { startsAt: OPENS, holdExpires: NOW, ownSlots: ['s0'] })
    const window = dayOf('xff')
    const withVisit = windowOf(
      window.directory,
      window.slots.map((each) => each.resource),
      [lapsed],
    )
    const wish = { slotId: 's0', start: OPENS, minutes: 15, bufferBeforeMinutes: 0, bufferAfterMinutes: 0 }
    expect(claimSet(withVisit, wish)).toMatchObject({ kind: 'claim', expired: [lapsed] })
    expect(claimSet(withVisit, { ...wish, slotId: 's1', start: OPENS + 15 * MINUTE })).toMatchObject({ kind: 'claim', expired: [] })
  })
})

describe('a visit that confirms or moves', () => {
  test.for<Row>([
    ['may use what it holds', 'BsB', 1, 15, 0, 0, '.o.'],
    ['may grow from what it holds into free Slots', 'ssf', 0, 45, 0, 0, 'ooo'],
    ['may move onto Slots that are partly its own', 'ssf', 1, 30, 0, 0, '.oo'],
    ['may use its own buffer, and block what it used', 'sSf', 1, 15, 15, 15, '+o+'],
    ['may not use what the EHR took away from it', 'c', 0, 15, 0, 0, 'taken'],
    ['may not reach with its buffer into what the EHR took away from it', 'sc', 0, 15, 0, 15, 'taken'],
    ['may not use what others have', 'sB', 0, 30, 0, 0, 'taken'],
  ])('%s', ([, day, index, minutes, before, after, expected]) => {
    expect(claim(day, index, minutes, before, after, SELF)).toBe(expected)
  })

  test('its own Appointment does not stand in its way, that of another does', () => {
    const { directory, slots } = dayOf('f')
    const wish = { slotId: 's0', start: OPENS, minutes: 15, bufferBeforeMinutes: 0, bufferAfterMinutes: 0, self: SELF }
    const withVisit = (id: string) => windowOf(directory, [slots[0]!.resource], [gatewayVisit(id, { startsAt: OPENS })])
    expect(claimSet(withVisit(SELF), wish).kind).toBe('claim')
    expect(claimSet(withVisit('other'), wish).kind).toBe('taken')
  })
})

describe('a Slot that is not as it was offered', () => {
  test('a claim the EHR overruled by freeing the Slot no longer counts', () => {
    expect(claim('frf', 1, 15)).toBe('.o.')
  })

  test.for<readonly [rule: string, slotId: string, start: number, scheduleId: string]>([
    ['it begins at another time', 's0', OPENS + MINUTE, 'ann'],
    ['it is gone', 's9', OPENS, 'ann'],
    ['its Schedule is unknown', 's0', OPENS, 'bob'],
  ])('is moved: %s', ([, slotId, start, scheduleId]) => {
    const window = windowOf(directoryOf(schedule('ann', ['Practitioner/ann'])), [slot('s0', scheduleId, OPENS)])
    const wish = { slotId, start, minutes: 15, bufferBeforeMinutes: 0, bufferAfterMinutes: 0 }
    expect(claimSet(window, wish)).toEqual({ kind: 'moved' })
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BookingError } from '../../../src/booking/errors.ts'
import { SlotIds } from '../../../src/booking/slot-id.ts'
import type { Modality } from '../../../src/fhir/appointment.ts'
import { fingerprint } from '../../../src/fhir/ids.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { at } from '../helpers/day.ts'

const OLD = 'the old secret, 32 bytes or longer'
const NEW = 'the new secret, 32 bytes or longer'
const mapping = testMapping()
const [short, long] = [mapping.visitTypes[0]!, mapping.visitTypes[1]!]
const ids = new SlotIds([NEW], mapping)
const UUID = '123e4567-e89b-42d3-a456-426614174000'
const offer = { slotId: UUID, scheduleId: 'ann', start: at('09:00') }
const GOOD = ids.make(offer, short, 'in-person')

const CHARACTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+/= ')

function codeOf(read: () => unknown): string {
  try {
    read()
    return 'accepted'
  } catch (error) {
    return error instanceof BookingError ? `${error.code} ${error.extras.path ?? ''}` : 'another error'
  }
}
const verdictOn = (text: string, by = ids) => codeOf(() => by.read(text))
const REFUSED = 'invalid_slot_id slot_id'

describe('a slot_id', () => {
  test('gives back what was offered', () => {
    const anything = fc.record({
      slotId: fc.stringMatching(/^[A-Za-z0-9\-.]{1,64}$/),
      scheduleId: fc.uuid(),
      start: fc.integer({ min: 0, max: 4_294_967_295 }).map((seconds) => seconds * 1000),
    })
    const types = fc.constantFrom(...mapping.visitTypes)
    const modalities = fc.constantFrom<Modality[]>('in-person', 'telehealth', 'phone')
    fc.assert(
      fc.property(anything, types, modalities, (each, type, modality) => {
        const read = ids.read(ids.make(each, type, modality))
        expect(read).toMatchObject({ slotId: each.slotId, start: each.start, modality })
        expect(read.type).toBe(type)
        expect(read.scheduleFingerprint.equals(fingerprint(each.scheduleId))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test.for<readonly [what: string, id: string, most: number]>([
    ['the EHR counts', '42', 64],
    ['the EHR uses UUIDs', UUID, 64],
    ['the ids of the EHR are as long as FHIR allows', 'x'.repeat(64), 128],
  ])('is short enough where %s, and of plain characters', ([, slotId, most]) => {
    const text = ids.make({ ...offer, slotId }, short, 'in-person')
    expect(text.length).toBeLessThanOrEqual(most)
    expect(text).toMatch(/^[A-Za-z0-9._-]+$/)
  })

  test('is another for another Slot, Schedule, start, visit type or modality', () => {
    const all = [
      GOOD,
      ids.make({ ...offer, slotId: 'other' }, short, 'in-person'),
      ids.make({ ...offer, scheduleId: 'bob' }, short, 'in-person'),
      ids.make({ ...offer, start: offer.start + 1000 }, short, 'in-person'),
      ids.make(offer, long, 'in-person'),
      ids.make(offer, short, 'telehealth'),
    ]
    expect(new Set(all).size).toBe(all.length)
  })
})

describe('a slot_id that was not issued here is refused', () => {
  test('with any one character replaced by any other', () => {
    let tried = 0
    for (let index = 0; index < GOOD.length; index++) {
      for (const char of CHARACTERS.filter((each) => each !== GOOD[index])) {
        expect(verdictOn(GOOD.slice(0, index) + char + GOOD.slice(index + 1)), `position ${index}, ${char}`).toBe(REFUSED)
        tried++
      }
    }
    expect(tried).toBe(GOOD.length * (CHARACTERS.length - 1))
  })

  test('with any one character left out, doubled, or swapped with the next', () => {
    for (let index = 0; index < GOOD.length; index++) {
      const [before, char, next, after] = [GOOD.slice(0, index), GOOD[index]!, GOOD[index + 1] ?? '', GOOD.slice(index + 2)]
      expect(verdictOn(before + next + after)).toBe(REFUSED)
      expect(verdictOn(before + char + char + next + after)).toBe(REFUSED)
      if (char !== next && next !== '') expect(verdictOn(before + next + char + after)).toBe(REFUSED)
    }
  })

  test('cut off anywhere', () => {
    for (let length = 0; length < GOOD.length; length++) {
      expect(verdictOn(GOOD.slice(0, length))).toBe(REFUSED)
      expect(verdictOn(GOOD.slice(GOOD.length - length))).toBe(REFUSED)
    }
  })

  test('with the signature of another', () => {
    const other = ids.make({ ...offer, slotId: 'other' }, short, 'in-person')
    expect(verdictOn(`${UUID}.${other.split('.')[1]!}`)).toBe(REFUSED)
    expect(verdictOn(GOOD.slice(0, -12) + ids.make(offer, long, 'in-person').slice(-12))).toBe(REFUSED)
  })

  test('whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9\-.]{1,20}\.[A-Za-z0-9_-]{24}$/)), (text) => {
        expect(verdictOn(text)).toBe(REFUSED)
      }),
      { numRuns: 2000 },
    )
  })

  test.for(['', '.', `${GOOD}\n`, ` ${GOOD}`, `Slot/${GOOD}`, GOOD.replace('.', '..'), UUID])('such as %j', (text) => {
    expect(verdictOn(text)).toBe(REFUSED)
  })
})

describe('secrets and mappings change', () => {
  test('while secrets rotate, ids of the old one are read and those of the new one made', () => {
    const rotating = new SlotIds([NEW, OLD], mapping)
    const old = new SlotIds([OLD], mapping).make(offer, short, 'in-person')
    expect(rotating.read(old).slotId).toBe(UUID)
    expect(rotating.make(offer, short, 'in-person')).toBe(GOOD)
    expect(verdictOn(old)).toBe(REFUSED)
  })

  test('an id of a visit type that the clinic no longer has is refused', () => {
    const without = testMapping({ visitTypes: [long] })
    expect(verdictOn(GOOD, new SlotIds([NEW], without))).toBe(REFUSED)
    expect(new SlotIds([NEW], without).read(ids.make(offer, long, 'phone')).type.code).toBe('long')
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Slot } from 'fhir/r4.js'
import { readClaim, withClaim, withoutClaim, type SlotClaim } from '../../../src/fhir/slot-claim.ts'
import { SLOT_CLAIM_URL } from '../../../src/fhir/vocabulary.ts'
import { at, claimed, NOW, slot } from '../helpers/day.ts'

const bare = slot('s', 'ann', at('09:00'))
const claims: fc.Arbitrary<SlotClaim> = fc.record(
  {
    appointmentId: fc.string({ minLength: 1 }),
    status: fc.constantFrom('busy', 'busy-tentative', 'busy-unavailable'),
    version: fc.string({ minLength: 1 }),
    until: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  },
  { requiredKeys: ['appointmentId', 'status', 'version'] },
)

test('a claim is read back as it was written, and sets the status of the Slot', () => {
  fc.assert(
    fc.property(claims, (claim) => {
      const written = withClaim(bare, claim)
      expect(readClaim(JSON.parse(JSON.stringify(written)) as Slot)).toEqual(claim)
      expect(written.status).toBe(claim.status)
    }),
    { numRuns: 1000 },
  )
})

test('any two different claims make the content of a Slot differ', () => {
  fc.assert(
    fc.property(claims, claims, (a, b) => {
      const same = JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())
      expect(JSON.stringify(withClaim(bare, a)) === JSON.stringify(withClaim(bare, b))).toBe(same)
    }),
    { numRuns: 1000 },
  )
})

describe('everything else on a Slot', () => {
  test('is preserved by a claim, and by giving it back', () => {
    const { status: _, extension, ...rest } = claimed(bare, 'v', 'busy', NOW)
    const { status: _free, extension: own, ...same } = bare
    expect(rest).toEqual(same)
    expect(extension?.filter((each) => each.url !== SLOT_CLAIM_URL)).toEqual(own)
    expect(withoutClaim(claimed(bare, 'v', 'busy', NOW))).toEqual(bare)
  })

  test('is preserved by a claim that takes over another, which is gone', () => {
    const taken = claimed(claimed(bare, 'old', 'busy-tentative', NOW), 'new', 'busy')
    expect(taken).toEqual(claimed(bare, 'new', 'busy'))
    expect(withoutClaim(taken)).toEqual(bare)
  })

  test('needs no extension: none is left empty', () => {
    const { extension: _, ...plain } = bare
    expect(withoutClaim(claimed(plain, 'v', 'busy'))).toEqual(plain)
    expect(Object.keys(withoutClaim(claimed(plain, 'v', 'busy')))).not.toContain('extension')
  })

  test('stays in the Slot that was read: a claim never changes it in place', () => {
    const before = structuredClone(bare)
    claimed(bare, 'v', 'busy')
    withoutClaim(bare)
    expect(bare).toEqual(before)
  })
})

describe('what is not a claim', () => {
  const parts = claimed(bare, 'v', 'busy').extension!.at(-1)!.extension!
  test.for<readonly [rule: string, extension: Slot['extension']]>([
    ['no extension', undefined],
    ['an extension of the EHR', bare.extension],
    ['a claim without an Appointment', [{ url: SLOT_CLAIM_URL, extension: parts.filter((each) => each.url !== 'appointment') }]],
    ['a claim without a status', [{ url: SLOT_CLAIM_URL, extension: parts.filter((each) => each.url !== 'status') }]],
    ['a claim of a status no claim sets', [{ url: SLOT_CLAIM_URL, extension: [parts[0]!, { url: 'status', valueCode: 'free' }] }]],
    ['an empty claim', [{ url: SLOT_CLAIM_URL }]],
  ])('%s', ([, extension]) => {
    const { extension: _, ...plain } = bare
    expect(readClaim({ ...plain, ...(extension && { extension }) })).toBeUndefined()
  })

  test('a claim whose end cannot be read has none: it is not taken for one that has run out', () => {
    const broken = { url: SLOT_CLAIM_URL, extension: [...parts, { url: 'until', valueInstant: 'soon' }] }
    expect(readClaim({ ...bare, extension: [broken] })).toEqual({ appointmentId: 'v', status: 'busy', version: '1' })
  })
})

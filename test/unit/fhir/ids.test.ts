import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { confirmationCode, digestOf, fingerprint, fromBase32, receiptId, toBase32 } from '../../../src/fhir/ids.ts'
import { isResourceId } from '../../../src/fhir/query.ts'

const RUNS = { numRuns: 2000 }

describe('base 32', () => {
  test('gives back every bytes it was given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = toBase32(bytes)
        expect(text).toMatch(/^[0-9a-hjkmnp-tv-z]*$/)
        expect(text).toHaveLength(Math.ceil((bytes.length * 8) / 5))
        expect(fromBase32(text)).toEqual(bytes)
      }),
      RUNS,
    )
  })

  test.for<readonly [hex: string, text: string]>([
    ['', ''],
    ['00', '00'],
    ['ff', 'zw'],
    ['0000000000', '00000000'],
    ['ffffffffff', 'zzzzzzzz'],
    ['0123456789', '04hmasw9'],
  ])('of %s is %s', ([hex, text]) => {
    expect(toBase32(Buffer.from(hex, 'hex'))).toBe(text)
  })

  test.for(['i', 'l', 'o', 'u', 'A', ' ', '-', 'ä'])('never contains %j, and is not read with it', (char) => {
    expect(fromBase32(`00${char}0`)).toBeUndefined()
  })
})

describe('digests', () => {
  test('of different lists of parts differ, also where the parts read the same in a row', () => {
    expect(digestOf('ab', 'c')).not.toEqual(digestOf('a', 'bc'))
    expect(digestOf('a', '')).not.toEqual(digestOf('a'))
    expect(digestOf('1:a')).not.toEqual(digestOf('1', 'a'))
    expect(digestOf('ä', 'b')).toEqual(digestOf('ä', 'b'))
  })

  test('differ for any two lists', () => {
    const parts = fc.array(fc.string({ maxLength: 3, unit: fc.constantFrom('a', ':', '1') }), { maxLength: 3 })
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(digestOf(...a).equals(digestOf(...b))).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
      RUNS,
    )
  })
})

describe('the id of a receipt', () => {
  const request = { clientId: 'chatbot', operation: 'hold', key: 'k' }

  test('is a FHIR id of one form, and the same for the same request', () => {
    expect(receiptId(request)).toMatch(/^rcpt-[0-9a-hjkmnp-tv-z]{32}$/)
    expect(isResourceId(receiptId(request))).toBe(true)
    expect(receiptId({ ...request })).toBe(receiptId(request))
  })

  test('is another for another client, operation or key', () => {
    const ids = [request, { ...request, clientId: 'x' }, { ...request, operation: 'book' }, { ...request, key: 'x' }].map(receiptId)
    expect(new Set(ids).size).toBe(4)
  })
})

test('a confirmation code is eight letters and digits that can be read aloud, the same for the same visit', () => {
  expect(confirmationCode('ap-1')).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/)
  expect(confirmationCode('ap-1')).toBe(confirmationCode('ap-1'))
  expect(confirmationCode('ap-1')).not.toBe(confirmationCode('ap-2'))
})

test('a fingerprint has three bytes and tells the Schedules of a clinic apart', () => {
  const prints = Array.from({ length: 50 }, (_, index) => fingerprint(`schedule-${index}`))
  expect(prints.every((print) => print.length === 3)).toBe(true)
  expect(new Set(prints.map((print) => print.toString('hex'))).size).toBe(50)
})

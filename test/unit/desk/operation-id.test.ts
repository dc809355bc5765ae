import { describe, expect, test } from 'vitest'
import { receiptId } from '../../../src/fhir/ids.ts'
import { OperationIds } from '../../../src/desk/operation-id.ts'

const [OLD, NEW] = ['the old secret, 32 bytes or longer', 'the new secret, 32 bytes or longer'] as const
const ids = new OperationIds([NEW])
const RECEIPT = receiptId({ clientId: 'chatbot', operation: 'hold', key: 'k' })
const SINCE = Date.parse('2027-03-01T09:00:07.900Z')
const ID = ids.make(RECEIPT, 'chatbot', SINCE)

describe('an operation id', () => {
  test('gives back the receipt and the second it was made in', () => {
    expect(ids.read(ID, 'chatbot')).toEqual({ receiptId: RECEIPT, since: Date.parse('2027-03-01T09:00:07Z'), kind: 'unknown' })
  })

  test('tells a change that was accepted for later from a write of unknown outcome, and neither passes for the other', () => {
    const deferred = ids.make(RECEIPT, 'chatbot', SINCE, 'deferred')
    expect(ids.read(deferred, 'chatbot')).toMatchObject({ receiptId: RECEIPT, kind: 'deferred' })
    expect(ids.read(deferred.replace('.d', '.'), 'chatbot')).toBeUndefined()
    expect(ids.read(ID.replace('.', '.d'), 'chatbot')).toBeUndefined()
  })

  test('is of characters that need no escaping in a URL', () => {
    expect(ID).toMatch(/^[A-Za-z0-9._-]+$/)
  })

  test('is nothing to another client', () => {
    expect(ids.read(ID, 'other')).toBeUndefined()
    expect(ids.read(ID, '')).toBeUndefined()
  })

  test('is refused with any one character altered', () => {
    for (let index = 0; index < ID.length; index++) {
      for (const char of Array.from('aA0z9_-.').filter((each) => each !== ID[index])) {
        expect(ids.read(ID.slice(0, index) + char + ID.slice(index + 1), 'chatbot'), `${index} ${char}`).toBeUndefined()
      }
    }
  })

  test.for(['', RECEIPT, `${RECEIPT}.`, ID.slice(0, -1), `${ID}A`, `${ID}\n`, 'x'.repeat(54)])('is not %j', (text) => {
    expect(ids.read(text, 'chatbot')).toBeUndefined()
  })

  test('of the old secret is read while secrets rotate, and not afterwards', () => {
    const old = new OperationIds([OLD]).make(RECEIPT, 'chatbot', SINCE)
    expect(new OperationIds([NEW, OLD]).read(old, 'chatbot')?.receiptId).toBe(RECEIPT)
    expect(new OperationIds([NEW, OLD]).make(RECEIPT, 'chatbot', SINCE)).toBe(ID)
    expect(ids.read(old, 'chatbot')).toBeUndefined()
  })
})

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PATIENT_TOKEN_SECONDS, PatientTokens } from '../../../src/intake/patient-token.ts'

const [OLD, NEW] = ['the old secret, 32 bytes or longer', 'the new secret, 32 bytes or longer'] as const
const tokens = new PatientTokens([NEW])
const START = Date.parse('2027-03-01T09:00:00Z')

beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const issue = async (by = tokens) => (await by.issue('Patient/p', 'chatbot')).token

describe('a patient token', () => {
  test('gives its client the patient back', async () => {
    expect(await tokens.read(await issue(), 'chatbot')).toBe('Patient/p')
  })

  test('is nothing to another client', async () => {
    const token = await issue()
    expect(await tokens.read(token, 'other')).toBeUndefined()
    expect(await tokens.read(token, '')).toBeUndefined()
  })

  test('lasts half an hour by the second, as it was told', async () => {
    const { token, expiresAt } = await tokens.issue('Patient/p', 'chatbot')
    expect(expiresAt.getTime()).toBe(START + PATIENT_TOKEN_SECONDS * 1000)
    expect(PATIENT_TOKEN_SECONDS).toBe(1800)
    vi.setSystemTime(expiresAt.getTime() - 1000)
    expect(await tokens.read(token, 'chatbot')).toBe('Patient/p')
    vi.setSystemTime(expiresAt.getTime())
    expect(await tokens.read(token, 'chatbot')).toBeUndefined()
  })

  test('does not show the patient, and is another each time', async () => {
    const [one, two] = [await issue(), await issue()]
    const shown = one.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    expect(shown.join()).not.toContain('Patient')
    expect(one).not.toBe(two)
  })

  test('fits where tokens go: a header, a body field of 2048 characters', async () => {
    const { token } = await tokens.issue(`Patient/${'x'.repeat(64)}`, 'c'.repeat(64))
    expect(token.length).toBeLessThan(600)
    expect(token).toMatch(/^[A-Za-z0-9._-]+$/)
  })

  test('of the old secret is read while secrets rotate, and not afterwards', async () => {
    const old = await issue(new PatientTokens([OLD]))
    expect(await new PatientTokens([NEW, OLD]).read(old, 'chatbot')).toBe('Patient/p')
    expect(await tokens.read(await issue(new PatientTokens([NEW, OLD])), 'chatbot')).toBe('Patient/p')
    expect(await tokens.read(old, 'chatbot')).toBeUndefined()
  })

  test('is refused with any one bit altered', async () => {
    const token = await issue()
    const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let index = 0; index < token.length; index++) {
      // The highest bit of a character is never among those that are left over at the end of a part.
      const flipped = token[index] === '.' ? 'A' : ALPHABET[ALPHABET.indexOf(token[index]!) ^ 32]!
      expect(await tokens.read(token.slice(0, index) + flipped + token.slice(index + 1), 'chatbot'), `position ${index}`).toBeUndefined()
    }
  })

  test.for(['', 'x', '....', 'a.b.c.d.e', 'eyJhbGciOiJub25lIn0..'])('is not %j', async (text) => {
    expect(await tokens.read(text, 'chatbot')).toBeUndefined()
  })

  test('cannot be made without a secret', async () => {
    await expect(new PatientTokens([]).issue('Patient/p', 'chatbot')).rejects.toThrow('no secret')
  })
})

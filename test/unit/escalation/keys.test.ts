import { describe, expect, test } from 'vitest'
import { claimsDigest, clinicDay, escalationKey } from '../../../src/escalation/keys.ts'

const CLAIMS = {
  family_name: 'Muster',
  given_name: 'Ann-Marie',
  birth_date: '1980-01-02',
  phone: '+1 (555) 010-0123',
  email: 'ann@x.example',
}
const digest = (claims: Readonly<Record<string, string | undefined>>, secret = 'one') => claimsDigest(secret, claims)

describe('the digest of claims', () => {
  test('is the same for the same details, however they are written', () => {
    const again = {
      email: 'ANN@X.example',
      phone: '1 5550100123',
      birth_date: '1980-01-02',
      given_name: ' ann marie ',
      family_name: 'MUSTER',
      mrn: undefined,
    }
    expect(digest(again)).toBe(digest(CLAIMS))
  })

  test.for<readonly [string, object]>([
    ['another name', { family_name: 'Mustermann' }],
    ['another day', { birth_date: '1980-01-03' }],
    ['one detail less', { phone: undefined }],
    ['one detail more', { mrn: '7' }],
  ])('is another one for %s', ([, changes]) => {
    expect(digest({ ...CLAIMS, ...changes })).not.toBe(digest(CLAIMS))
  })

  test('does not mix up which detail is which', () => {
    expect(digest({ family_name: 'Ann', given_name: 'Lee' })).not.toBe(digest({ family_name: 'Lee', given_name: 'Ann' }))
    expect(digest({ family_name: 'AnnLee' })).not.toBe(digest({ family_name: 'Ann', given_name: 'Lee' }))
  })

  test('shows nothing, and cannot be guessed without the secret', () => {
    expect(digest(CLAIMS)).toMatch(/^[0-9a-f]{64}$/)
    expect(digest(CLAIMS, 'two')).not.toBe(digest(CLAIMS))
  })
})

test('a key of several parts never equals one of other parts', () => {
  expect(escalationKey('a', 'b')).toMatch(/^[0-9a-f]{64}$/)
  expect(new Set([escalationKey('a', 'b'), escalationKey('ab'), escalationKey('', 'ab'), escalationKey('b', 'a')]).size).toBe(4)
})

test('a day is one of the clinic, not of the machine', () => {
  const late = Date.parse('2027-03-02T07:59:59Z')
  expect([clinicDay(late, 'America/Los_Angeles'), clinicDay(late + 1_000, 'America/Los_Angeles'), clinicDay(late, 'Asia/Tokyo')]).toEqual([
    '2027-03-01',
    '2027-03-02',
    '2027-03-02',
  ])
})

import { expect, test } from 'vitest'
import { readRetryAfter } from '../../../src/ehr/retry-after.ts'

const NOW = Date.parse('2027-03-01T10:00:00Z')

test.each([
  ['7', 7],
  ['0', 1],
  [' 12 ', 12],
  ['86400', 60],
  ['Mon, 01 Mar 2027 10:00:20 GMT', 20],
  ['Mon, 01 Mar 2027 09:00:00 GMT', 1],
  ['Tue, 02 Mar 2027 10:00:00 GMT', 60],
  ['', undefined],
  ['soon', undefined],
  [null, undefined],
  [undefined, undefined],
])('Retry-After %j is %j seconds', (header, seconds) => {
  expect(readRetryAfter(header, NOW)).toBe(seconds)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { localWords } from '../../../src/calendar/words.ts'
import { formatInstant, formatUtc, parseInstant } from '../../../src/fhir/instant.ts'

const ZONE = 'America/Los_Angeles'

describe('an instant is read', () => {
  test.for<readonly [text: string, utc: string]>([
    ['2027-03-01T10:00:00-08:00', '2027-03-01T18:00:00.000Z'],
    ['2027-03-01T18:00:00Z', '2027-03-01T18:00:00.000Z'],
    ['2027-03-01T18:00:00.5Z', '2027-03-01T18:00:00.500Z'],
    ['2027-03-01T18:00:00.123456789Z', '2027-03-01T18:00:00.123Z'],
    ['2027-03-01T23:45:00+05:45', '2027-03-01T18:00:00.000Z'],
    ['2027-03-01T00:00:00-08:00', '2027-03-01T08:00:00.000Z'],
    ['2028-02-29T12:00:00Z', '2028-02-29T12:00:00.000Z'],
    ['2000-02-29T12:00:00Z', '2000-02-29T12:00:00.000Z'],
    ['2027-12-31T23:59:59Z', '2027-12-31T23:59:59.000Z'],
  ])('%s', ([text, utc]) => {
    expect(parseInstant(text)).toBe(Date.parse(utc))
  })
})

describe('what is no instant is refused', () => {
  test.for<readonly [why: string, text: string | undefined]>([
    ['nothing', undefined],
    ['empty', ''],
    ['a date', '2027-03-01'],
    ['no offset', '2027-03-01T10:00:00'],
    ['no seconds', '2027-03-01T10:00-08:00'],
    ['a space for the T', '2027-03-01 10:00:00-08:00'],
    ['an offset without a colon', '2027-03-01T10:00:00-0800'],
    ['an offset of hours', '2027-03-01T10:00:00-08'],
    ['a lower-case z', '2027-03-01T10:00:00z'],
    ['month 13', '2027-13-01T10:00:00Z'],
    ['day 32', '2027-01-32T10:00:00Z'],
    ['day 0', '2027-01-00T10:00:00Z'],
    ['February 30', '2027-02-30T10:00:00Z'],
    ['February 29 of a common year', '2027-02-29T10:00:00Z'],
    ['February 29 of a century that is no leap year', '2100-02-29T10:00:00Z'],
    ['April 31', '2027-04-31T10:00:00Z'],
    ['hour 24', '2027-01-01T24:00:00Z'],
    ['hour 25', '2027-01-01T25:00:00Z'],
    ['minute 60', '2027-01-01T10:60:00Z'],
    ['garbage behind', '2027-03-01T10:00:00Z;'],
    ['garbage before', ' 2027-03-01T10:00:00Z'],
    ['a line break behind', '2027-03-01T10:00:00Z\n'],
    ['words', 'next Tuesday'],
    ['a number', '1803924000000'],
  ])('%s', ([, text]) => {
    expect(parseInstant(text)).toBeUndefined()
  })

  test('whatever else it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseInstant(text)).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })
})

describe('around the changes of the clocks in Los Angeles', () => {
  test.for<readonly [what: string, utc: string, local: string, words: string]>([
    ['the last moment of winter time', '2027-03-14T09:59:59Z', '2027-03-14T01:59:59-08:00', 'Sunday, March 14 at 1:59 AM PST'],
    [
      "the first of summer time: there is no two o'clock",
      '2027-03-14T10:00:00Z',
      '2027-03-14T03:00:00-07:00',
      'Sunday, March 14 at 3:00 AM PDT',
    ],
    ['the first half past one in autumn', '2027-11-07T08:30:00Z', '2027-11-07T01:30:00-07:00', 'Sunday, November 7 at 1:30 AM PDT'],
    ['the second half past one in autumn', '2027-11-07T09:30:00Z', '2027-11-07T01:30:00-08:00', 'Sunday, November 7 at 1:30 AM PST'],
    ['midnight belongs to the new day', '2027-12-01T08:00:00Z', '2027-12-01T00:00:00-08:00', 'Wednesday, December 1 at 12:00 AM PST'],
    ['a moment before is the old one', '2027-12-01T07:59:00Z', '2027-11-30T23:59:00-08:00', 'Tuesday, November 30 at 11:59 PM PST'],
    ['noon', '2027-07-01T19:00:00Z', '2027-07-01T12:00:00-07:00', 'Thursday, July 1 at 12:00 PM PDT'],
  ])('%s', ([, utc, local, words]) => {
    const at = Date.parse(utc)
    expect(formatInstant(at, ZONE)).toBe(local)
    expect(parseInstant(local)).toBe(at)
    expect(localWords(at, ZONE)).toBe(words)
  })

  test('a visit of an hour lasts an hour over the change', () => {
    const start = parseInstant('2027-03-14T01:30:00-08:00')!
    expect(formatInstant(start + 3_600_000, ZONE)).toBe('2027-03-14T03:30:00-07:00')
  })

  test('each zone has its own words', () => {
    const at = Date.parse('2027-03-01T18:00:00Z')
    expect([localWords(at, 'America/New_York'), localWords(at, ZONE), localWords(at, 'Asia/Kolkata')]).toEqual([
      'Monday, March 1 at 1:00 PM EST',
      'Monday, March 1 at 10:00 AM PST',
      'Monday, March 1 at 11:30 PM GMT+5:30',
    ])
  })
})

test('what is written is read back as it was, in every zone, to the millisecond', () => {
  const zones = fc.constantFrom(ZONE, 'UTC', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns')
  const moments = fc.integer({ min: Date.parse('2020-01-01T00:00:00Z'), max: Date.parse('2040-01-01T00:00:00Z') })
  fc.assert(
    fc.property(moments, zones, (at, zone) => {
      expect(parseInstant(formatInstant(at, zone))).toBe(at)
      expect(parseInstant(formatUtc(at))).toBe(at)
    }),
    { numRuns: 2000 },
  )
})

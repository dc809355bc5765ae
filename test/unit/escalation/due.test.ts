import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import type { OfficeCalendar } from '../../../src/calendar/office-hours.ts'
import { WEEKDAYS } from '../../../src/clinic/office-hours.ts'
import { dueTime, type DueRule } from '../../../src/escalation/due.ts'
import { formatInstant } from '../../../src/fhir/instant.ts'

const ZONE = 'America/Los_Angeles'
const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri'] as const
const PLAIN: OfficeCalendar = { officeHours: [{ days: [...WEEK], from: '09:00', to: '17:00' }], holidays: [], clinic: { timeZone: ZONE } }
const LUNCH: OfficeCalendar = {
  ...PLAIN,
  officeHours: [
    { days: ['mon', 'tue', 'wed', 'thu'], from: '13:00', to: '17:00' },
    { days: [...WEEK], from: '08:00', to: '12:00' },
  ],
}
const local = (time: string, zone = ZONE) => Temporal.PlainDateTime.from(time).toZonedDateTime(zone).epochMilliseconds
const due = (from: string, rule: DueRule | number, calendar = PLAIN) => {
  const zone = calendar.clinic.timeZone
  return formatInstant(dueTime(local(from, zone), typeof rule === 'number' ? { dueOfficeMinutes: rule } : rule, calendar), zone)
}

describe('office minutes', () => {
  test.for<readonly [what: string, from: string, minutes: number, due: string, calendar?: OfficeCalendar]>([
    ['within a day', '2027-03-01T10:00', 60, '2027-03-01T11:00:00-08:00'],
    ['up to the very end of the day', '2027-03-01T16:00', 60, '2027-03-01T17:00:00-08:00'],
    ['over a night', '2027-03-01T16:30', 60, '2027-03-02T09:30:00-08:00'],
    ['asked at the end of the day', '2027-03-01T17:00', 1, '2027-03-02T09:01:00-08:00'],
    ['asked before the doors open', '2027-03-01T05:00', 60, '2027-03-01T10:00:00-08:00'],
    ['asked at night', '2027-03-01T23:59', 60, '2027-03-02T10:00:00-08:00'],
    ['over a weekend', '2027-03-05T16:30', 60, '2027-03-08T09:30:00-08:00'],
    ['asked on a Saturday', '2027-03-06T12:00', 60, '2027-03-08T10:00:00-08:00'],
    ['for several days', '2027-03-01T12:00', 16 * 60, '2027-03-03T12:00:00-08:00'],
    ['over lunch', '2027-03-01T11:30', 60, '2027-03-01T13:30:00-08:00', LUNCH],
    ['asked at lunch', '2027-03-01T12:10', 60, '2027-03-01T14:00:00-08:00', LUNCH],
    ['over a short Friday', '2027-03-05T11:30', 60, '2027-03-08T08:30:00-08:00', LUNCH],
    ['over a holiday', '2027-03-01T16:30', 60, '2027-03-03T09:30:00-08:00', { ...PLAIN, holidays: ['2027-03-02'] }],
    ['asked on a holiday', '2027-03-01T10:00', 60, '2027-03-02T10:00:00-08:00', { ...PLAIN, holidays: ['2027-03-01'] }],
    ['over the weekend when the clock goes forward', '2027-03-12T16:30', 60, '2027-03-15T09:30:00-07:00'],
    ['over the weekend when it goes back', '2027-11-05T16:30', 60, '2027-11-08T09:30:00-08:00'],
    ['over the turn of the year', '2027-12-31T16:30', 60, '2028-01-03T09:30:00-08:00'],
  ])('%s', ([, from, minutes, expected, calendar]) => {
    expect(due(from, minutes, calendar)).toBe(expected)
  })

  const always = (timeZone: string): OfficeCalendar => ({
    officeHours: [{ days: [...WEEKDAYS], from: '00:00', to: '24:00' }],
    holidays: [],
    clinic: { timeZone },
  })
  test.for<readonly [what: string, from: string, minutes: number, due: string, zone: string]>([
    ['a night that is an hour short', '2027-03-14T00:00', 180, '2027-03-14T04:00:00-07:00', ZONE],
    ['a night that is an hour long', '2027-11-07T00:00', 180, '2027-11-07T02:00:00-08:00', ZONE],
    ['a day that begins at one', '2027-04-29T23:30', 60, '2027-04-30T01:30:00+03:00', 'Africa/Cairo'],
    ['a zone of quarters', '2027-03-01T23:30', 60, '2027-03-02T00:30:00+05:45', 'Asia/Kathmandu'],
  ])('open day and night, %s counts real minutes', ([, from, minutes, expected, zone]) => {
    expect(due(from, minutes, always(zone))).toBe(expected)
  })

  test('a time that the clock leaves out is opened that much later, and no minute counts twice', () => {
    const odd: OfficeCalendar = {
      ...PLAIN,
      officeHours: [
        { days: ['sun'], from: '02:15', to: '02:45' },
        { days: ['sun'], from: '03:00', to: '04:00' },
      ],
    }
    // 02:15 to 02:45 is 03:15 to 03:45 on that Sunday, inside the other span.
    expect(due('2027-03-14T00:00', 60, odd)).toBe('2027-03-14T04:00:00-07:00')
    expect(due('2027-03-14T00:00', 61, odd)).toBe('2027-03-21T02:16:00-07:00')
  })
})

test('minutes by the clock run at any time', () => {
  expect(due('2027-03-06T23:30', { dueMinutes: 60 })).toBe('2027-03-07T00:30:00-08:00')
  expect(due('2027-03-14T01:30', { dueMinutes: 60 })).toBe('2027-03-14T03:30:00-07:00')
})

test('a part of a minute is given to staff', () => {
  expect(dueTime(local('2027-03-01T10:00:00.001'), { dueOfficeMinutes: 60 }, PLAIN)).toBe(local('2027-03-01T11:01'))
  expect(dueTime(local('2027-03-01T10:00:00.001'), { dueMinutes: 60 }, PLAIN)).toBe(local('2027-03-01T11:01'))
})

test('a clinic that is hardly ever open has an end too', () => {
  const mostlyClosed: OfficeCalendar = { ...PLAIN, officeHours: [{ days: ['mon'], from: '09:00', to: '09:01' }] }
  expect(due('2027-03-01T08:00', 10_000, mostlyClosed)).toBe('2028-02-28T09:01:00-08:00')
})

describe('for any week, any moment and any number of minutes', () => {
  /** A time between 04:00 and 23:45, where no zone here changes its clock. */
  const quarter = fc.integer({ min: 16, max: 95 }).map((index) => {
    const time = Temporal.PlainTime.from('00:00').add({ minutes: index * 15 })
    return time.toString({ smallestUnit: 'minute' })
  })
  const span = fc
    .tuple(fc.subarray([...WEEKDAYS], { minLength: 1 }), quarter, quarter)
    .filter(([, from, to]) => from < to)
    .map(([days, from, to]) => ({ days, from, to }))
  const calendar = fc.record({
    officeHours: fc.array(span, { minLength: 1, maxLength: 1 }),
    holidays: fc.subarray(['2027-03-01', '2027-03-12', '2027-03-15', '2027-11-05', '2027-11-08']),
    clinic: fc.record({ timeZone: fc.constantFrom(ZONE, 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe') }),
  })
  const start = Date.parse('2027-01-01T00:00:00Z')
  const QUARTER = 15 * 60_000
  const moment = fc.integer({ min: 0, max: 364 * 24 * 4 }).map((quarters) => start + quarters * QUARTER)
  const minutes = fc.integer({ min: 1, max: 40 }).map((quarters) => quarters * 15)
  const wallClocks = new Map<string, Intl.DateTimeFormat>()

  function wallClock(timeZone: string): Intl.DateTimeFormat {
    const known = wallClocks.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
    wallClocks.set(timeZone, known)
    return known
  }

  /** Whether staff are there in the quarter that begins at a moment: by the wall clock, in another way than the code under test. */
  function isOpen(at: number, { officeHours, holidays, clinic }: OfficeCalendar): boolean {
    const [date = '', time = ''] = wallClock(clinic.timeZone).format(at).split(' ')
    const day = WEEKDAYS[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7]!
    return !holidays.includes(date) && officeHours.some((one) => one.days.includes(day) && one.from <= time && time < one.to)
  }

  test('exactly so many minutes of office hours lie between', () => {
    fc.assert(
      fc.property(calendar, moment, minutes, (clinic, from, count) => {
        const at = dueTime(from, { dueOfficeMinutes: count }, clinic)
        let open = 0
        for (let quarter = from; quarter < at; quarter += QUARTER) if (isOpen(quarter, clinic)) open++
        expect(open * 15).toBe(count)
        expect(isOpen(at - QUARTER, clinic)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  test('who asks later is not answered earlier, and more minutes are never sooner', () => {
    fc.assert(
      fc.property(calendar, moment, moment, minutes, minutes, (clinic, one, other, few, more) => {
        const [early, late] = [Math.min(one, other), Math.max(one, other)]
        expect(dueTime(early, { dueOfficeMinutes: few }, clinic)).toBeLessThanOrEqual(dueTime(late, { dueOfficeMinutes: few }, clinic))
        expect(dueTime(early, { dueOfficeMinutes: few }, clinic)).toBeLessThanOrEqual(
          dueTime(early, { dueOfficeMinutes: few + more }, clinic),
        )
      }),
      { numRuns: 100 },
    )
  })
})

import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { clinicNow } from '../../../src/calendar/clinic-now.ts'
import { currentOrNextOpening, type OfficeCalendar } from '../../../src/calendar/office-hours.ts'
import { whatDayIsIt, whatDayIsItInput, whatDayIsItOutput } from '../../../src/calendar/what-day-is-it.ts'
import { WEEKDAYS } from '../../../src/clinic/office-hours.ts'
import { formatInstant } from '../../../src/fhir/instant.ts'

const ZONE = 'America/Los_Angeles'
const CLINIC: OfficeCalendar = {
  officeHours: [
    { days: ['mon', 'tue', 'wed', 'thu'], from: '13:00', to: '17:00' },
    { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '12:00' },
  ],
  holidays: ['2026-12-25'],
  clinic: { timeZone: ZONE },
}
const at = (local: string, zone = ZONE) => Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds

describe('the clinic’s clock', () => {
  test.for<readonly [now: string, isOpen: boolean, closesAt: string | undefined, opensAt: string | undefined]>([
    ['2026-11-30T07:59:59', false, undefined, '2026-11-30T08:00:00-08:00'],
    ['2026-11-30T08:00', true, '2026-11-30T12:00:00-08:00', undefined],
    ['2026-11-30T11:59:59', true, '2026-11-30T12:00:00-08:00', undefined],
    ['2026-11-30T12:00', false, undefined, '2026-11-30T13:00:00-08:00'],
    ['2026-12-04T12:30', false, undefined, '2026-12-07T08:00:00-08:00'],
    // Christmas is a Friday.
    ['2026-12-24T17:00', false, undefined, '2026-12-28T08:00:00-08:00'],
    ['2026-12-25T09:00', false, undefined, '2026-12-28T08:00:00-08:00'],
  ])('at %s', ([now, isOpen, closesAt, opensAt]) => {
    const { isOpen: open, closesAt: closes, opensAt: opens } = clinicNow(CLINIC, at(now))
    const show = (moment: number | undefined) => moment && formatInstant(moment, ZONE)
    expect([open, show(closes), show(opens)]).toEqual([isOpen, closesAt, opensAt])
  })

  test('shows the week from today on, a holiday as closed', () => {
    const { today, weekday, week } = clinicNow(CLINIC, at('2026-12-23T23:30'))
    expect([today, weekday]).toEqual(['2026-12-23', 'Wednesday'])
    expect(week.map((day) => `${day.date} ${day.weekday} ${day.hours.join(' ')}`.trim())).toEqual([
      '2026-12-23 Wednesday 08:00-12:00 13:00-17:00',
      '2026-12-24 Thursday 08:00-12:00 13:00-17:00',
      '2026-12-25 Friday',
      '2026-12-26 Saturday',
      '2026-12-27 Sunday',
      '2026-12-28 Monday 08:00-12:00 13:00-17:00',
      '2026-12-29 Tuesday 08:00-12:00 13:00-17:00',
    ])
  })

  test('the day is that of the clinic’s zone', () => {
    const utcMidnight = Date.parse('2026-12-01T00:30:00Z')
    expect(clinicNow(CLINIC, utcMidnight).today).toBe('2026-11-30')
    expect(clinicNow({ ...CLINIC, clinic: { timeZone: 'Europe/Berlin' } }, utcMidnight).today).toBe('2026-12-01')
  })

  test('two entries that meet, and a night between two days, are one opening', () => {
    const night: OfficeCalendar = {
      ...CLINIC,
      officeHours: [
        { days: ['mon'], from: '09:00', to: '12:00' },
        { days: ['mon'], from: '12:00', to: '24:00' },
        { days: ['tue'], from: '00:00', to: '06:00' },
      ],
    }
    const closes = at('2026-12-01T06:00')
    expect(currentOrNextOpening(at('2026-11-30T08:00'), night)).toEqual({ start: at('2026-11-30T09:00'), end: closes })
    for (const now of ['2026-11-30T11:59', '2026-11-30T12:00', '2026-12-01T02:00']) expect(clinicNow(night, at(now)).closesAt).toBe(closes)
  })

  test('a clinic that never closes is open, and one that never opens is closed', () => {
    const always: OfficeCalendar = { ...CLINIC, officeHours: [{ days: [...WEEKDAYS], from: '00:00', to: '24:00' }] }
    expect(clinicNow(always, at('2026-11-30T03:00'))).toMatchObject({ isOpen: true, opensAt: undefined })
    const never: OfficeCalendar = { ...CLINIC, officeHours: [] }
    expect(clinicNow(never, at('2026-11-30T03:00'))).toMatchObject({ isOpen: false, closesAt: undefined, opensAt: undefined })
  })
})

describe('what_day_is_it', () => {
  const now = at('2026-11-30T15:12:30.400')
  const ask = (when?: string, moment = now) => whatDayIsItOutput.parse(whatDayIsIt(CLINIC, moment, when))

  test('tells the day', () => {
    expect(ask()).toMatchObject({
      now: '2026-11-30T15:12:30-08:00',
      today: '2026-11-30',
      weekday: 'Monday',
      timezone: ZONE,
      open_now: true,
      next_opening: null,
      message: 'It is Monday, November 30 at 3:12 PM PST. The office is open until 5:00 PM PST.',
      next_actions: ['find_times'],
    })
    expect(ask('  ')).toEqual(ask())
    expect(ask(undefined, at('2026-12-04T20:00'))).toMatchObject({
      open_now: false,
      next_opening: '2026-12-07T08:00:00-08:00',
      message: 'It is Friday, December 4 at 8:00 PM PST. The office is closed and opens Monday, December 7 at 8:00 AM PST.',
    })
  })

  test('gives a window for the search', () => {
    expect(ask('Friday morning')).toMatchObject({
      understood: 'resolved',
      resolved: {
        start: '2026-12-04T06:00:00-08:00',
        end: '2026-12-04T12:00:00-08:00',
        words: 'Friday, December 4, 6:00 AM to 12:00 PM PST',
      },
      message: 'That is Friday, December 4, 6:00 AM to 12:00 PM PST.',
      next_actions: ['find_times'],
    })
  })

  test('asks which, where people mean different days', () => {
    const answer = ask('next Tuesday')
    expect(answer).toMatchObject({ understood: 'ambiguous', message: 'Do you mean Tuesday, December 1; or Tuesday, December 8?' })
    expect(answer.candidates?.map(({ start }) => start)).toEqual(['2026-12-01T00:00:00-08:00', '2026-12-08T00:00:00-08:00'])
    expect(answer).not.toHaveProperty('resolved')
  })

  test.for(['yesterday', 'blue'])('gives no window for %s', (when) => {
    const answer = ask(when)
    expect(answer.understood).toBe(when === 'blue' ? 'unknown' : 'past')
    expect(answer).not.toHaveProperty('resolved')
    expect(answer).not.toHaveProperty('candidates')
    expect(answer.next_actions).toEqual(['what_day_is_it'])
    // What was said may be anything: it is not repeated.
    expect(JSON.stringify(answer)).not.toContain(when)
  })

  test('is short enough for a language model', () => {
    const busy = {
      ...CLINIC,
      officeHours: ['06', '08', '10', '12'].map((hour) => ({ days: [...WEEKDAYS], from: `${hour}:00`, to: `${hour}:50` })),
    }
    expect(JSON.stringify(whatDayIsIt(busy, now, 'next week in the morning')).length).toBeLessThan(2048)
  })

  test('takes no more than a phrase', () => {
    expect(whatDayIsItInput.safeParse({}).success).toBe(true)
    expect(whatDayIsItInput.safeParse({ when: 'x'.repeat(201) }).success).toBe(false)
    expect(whatDayIsItInput.safeParse({ when: 'Tuesday', patient: 'Patient/1' }).success).toBe(false)
  })
})

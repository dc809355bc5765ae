import ICAL from 'ical.js'
import { afterEach, describe, expect, test } from 'vitest'
import { calendarOf } from '../../../src/booking/calendar.ts'
import type { ShownAppointment } from '../../../src/booking/shown.ts'
import { shownAppointment, TYPE } from '../helpers/shown.ts'

const NOW = Date.parse('2027-02-01T12:34:00Z')
const text = (changes: Partial<ShownAppointment> = {}) => calendarOf(shownAppointment(changes), 'Harbor Lights Clinic', NOW)
const calendar = (changes: Partial<ShownAppointment> = {}) => new ICAL.Component(ICAL.parse(text(changes)) as unknown[])
const event = (changes: Partial<ShownAppointment> = {}) => calendar(changes).getFirstSubcomponent('vevent')!
const value = (name: string, changes: Partial<ShownAppointment> = {}) => String(event(changes).getFirstPropertyValue(name))

const TZ = process.env['TZ']
afterEach(() => {
  if (TZ === undefined) delete process.env['TZ']
  else process.env['TZ'] = TZ
})

describe('the entry of a calendar', () => {
  test("has the appointment's id for ever, and a sequence that rises with its version", () => {
    const uids = ['1', '2', '10'].map((version) => value('uid', { version, start: `2027-03-0${version.length}T09:00:00-08:00` }))
    expect(new Set(uids)).toEqual(new Set(['ap-1@fhir-scheduling-gateway']))
    expect(['1', '2', '10'].map((version) => Number(value('sequence', { version })))).toEqual([1, 2, 10])
    expect(value('uid', { appointment_id: 'ap-2' })).not.toBe(uids[0])
  })

  test.for<readonly [state: ShownAppointment['state'], status: string, method: string]>([
    ['held', 'TENTATIVE', 'PUBLISH'],
    ['booked', 'CONFIRMED', 'PUBLISH'],
    ['closed', 'CONFIRMED', 'PUBLISH'],
    ['cancelled', 'CANCELLED', 'CANCEL'],
    ['released', 'CANCELLED', 'CANCEL'],
    ['expired', 'CANCELLED', 'CANCEL'],
  ])('that is %s has the status %s and the method %s', ([state, status, method]) => {
    expect(value('status', { state })).toBe(status)
    expect(String(calendar({ state }).getFirstPropertyValue('method'))).toBe(method)
  })

  test('says with whom and where, and nothing of the type of visit: calendars are shared', () => {
    expect([value('summary'), value('location'), value('description')]).toEqual([
      'Visit at Harbor Lights Clinic',
      'Harbor Lights',
      'With Dr. Ann Marsh',
    ])
    expect(text().toLowerCase()).not.toContain(TYPE.split('-')[0])
    expect(event({ provider: null, location: null }).getFirstProperty('location')).toBeNull()
  })

  test('cannot be broken by a name', () => {
    const name = 'House; of, \\ many\r\nBEGIN:VEVENT'
    const parsed = calendar({ location: { id: 'x', name } })
    expect(parsed.getAllSubcomponents('vevent')).toHaveLength(1)
    expect(String(parsed.getFirstSubcomponent('vevent')?.getFirstPropertyValue('location'))).toContain('House; of, \\ many')
  })

  test('is a calendar of RFC 5545: lines end with CR LF and are folded at 75 octets', () => {
    const long = text({ location: { id: 'x', name: 'a long name '.repeat(20) } })
    expect(long.startsWith('BEGIN:VCALENDAR\r\n')).toBe(true)
    expect(long.trimEnd().endsWith('END:VCALENDAR')).toBe(true)
    const lines = long.split('\r\n')
    expect(lines.some((line) => line.includes('\n'))).toBe(false)
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(75)
  })
})

describe('its times are in UTC and right', () => {
  test.for<readonly [what: string, start: string, end: string, utcStart: string, utcEnd: string]>([
    ['in winter', '2027-03-01T09:00:00-08:00', '2027-03-01T09:15:00-08:00', '2027-03-01T17:00:00Z', '2027-03-01T17:15:00Z'],
    ['in summer', '2027-07-01T09:00:00-07:00', '2027-07-01T09:15:00-07:00', '2027-07-01T16:00:00Z', '2027-07-01T16:15:00Z'],
    ['over the change in spring', '2027-03-14T01:30:00-08:00', '2027-03-14T03:30:00-07:00', '2027-03-14T09:30:00Z', '2027-03-14T10:30:00Z'],
    [
      'in the hour that comes twice',
      '2027-11-07T01:30:00-07:00',
      '2027-11-07T01:30:00-08:00',
      '2027-11-07T08:30:00Z',
      '2027-11-07T09:30:00Z',
    ],
    [
      'over midnight UTC and the end of a year',
      '2027-12-31T15:45:00-08:00',
      '2027-12-31T16:15:00-08:00',
      '2027-12-31T23:45:00Z',
      '2028-01-01T00:15:00Z',
    ],
  ])('%s', ([, start, end, utcStart, utcEnd]) => {
    expect([value('dtstart', { start, end }), value('dtend', { start, end })]).toEqual([utcStart, utcEnd])
  })

  test.for(['UTC', 'America/Los_Angeles', 'Asia/Kathmandu'])('also on a machine whose clock is in %s: visit times', (zone) => {
    process.env['TZ'] = zone
    expect([value('dtstart'), value('dtend')]).toEqual(['2027-03-01T17:00:00Z', '2027-03-01T17:15:00Z'])
  })

  test.for(['UTC', 'America/Los_Angeles', 'Asia/Kathmandu'])('CREATED and LAST-MODIFIED on a machine whose clock is in %s', (zone) => {
    process.env['TZ'] = zone
    expect([value('created'), value('last-modified')]).toEqual(['2027-02-01T12:34:00Z', '2027-02-01T12:34:00Z'])
  })
})

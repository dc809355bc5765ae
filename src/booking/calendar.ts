import { createEvent, type DateArray } from 'ics'
import { parseInstant, type EpochMs } from '../fhir/instant.ts'
import { BookingError } from './errors.ts'
import type { ShownAppointment } from './shown.ts'

const STATUS = {
  held: 'TENTATIVE',
  booked: 'CONFIRMED',
  closed: 'CONFIRMED',
  cancelled: 'CANCELLED',
  released: 'CANCELLED',
  expired: 'CANCELLED',
} as const

/**
 * The appointment as an iCalendar object (RFC 5545) in UTC. The UID is its id, so a calendar updates the entry it has;
 * SEQUENCE is the version, which rises with each change. The title names no clinical content: calendars are shared.
 */
export function calendarOf(shown: ShownAppointment, clinicName: string, now: EpochMs): string {
  const { error, value } = createEvent({
    uid: `${shown.appointment_id}@fhir-scheduling-gateway`,
    productId: 'fhir-scheduling-gateway',
    sequence: Number(shown.version) || 0,
    title: `Visit at ${clinicName}`,
    status: STATUS[shown.state],
    method: STATUS[shown.state] === 'CANCELLED' ? 'CANCEL' : 'PUBLISH',
    // Numbers, because the library takes lists of parts as the machine's local time here.
    created: now,
    lastModified: now,
    start: utcParts(parseInstant(shown.start) ?? 0),
    startInputType: 'utc',
    startOutputType: 'utc',
    end: utcParts(parseInstant(shown.end) ?? 0),
    endInputType: 'utc',
    endOutputType: 'utc',
    ...(shown.location && { location: shown.location.name }),
    ...(shown.provider && { description: `With ${shown.provider.name}` }),
  })
  if (!value) throw new BookingError('internal', `The calendar entry could not be written: ${error?.name ?? 'unknown'}`)
  return value
}

function utcParts(at: EpochMs): DateArray {
  const date = new Date(at)
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes()]
}

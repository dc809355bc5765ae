import type { FhirResource, Location, Period, Schedule, Slot } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { StackError } from '../stack/console.ts'

const TIMEZONE_URL = 'http://hl7.org/fhir/StructureDefinition/timezone'

/** Scheduling data in another week. */
export interface ShiftedData {
  readonly resources: readonly FhirResource[]
  readonly weeks: number
  /** Day of the earliest Slot, after the move; `undefined` when there is no Slot. */
  readonly firstDay: Temporal.PlainDate | undefined
  /** Ids of Slots left out: their wall-clock time does not exist on the new day, because the clock goes forward there. */
  readonly dropped: readonly string[]
}

/**
 * Moves Slots and planning horizons by whole weeks, so that the week of the earliest Slot becomes the one that begins on the coming
 * Monday (never today). Wall-clock times and weekdays stay; offsets are those of the new season.
 */
export function shiftToMonday(resources: readonly FhirResource[], today: Temporal.PlainDate, zone: string): ShiftedData {
  const starts = resources.flatMap((resource) => (resource.resourceType === 'Slot' ? [localTime(resource.start, zone).toPlainDate()] : []))
  const first = starts.reduce<Temporal.PlainDate | undefined>((a, b) => (a && Temporal.PlainDate.compare(a, b) <= 0 ? a : b), undefined)
  if (!first) return { resources, weeks: 0, firstDay: undefined, dropped: [] }
  const weeks = mondayOf(first).until(mondayOf(today).add({ weeks: 1 }), { largestUnit: 'week' }).weeks
  const dropped = resources.filter((resource) => resource.resourceType === 'Slot' && fallsIntoGap(resource, weeks, zone))
  return {
    resources: resources.filter((resource) => !dropped.includes(resource)).map((resource) => shifted(resource, weeks, zone)),
    weeks,
    firstDay: first.add({ weeks }),
    dropped: dropped.map((resource) => resource.id ?? ''),
  }
}

/**
 * The zone of scheduling data: the one that its Locations name.
 * @returns `undefined` when none does
 * @throws StackError when they name several
 */
export function zoneOf(resources: readonly FhirResource[]): string | undefined {
  const zones = resources.flatMap((resource) => (resource.resourceType === 'Location' ? (timezoneOf(resource) ?? []) : []))
  const [zone, ...others] = new Set(zones)
  if (others.length > 0)
    throw new StackError(
      `The Locations are in several time zones (${[zone, ...others].join(', ')}). Say which one to keep the clock of: --zone ${zone ?? ''}`,
    )
  return zone
}

function timezoneOf(location: Location): string | undefined {
  const extension = location.extension?.find((candidate) => candidate.url === TIMEZONE_URL)
  return extension?.valueCode ?? extension?.valueString
}

function shifted(resource: FhirResource, weeks: number, zone: string): FhirResource {
  if (resource.resourceType === 'Slot')
    return { ...resource, start: movedInstant(resource.start, weeks, zone), end: movedInstant(resource.end, weeks, zone) }
  if (resource.resourceType === 'Schedule' && resource.planningHorizon) return withHorizon(resource, resource.planningHorizon, weeks, zone)
  return resource
}

function withHorizon(schedule: Schedule, horizon: Period, weeks: number, zone: string): Schedule {
  const start = movedDateTime(horizon.start, weeks, zone)
  const end = movedDateTime(horizon.end, weeks, zone)
  const { planningHorizon: _, ...rest } = schedule
  if (start === undefined && end === undefined) return rest
  return { ...rest, planningHorizon: { ...(start !== undefined && { start }), ...(end !== undefined && { end }) } }
}

/** A FHIR dateTime: an instant, or a day. A month or a year cannot be moved by weeks and is left out. */
function movedDateTime(text: string | undefined, weeks: number, zone: string): string | undefined {
  if (text === undefined || text.length < '2027-03-01'.length) return undefined
  return text.includes('T') ? movedInstant(text, weeks, zone) : Temporal.PlainDate.from(text).add({ weeks }).toString()
}

function movedInstant(text: string, weeks: number, zone: string): string {
  return localTime(text, zone).toPlainDateTime().add({ weeks }).toZonedDateTime(zone).toString({ timeZoneName: 'never' })
}

function fallsIntoGap(slot: Slot, weeks: number, zone: string): boolean {
  const wanted = localTime(slot.start, zone).toPlainDateTime().add({ weeks })
  return !wanted.toZonedDateTime(zone).toPlainDateTime().equals(wanted)
}

function localTime(text: string, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.from(text).toZonedDateTimeISO(zone)
}

function mondayOf(day: Temporal.PlainDate): Temporal.PlainDate {
  return day.subtract({ days: day.dayOfWeek - 1 })
}

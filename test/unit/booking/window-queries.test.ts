import type { FhirResource, Schedule } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import type { Reading } from '../../../src/booking/ports.ts'
import { claimQueries, isDirectoryStale, lookBack, readClaimWindow } from '../../../src/booking/window-queries.ts'
import { queryUrl } from '../../../src/fhir/query.ts'
import { MINUTE } from '../../../src/scheduling/interval.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { at, directoryOf, NOW, practitioner, role, schedule, slot } from '../helpers/day.ts'

const ann = schedule('ann', ['Practitioner/ann'])
const annByRole = schedule('ann-by-role', ['PractitionerRole/ann-role'])
const directory = directoryOf(practitioner('ann'), role('ann-role', 'ann'), ann, annByRole)
const about = [directory.schedules.get('ann')!]
const reading = (found: Record<string, readonly FhirResource[]>, cut?: string): Reading => ({
  now: NOW,
  readUntil: NOW,
  all: (name) => found[name] ?? [],
  isComplete: (name) => name !== cut,
})

describe('the directory in memory is stale', () => {
  const changed: Schedule = { ...ann, meta: { versionId: '2' } }
  const late = schedule('late', ['Practitioner/ann'])
  test.for<readonly [rule: string, schedules: Schedule[], roleSchedules: Schedule[], stale: boolean]>([
    ['when a Schedule of the actor has changed', [changed], [annByRole], true],
    ['when there is a new one', [ann, late], [annByRole], true],
    ['when there is a new one by role', [ann], [annByRole, late], true],
    ['when one is gone', [ann], [], true],
    ['when all are gone', [], [], true],
    ['not when all are as it has them', [ann], [annByRole], false],
    ['not when one comes by both searches', [ann, annByRole], [annByRole], false],
  ])('%s', ([, schedules, roleSchedules, stale]) => {
    expect(isDirectoryStale(reading({ schedules, roleSchedules }), directory, about)).toBe(stale)
  })
})

describe('a window that was cut off', () => {
  test.for(['slots', 'visits', 'schedules', 'roleSchedules', 'patientVisits'])('at its %s decides nothing', (cut) => {
    expect(() => readClaimWindow(reading({ slots: [slot('s', 'ann', at('09:00'))] }, cut), directory)).toThrow(
      expect.objectContaining({ code: 'ehr_rejected', message: expect.stringContaining(cut) as string }),
    )
  })

  test('elsewhere does', () => {
    const window = readClaimWindow(reading({ slots: [slot('s', 'ann', at('09:00'))] }, 'appointment'), directory)
    expect(window.slots.map(({ id }) => id)).toEqual(['s'])
  })
})

describe('what is read for a claim', () => {
  const mapping = testMapping({ longestSlotMinutes: 60 })
  const span = { start: at('09:00'), end: at('09:30') }
  const queries = claimQueries(directory, about, span, mapping)

  test('are the Slots of all siblings that can reach into the time', () => {
    expect(queryUrl(queries['slots']!)).toBe(
      `Slot?schedule=${encodeURIComponent('Schedule/ann,Schedule/ann-by-role')}&start=ge2027-03-01T16%3A00%3A00.000Z&start=lt2027-03-01T17%3A30%3A00.000Z&_sort=start`,
    )
  })

  test('are the visits of the person under every name, also those after it whose buffer reaches into it', () => {
    const [, actors] = queries['visits']!.kind === 'search' ? queries['visits']!.params[0]! : []
    expect(actors).toEqual(['Practitioner/ann', 'PractitionerRole/ann-role'])
    expect(queryUrl(queries['visits']!)).toContain('date=lt2027-03-01T17%3A45%3A00.000Z')
  })

  test('are the Schedules of the person now, by name and by role', () => {
    expect(Object.keys(queries)).toEqual(['slots', 'visits', 'schedules', 'roleSchedules'])
  })

  test('is nothing where the Schedule is gone', () => {
    expect(() => claimQueries(directory, [], span, mapping)).toThrow(expect.objectContaining({ code: 'slot_taken' }))
  })

  test('begins by the longest Slot before', () => {
    expect(lookBack(span, mapping)).toEqual({ start: span.start - 60 * MINUTE, end: span.end })
  })
})

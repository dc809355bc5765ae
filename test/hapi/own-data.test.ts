import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FhirResource, Slot } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { unique } from '../helpers/clinic.ts'
import { runScript, type Ended } from '../helpers/command.ts'
import { hapiOnH2 } from '../helpers/servers.ts'

const fhir = hapiOnH2()
const ZONE = 'America/New_York'
const TYPES = ['Location', 'Practitioner', 'Schedule', 'Slot'] as const

/** A clinic in one page: a place in New York, a doctor, a Schedule, and Slots on a Wednesday in January. */
function clinicInOnePage(id = unique('own')): FhirResource[] {
  const slot = (index: number, start: string, end: string): Slot => ({
    resourceType: 'Slot',
    id: `${id}-${index}`,
    schedule: { reference: `Schedule/${id}` },
    status: 'free',
    start: `2019-01-09T${start}:00-05:00`,
    end: `2019-01-09T${end}:00-05:00`,
  })
  return [
    {
      resourceType: 'Location',
      id,
      name: 'Hudson Street',
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/timezone', valueCode: ZONE }],
    },
    { resourceType: 'Practitioner', id, name: [{ family: 'Tester' }] },
    {
      resourceType: 'Schedule',
      id,
      actor: [{ reference: `Practitioner/${id}` }, { reference: `Location/${id}` }],
      planningHorizon: { start: '2019-01-07', end: '2019-01-11' },
    },
    slot(1, '09:00', '09:20'),
    slot(2, '09:20', '09:40'),
    slot(3, '16:40', '17:00'),
  ]
}

/** Loads lines as a user does. @returns how it ended, and the file, which the messages name */
async function seedFrom(lines: readonly (FhirResource | string)[], ...args: string[]): Promise<Ended & { file: string }> {
  const file = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'own.ndjson')
  writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
  return { ...(await seed('--from', file, ...args)), file }
}

const seed = (...args: string[]) => runScript('seed', args, { FHIR_BASE_URL: fhir.baseUrl })

async function stored(resources: readonly FhirResource[]): Promise<number> {
  const ids = [...new Set(resources.map((resource) => resource.id))].join(',')
  const found = await Promise.all(TYPES.map((type) => fhir.search(type, `_id=${ids}`)))
  return found.flat().length
}

test("a file of one's own is loaded and moved to the coming week, weekday and clock kept", async () => {
  const given = clinicInOnePage()
  const today = Temporal.Now.plainDateISO(ZONE)
  const wednesday = today.add({ days: 8 - today.dayOfWeek + 2 })
  const at = (time: string) => wednesday.toZonedDateTime({ timeZone: ZONE, plainTime: time }).toString({ timeZoneName: 'never' })

  const { code, output } = await seedFrom(given)
  expect(code, output).toBe(0)
  expect(output).toContain(`the first Slot is on Wednesday, ${wednesday.toString()} (${ZONE})`)
  expect(output).toMatch(/6 new, 0 were there before/)
  const slots = await fhir.search('Slot', `schedule=Schedule/${given[0]?.id ?? ''}&_sort=start`)
  expect(slots.map(({ start, end, status }) => [start, end, status])).toEqual([
    [at('09:00'), at('09:20'), 'free'],
    [at('09:20'), at('09:40'), 'free'],
    [at('16:40'), at('17:00'), 'free'],
  ])
  const horizon = (await fhir.read('Schedule', given[0]?.id ?? '')).planningHorizon
  expect(horizon).toEqual({ start: wednesday.subtract({ days: 2 }).toString(), end: wednesday.add({ days: 2 }).toString() })
})

describe('a file that cannot be used: nothing is written, and the message says where and what', () => {
  test('bad lines are all named', async () => {
    const given = clinicInOnePage()
    const slot = given[3] as Slot
    const { code, output, file } = await seedFrom([
      ...given,
      '{"resourceType":"Slot","id":',
      { ...slot, id: unique('slot'), start: '2019-01-09T09:00:00' },
      { ...slot, id: unique('slot'), end: slot.start },
      { ...slot, id: '4711' },
      '',
      { resourceType: 'Patient', id: unique('patient') },
      '{"id":"x"}',
      '["Slot"]',
    ])
    expect(code).toBe(1)
    expect(output).toContain('Nothing was loaded:')
    const says = (line: number, text: string) => {
      expect(output.split('\n').filter((one) => one.includes(`${file}:${line}:`))).toEqual([expect.stringContaining(text)])
    }
    says(7, 'is not JSON')
    says(8, 'Slot.start: must be an instant with seconds and offset')
    says(9, 'Slot.end: must be after start')
    says(10, 'Slot.id: has only digits')
    says(12, 'Patient is not scheduling data; allowed are')
    says(13, '"resourceType" is missing')
    says(14, '"resourceType" is missing')
    for (let line = 1; line <= 6; line++) expect(output).not.toContain(`${file}:${line}:`)
    expect(await stored(given)).toBe(0)
  })

  test('references that lead out of the file, and an id that comes twice', async () => {
    const given = clinicInOnePage()
    const slot = given[3] as Slot
    const lost = { ...slot, id: unique('slot'), schedule: { reference: 'Schedule/not-there' } }
    const { code, output, file } = await seedFrom([...given, lost, slot])
    expect(code).toBe(1)
    expect(output).toContain(`${file}:7: Slot/${lost.id} refers to Schedule/not-there, which is not in the file`)
    expect(output).toContain(`${file}:8: Slot/${slot.id ?? ''} is already on line 4`)
    expect(await stored(given)).toBe(0)
  })

  test('an empty file, one that is not there, an unknown zone', async () => {
    const given = clinicInOnePage()
    const [empty, absent, nowhere] = await Promise.all([
      seedFrom(['', '']),
      seed('--from', 'no/such.ndjson'),
      seedFrom(given, '--zone', 'Mars/Olympus'),
    ])
    expect([empty.code, absent.code, nowhere.code]).toEqual([1, 1, 1])
    expect(empty.output).toContain(`${empty.file}: is empty`)
    expect(absent.output).toContain('no/such.ndjson cannot be read (ENOENT).')
    expect(nowhere.output).toContain('"Mars/Olympus" is not a time zone. Use an IANA name')
    expect(await stored(given)).toBe(0)
  })
})

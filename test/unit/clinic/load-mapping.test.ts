import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadMapping, MappingError, parseMapping } from '../../../src/clinic/load-mapping.ts'
import { MAPPING } from '../../helpers/clinic.ts'

const dir = mkdtempSync(join(tmpdir(), 'mapping-'))
afterAll(() => {
  rmSync(dir, { recursive: true })
})

function messageOf(load: () => unknown): string {
  try {
    load()
  } catch (error) {
    if (error instanceof MappingError) return error.message
    throw error
  }
  return 'accepted'
}

const clinics = readdirSync('mappings').filter((name) => name.endsWith('.json') && !/schema\.json$|^red-flags\./.test(name))

test.for(clinics)('mappings/%s loads', (name) => {
  expect(loadMapping(`mappings/${name}`).visitTypes.length).toBeGreaterThan(0)
})

test('the demo clinic is among them and knows the visit types that the contract names', () => {
  expect(clinics).toContain('demo-clinic.json')
  expect(loadMapping('mappings/demo-clinic.json').visitTypes.map((type) => type.code)).toEqual(
    expect.arrayContaining(['follow-up', 'new-patient']),
  )
})

test('the JSON Schema for editors is the one the gateway checks by', () => {
  expect(execFileSync(process.execPath, ['scripts/mapping-schema.ts', '--check'], { encoding: 'utf8' })).toBe('')
})

test('what a file leaves out has the documented default', () => {
  const { holds: _, longestSlotMinutes: _minutes, ...rest } = MAPPING
  const mapping = parseMapping(
    { ...rest, visitTypes: [{ code: 'a', title: 'A', minutes: 5, modalities: ['phone'], match: { schedules: ['Schedule/1'] } }] },
    'x',
  )
  expect(mapping).toMatchObject({ holds: { ttlSeconds: 300, perPatient: 3 }, longestSlotMinutes: 1440 })
  expect(mapping.visitTypes[0]).toMatchObject({
    bufferBeforeMinutes: 0,
    bufferAfterMinutes: 0,
    noticeMinutes: 0,
    horizonDays: 90,
    minDaysBetween: 0,
    bookable: true,
  })
  expect(mapping.visitTypes[0]?.providers).toBeUndefined()
})

describe('a file that cannot be read', () => {
  test('is named, with what to do', () => {
    expect(messageOf(() => loadMapping(join(dir, 'gone.json')))).toMatch(/gone\.json cannot be read \(ENOENT\).*MAPPING_FILE/)
    const broken = join(dir, 'broken.json')
    writeFileSync(broken, '{"clinic": }')
    expect(messageOf(() => loadMapping(broken))).toMatch(/broken\.json is not JSON: .*comma or quote/)
  })
})

describe('a wrong file stops the start: the message names the place and the mend', () => {
  const visit = (changes: object) => ({ visitTypes: [MAPPING.visitTypes[0], { ...MAPPING.visitTypes[1], ...changes }] })
  const clinic = (changes: object) => ({ clinic: { ...MAPPING.clinic, ...changes } })
  const identity = (sufficient: unknown) => ({ identity: { ...MAPPING.identity, sufficient } })

  test.for<readonly [what: string, changes: object, path: string, mend: RegExp]>([
    ['an unknown field', { hours: {} }, '(whole file)', /"hours"/],
    ['a portal without TLS', visit({ portal: { url: 'http://lab.example', label: 'Lab' } }), 'visitTypes[1].portal.url', /https:\/\//],
    [
      'a portal with a password',
      visit({ portal: { url: 'https://a:b@lab.example', label: 'Lab' } }),
      'visitTypes[1].portal.url',
      /password/,
    ],
    ['a portal that is a script', visit({ portal: { url: 'javascript:1', label: 'Lab' } }), 'visitTypes[1].portal.url', /https:\/\//],
    ['no list of red flags', { redFlags: { lists: [] } }, 'redFlags.lists', /never taken unscreened/],
    ['a list with a path', { redFlags: { lists: ['../x.json'] } }, 'redFlags.lists[0]', /without a path/],
    ['a way with new patients that is none', { newPatients: 'invent' }, 'newPatients', /"register"/],
    ['no attempt at all', { identity: { ...MAPPING.identity, attempts: { perDetail: 0 } } }, 'identity.attempts.perDetail', />=1/],
    ['an unknown field deep inside', visit({ lenght: 5 }), 'visitTypes[1]', /"lenght"/],
    ['a zone that is none', clinic({ timeZone: 'Pacific' }), 'clinic.timeZone', /IANA time zone such as "America\/Los_Angeles"/],
    ['an offset for a zone', clinic({ timeZone: '-08:00' }), 'clinic.timeZone', /IANA/],
    ['a zone with a typing error', clinic({ timeZone: 'America/Los_Angelos' }), 'clinic.timeZone', /IANA/],
    ['no phone', clinic({ phone: '' }), 'clinic.phone', />=3/],
    ['no visit type', { visitTypes: [] }, 'visitTypes', />=1/],
    ['two visit types of one code', { visitTypes: [MAPPING.visitTypes[0], MAPPING.visitTypes[0]] }, 'visitTypes', /share a code/],
    ['a code in upper case', visit({ code: 'Follow-Up' }), 'visitTypes[1].code', /lower-case letters, digits and hyphens/],
    ['a visit of no minutes', visit({ minutes: 0 }), 'visitTypes[1].minutes', />=1/],
    ['half a minute', visit({ minutes: 7.5 }), 'visitTypes[1].minutes', /int/],
    ['a negative buffer', visit({ bufferAfterMinutes: -5 }), 'visitTypes[1].bufferAfterMinutes', />=0/],
    ['no modality', visit({ modalities: [] }), 'visitTypes[1].modalities', />=1/],
    ['a modality that is none', visit({ modalities: ['video'] }), 'visitTypes[1].modalities[0]', /"in-person"\|"telehealth"\|"phone"/],
    [
      'a match of nothing',
      visit({ match: {} }),
      'visitTypes[1].match',
      /name at least one serviceType, specialty, appointmentType or schedule/,
    ],
    ['a coding without a bar', visit({ match: { serviceType: ['124'] } }), 'visitTypes[1].match.serviceType[0]', /"system\|code"/],
    ['a coding without a code', visit({ match: { serviceType: ['x|'] } }), 'visitTypes[1].match.serviceType[0]', /"system\|code"/],
    ['a provider by name', visit({ providers: ['Dr. Ann'] }), 'visitTypes[1].providers[0]', /"Practitioner\/id"/],
    ['a Schedule by URL', visit({ match: { schedules: ['http://x/Schedule/1'] } }), 'visitTypes[1].match.schedules[0]', /"Schedule\/id"/],
    ['a hold of an hour and a second', { holds: { ttlSeconds: 3601 } }, 'holds.ttlSeconds', /<=3600/],
    ['no reason to cancel', { cancelReasons: [] }, 'cancelReasons', />=1/],
    ['a reason without a coding', { cancelReasons: [{ code: 'a', title: 'A' }] }, 'cancelReasons[0].coding', /expected string/],
    ['one field for a whole identity', identity([['mrn']]), 'identity.sufficient[0]', /one field alone does not identify/],
    ['a field that no patient has', identity([['mrn', 'shoe_size']]), 'identity.sufficient[0][1]', /"birth_date"/],
    ['no way to be identified', identity([]), 'identity.sufficient', />=1/],
  ])('%s', ([, changes, path, mend]) => {
    const message = messageOf(() => parseMapping({ ...MAPPING, ...changes }, 'clinic.json'))
    expect(message).toMatch(/^clinic\.json is not a valid clinic mapping:\n/)
    const lines = message.split('\n').filter((line) => line.startsWith(`  ${path}: `))
    expect(lines, message).toHaveLength(1)
    expect(lines[0]).toMatch(mend)
  })

  test('all that is wrong is named at once', () => {
    const message = messageOf(() => parseMapping({ ...MAPPING, ...clinic({ phone: '' }), cancelReasons: [] }, 'clinic.json'))
    expect(message).toContain('clinic.phone')
    expect(message).toContain('cancelReasons')
  })

  test.for([null, [], 'text', 7])('%j is no mapping at all', (value) => {
    expect(messageOf(() => parseMapping(value, 'clinic.json'))).toContain('(whole file): ')
  })
})

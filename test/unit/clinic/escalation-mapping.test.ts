import { describe, expect, test } from 'vitest'
import { BUILT_IN_REASONS } from '../../../src/clinic/built-in-reasons.ts'
import { OFFICE_HOURS } from '../../../src/clinic/office-hours.ts'
import { loadMapping, MappingError, parseMapping } from '../../../src/clinic/load-mapping.ts'
import { MAPPING, testMapping } from '../../helpers/clinic.ts'

const OWN = { code: 'own', title: 'Own', priority: 'stat', dueMinutes: 15, channel: 'portal', tellPatient: 'By {due}, or {phone}.' }
const BUILT_IN = [
  'race_lost',
  'identity_unverified',
  'red_flag',
  'new_patient',
  'exception_requested',
  'outcome_unknown',
  'ehr_rejected',
  'reconciliation_doubt',
  'attempts_exhausted',
  'deferred_refused',
  'other',
]
const codes = (mapping: ReturnType<typeof testMapping>) => mapping.escalation.reasons.map((reason) => reason.code)

test('a file that says nothing of it has a week of office hours and every reason that the gateway needs', () => {
  const mapping = testMapping()
  expect(mapping).toMatchObject({ officeHours: OFFICE_HOURS, holidays: [] })
  expect(codes(mapping)).toEqual(BUILT_IN)
})

test('the reasons of the clinic come before the built-in ones, and in their place where they have the code', () => {
  const other = { ...OWN, code: 'race_lost', title: 'Ours' }
  const mapping = testMapping({ escalation: { reasons: [OWN, other] } })
  expect(codes(mapping)).toEqual(['own', 'race_lost', ...BUILT_IN.filter((code) => code !== 'race_lost')])
  expect(mapping.escalation.reasons[1]).toMatchObject({ title: 'Ours', priority: 'stat' })
  expect(codes(testMapping({ escalation: {} }))).toEqual(BUILT_IN)
})

test('the built-in reasons are as a file would have to write them', () => {
  expect(codes(testMapping({ escalation: { reasons: BUILT_IN_REASONS } }))).toEqual(BUILT_IN)
})

test.for(BUILT_IN_REASONS)('$code says whole sentences to the patient, and nothing technical', ({ tellPatient, tellStaff }) => {
  expect(tellPatient).toMatch(/^[A-Z].*\.$/)
  expect(`${tellPatient} ${tellStaff}`).not.toMatch(/FHIR|Slot|Task\b/)
  expect(tellPatient).toMatch(/\{due\}|\{phone\}/)
})

test('the demo clinic has office hours, holidays and reasons of its own', () => {
  const mapping = loadMapping('mappings/demo-clinic.json')
  expect(mapping.officeHours.length).toBeGreaterThan(1)
  expect(mapping.holidays.length).toBeGreaterThan(0)
  expect(codes(mapping)).toEqual(expect.arrayContaining(['urgent-callback', ...BUILT_IN]))
})

describe('a wrong file names the place and the mend', () => {
  const hours = (...spans: object[]) => ({ officeHours: spans })
  const day = { days: ['mon'], from: '09:00', to: '12:00' }
  const reason = (changes: object) => ({ escalation: { reasons: [{ ...OWN, ...changes }] } })

  test.for<readonly [what: string, changes: object, path: string, mend: RegExp]>([
    ['no office hours at all', hours(), 'officeHours', />=1/],
    ['a day that is none', hours({ ...day, days: ['monday'] }), 'officeHours[0].days[0]', /"mon"/],
    ['no day', hours({ ...day, days: [] }), 'officeHours[0].days', />=1/],
    ['a time without minutes', hours({ ...day, from: '9' }), 'officeHours[0].from', /"HH:MM"/],
    ['an hour that is none', hours({ ...day, to: '24:30' }), 'officeHours[0].to', /"24:00"/],
    ['an end before the start', hours({ ...day, to: '08:00' }), 'officeHours[0]', /over midnight is two entries/],
    ['spans that overlap', hours(day, { ...day, from: '11:30', to: '13:00' }), 'officeHours', /overlap on one day/],
    ['a holiday that is no date', { holidays: ['2027-02-30'] }, 'holidays[0]', /YYYY-MM-DD/],
    ['a code in capitals', reason({ code: 'Own' }), 'escalation.reasons[0].code', /lower-case letters/],
    ['a priority that FHIR does not have', reason({ priority: 'high' }), 'escalation.reasons[0].priority', /"stat"/],
    ['no due time', reason({ dueMinutes: undefined }), 'escalation.reasons[0].dueOfficeMinutes', /either dueOfficeMinutes or dueMinutes/],
    ['two due times', reason({ dueOfficeMinutes: 5 }), 'escalation.reasons[0].dueOfficeMinutes', /either dueOfficeMinutes or dueMinutes/],
    ['a due time of no minutes', reason({ dueMinutes: 0 }), 'escalation.reasons[0].dueMinutes', />=1/],
    ['a sentence without an end', reason({ tellPatient: 'We call' }), 'escalation.reasons[0].tellPatient', /whole sentences/],
    ['a field that nobody fills in', reason({ tellPatient: 'Dear {name}.' }), 'escalation.reasons[0].tellPatient', /\{due\} and \{phone\}/],
    ['a brace too many', reason({ tellPatient: 'By {{due}}.' }), 'escalation.reasons[0].tellPatient', /\{due\} and \{phone\}/],
    ['two reasons of one code', { escalation: { reasons: [OWN, OWN] } }, 'escalation.reasons', /share a code/],
    ['an unknown field', reason({ note: 'x' }), 'escalation.reasons[0]', /"note"/],
  ])('%s', ([, changes, path, mend]) => {
    const load = () => parseMapping({ ...MAPPING, ...changes }, 'clinic.json')
    expect(load).toThrow(MappingError)
    let message = ''
    try {
      load()
    } catch (error) {
      message = (error as Error).message
    }
    const line = message.split('\n').find((one) => one.startsWith(`  ${path}: `))
    expect(line, message).toMatch(mend)
  })

  test('spans that touch, and the end of the day, are fine', () => {
    expect(testMapping(hours({ ...day, to: '12:00' }, { ...day, from: '12:00', to: '24:00' })).officeHours).toHaveLength(2)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { appointmentIdFor, readClaimHint } from '../../../src/fhir/appointment-id.ts'
import { fingerprint } from '../../../src/fhir/ids.ts'
import { isResourceId } from '../../../src/fhir/query.ts'
import { at } from '../helpers/day.ts'

const request = { clientId: 'chatbot', operation: 'hold', key: 'k' }
const NINE = at('09:00')
const ID = appointmentIdFor(request, NINE, 'ann')

describe('an appointment id', () => {
  test('has one form, and may be a FHIR id', () => {
    expect(ID).toMatch(/^ap-[0-9a-z]{28}$/)
    expect(isResourceId(ID)).toBe(true)
  })

  test('is the same for the same request, and another for any other', () => {
    expect(appointmentIdFor({ ...request }, NINE, 'ann')).toBe(ID)
    const others = [
      appointmentIdFor({ ...request, clientId: 'x' }, NINE, 'ann'),
      appointmentIdFor({ ...request, operation: 'book' }, NINE, 'ann'),
      appointmentIdFor({ ...request, key: 'x' }, NINE, 'ann'),
      appointmentIdFor(request, NINE + 60_000, 'ann'),
      appointmentIdFor(request, NINE, 'bob'),
    ]
    expect(new Set([ID, ...others]).size).toBe(6)
  })

  test('gives back where the time was claimed: the minute and the Schedule', () => {
    const minutes = fc.integer({ min: Date.parse('2020-01-01T00:00:00Z') / 60_000, max: Date.parse('2100-01-01T00:00:00Z') / 60_000 })
    fc.assert(
      fc.property(minutes, fc.uuid(), fc.string(), (minute, scheduleId, key) => {
        const hint = readClaimHint(appointmentIdFor({ ...request, key }, minute * 60_000, scheduleId))
        expect(hint?.start).toBe(minute * 60_000)
        expect(hint?.scheduleFingerprint.equals(fingerprint(scheduleId))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a text that has not the form of one', () => {
  test.for([
    ['empty', ''],
    ['another prefix', ID.replace('ap-', 'aq-')],
    ['no prefix', ID.slice(3)],
    ['too short', ID.slice(0, -1)],
    ['too long', `${ID}0`],
    ['upper case', ID.toUpperCase()],
    ['a letter that is not used', `${ID.slice(0, -1)}u`],
    ['a space behind', `${ID} `],
    ['a line break behind', `${ID}\n`],
    ['an id of the EHR', 'ehr-123'],
  ] as const)('is none: %s', ([, text]) => {
    expect(readClaimHint(text)).toBeUndefined()
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildAuditEvent, readEscalationReceipt, readReceipt, type AuditedAction, type AuditRecord } from '../../../src/fhir/audit-event.ts'
import { codingToken, parseCodingToken } from '../../../src/fhir/codings.ts'
import { buildGuard, guardId } from '../../../src/fhir/patient-guard.ts'
import { escapeSearchText, isResourceId, queryUrl, token } from '../../../src/fhir/query.ts'
import { parseReference, referencedId, referenceText } from '../../../src/fhir/references.ts'
import { NOW } from '../helpers/day.ts'

describe('a reference', () => {
  test.for<readonly [text: string | undefined, type: string | undefined, id?: string]>([
    ['Slot/1', 'Slot', '1'],
    ['Slot/a-b.C', 'Slot', 'a-b.C'],
    ['Slot/1/_history/2', 'Slot', '1'],
    [`Slot/${'x'.repeat(64)}`, 'Slot', 'x'.repeat(64)],
    [`Slot/${'x'.repeat(65)}`, undefined],
    ['https://ehr.example/fhir/Slot/1', undefined],
    ['#contained', undefined],
    ['urn:uuid:1', undefined],
    ['Slot/', undefined],
    ['Slot', undefined],
    ['Slot/1/2', undefined],
    ['Slot/1?x', undefined],
    [undefined, undefined],
  ])('%s', ([text, type, id]) => {
    expect(parseReference(text)).toEqual(type === undefined ? undefined : { type, id })
  })

  test('is told by type, and its version does not matter', () => {
    expect(referencedId({ reference: 'Slot/1/_history/3' }, 'Slot')).toBe('1')
    expect(referencedId({ reference: 'Slot/1' }, 'Schedule')).toBeUndefined()
    expect(referenceText({ reference: 'Slot/1/_history/3' })).toBe('Slot/1')
    expect(referenceText({ display: 'nobody' })).toBeUndefined()
  })
})

describe('codings as tokens', () => {
  test.for<readonly [string, object]>([
    ['https://a.example|x', { system: 'https://a.example', code: 'x' }],
    ['|x', { code: 'x' }],
  ])('%s', ([text, coding]) => {
    expect(parseCodingToken(text)).toEqual(coding)
    expect(codingToken(parseCodingToken(text))).toBe(text)
  })
})

describe('a query', () => {
  test('is written with every value escaped for the URL', () => {
    const query = {
      kind: 'search',
      type: 'Appointment',
      params: [
        ['identifier', 'a&b=c|ä +'],
        ['status', ['x', 'y']],
      ],
    } as const
    expect(queryUrl(query)).toBe('Appointment?identifier=a%26b%3Dc%7C%C3%A4%20%2B&status=x%2Cy')
    expect(queryUrl({ kind: 'read', type: 'Slot', id: 'a-1' })).toBe('Slot/a-1')
    expect(queryUrl({ kind: 'history', type: 'Slot', id: 'a-1' })).toBe('Slot/a-1/_history?_count=20&_since=1970-01-01T00:00:00Z')
  })

  test.for(['', 'a/b', '../x', 'a b', 'ä', 'x'.repeat(65), '1?_format=x', 'a\n'])('never reads the id %j', (id) => {
    expect(isResourceId(id)).toBe(false)
    expect(() => queryUrl({ kind: 'read', type: 'Slot', id })).toThrow('not a FHIR id')
    expect(() => queryUrl({ kind: 'history', type: 'Slot', id })).toThrow('not a FHIR id')
  })

  test.for<readonly [readonly string[] | string]>([[''], [[]]])(
    'without a value (%j) is never sent: a server would ignore it and find everything',
    ([value]) => {
      expect(() => queryUrl({ kind: 'search', type: 'Slot', params: [['_id', value]] })).toThrow('no value')
    },
  )

  test('text from outside cannot become syntax of the search', () => {
    expect(token('https://a.example|b', 'x,y$z\\')).toBe('https://a.example\\|b|x\\,y\\$z\\\\')
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(escapeSearchText(text).replace(/\\([\\|,$])/g, '')).not.toMatch(/[\\|,$]/)
        expect(escapeSearchText(text).replace(/\\([\\|,$])/g, '$1')).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('an AuditEvent', () => {
  const record: AuditRecord = {
    action: 'book',
    recorded: NOW,
    clientId: 'chatbot',
    requestId: 'r-1',
    patient: 'Patient/p',
    appointment: { appointmentId: 'ap-1', reference: 'Appointment/9', version: '3', requestDigest: 'abc' },
  }

  test('that is a receipt tells the Appointment, its version, the request, the client and what was done', () => {
    const receipt = { appointmentId: 'ap-1', requestDigest: 'abc', clientId: 'chatbot', version: '3', codes: ['book'] }
    expect(readReceipt(buildAuditEvent(record))).toEqual(receipt)
  })

  test('of a repair says which kind it was and names its Slots, also where there is no Appointment', () => {
    const event = buildAuditEvent({
      ...record,
      action: 'reconcile',
      detail: 'freed',
      appointment: { appointmentId: 'ap-1', requestDigest: 'abc' },
      slots: ['s1', 's2'],
    })
    expect(readReceipt(event)).toMatchObject({ appointmentId: 'ap-1', version: '', codes: ['reconcile', 'freed'] })
    expect(event.entity?.map(({ what }) => what?.reference).filter((text) => text?.startsWith('Slot'))).toEqual(['Slot/s1', 'Slot/s2'])
    // FHIR forbids empty values: what is not known is left out.
    expect(JSON.stringify(event)).not.toMatch(/""|undefined/)
  })

  test('says who, what, when, for whom, and under which request id', () => {
    const text = JSON.stringify(buildAuditEvent(record))
    for (const part of ['chatbot', '"book"', '2027-03-01T08:00:00.000Z', 'Patient/p', 'r-1', 'Appointment/9']) expect(text).toContain(part)
  })

  test('of a denial or a fence is no receipt', () => {
    const denied = buildAuditEvent({ action: 'denied', recorded: NOW, clientId: 'chatbot', requestId: 'r-1', outcome: 'not_found' })
    expect(readReceipt(denied)).toBeUndefined()
    expect(denied).toMatchObject({ outcome: '4', outcomeDesc: 'not_found' })
  })

  test('of an escalation tells the Task and the request, and is no receipt of a visit it is about', () => {
    const escalation = { escalationId: 'esc-1', reference: 'Task/7', requestDigest: 'abc', about: 'Appointment/9' }
    const { appointment: _, ...rest } = record
    const event = buildAuditEvent({ ...rest, action: 'escalate', escalation })
    expect(readEscalationReceipt(event)).toEqual({ recorded: NOW, requestDigest: 'abc' })
    expect(readReceipt(event)).toBeUndefined()
    expect(JSON.stringify(event.entity)).toContain('"reference":"Appointment/9"')
    expect(readEscalationReceipt(buildAuditEvent(record))).toBeUndefined()
  })

  test.for<readonly [AuditedAction, string]>([
    ['hold', 'C'],
    ['book', 'C'],
    ['reschedule', 'U'],
    ['cancel', 'U'],
    ['release', 'U'],
    ['expire', 'U'],
    ['reconcile', 'U'],
    ['look-up', 'R'],
    ['denied', 'R'],
    ['escalate', 'C'],
    ['take', 'U'],
    ['resolve', 'U'],
  ])('of %s has the action %s', ([action, letter]) => {
    expect(buildAuditEvent({ ...record, action }).action).toBe(letter)
  })
})

describe('the guard of a patient', () => {
  const first = buildGuard('Patient/p', { appointmentId: 'ap-1', version: '1' }, undefined)

  test('has one id per patient, which does not show the patient', () => {
    expect(isResourceId(guardId('Patient/p'))).toBe(true)
    expect(guardId('Patient/p')).toBe(first.id)
    expect(guardId('Patient/q')).not.toBe(first.id)
    expect(first.meta).toBeUndefined()
  })

  test('differs with every write, and keeps the version it was read with', () => {
    const read = { ...first, meta: { versionId: '1' } }
    const contents = ['1', '2'].map((version) => JSON.stringify(buildGuard('Patient/p', { appointmentId: 'ap-1', version }, read)))
    expect(contents[0]).not.toBe(contents[1])
    expect(buildGuard('Patient/p', { appointmentId: 'ap-2', version: '1' }, read)).toMatchObject({
      meta: { versionId: '1' },
      subject: { reference: 'Patient/p' },
    })
  })
})

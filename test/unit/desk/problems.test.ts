import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../../src/booking/errors.ts'
import { CODES, problem } from '../../../src/desk/problems.ts'
import { shownOffer } from '../helpers/shown.ts'

/** The table of the contract, section 3: status and whether the same request may be sent again. */
const CONTRACT: Readonly<Record<ErrorCode, readonly [status: number, retryable: boolean]>> = {
  invalid_request: [400, false],
  invalid_slot_id: [400, false],
  unauthenticated: [401, false],
  forbidden: [403, false],
  patient_required: [403, false],
  not_found: [404, false],
  slot_taken: [409, false],
  invalid_transition: [409, false],
  hold_expired: [410, false],
  version_mismatch: [412, false],
  idempotency_key_reused: [422, false],
  policy_refused: [422, false],
  rate_limited: [429, true],
  ehr_rejected: [502, false],
  ehr_unavailable: [503, true],
  contention: [503, true],
  internal: [500, false],
}
const ALL = Object.keys(CONTRACT) as ErrorCode[]

describe('every error code', () => {
  test.for(ALL)('%s has the status of the contract', (code) => {
    expect([CODES[code].status, CODES[code].retryable]).toEqual(CONTRACT[code])
  })

  test('of the gateway stands in the contract', () => {
    expect(Object.keys(CODES).sort()).toEqual([...ALL].sort())
  })

  test.for(ALL)('%s says one thing a chatbot can speak, and what it is for a developer', (code) => {
    const body = problem(code, 'what is wrong')
    expect(body).toMatchObject({
      type: `urn:fhir-scheduling-gateway:problem:${code}`,
      code,
      detail: 'what is wrong',
      status: CODES[code].status,
    })
    expect(body.message).toMatch(/^[A-Z].*[.?]$/)
    expect(body.message).not.toMatch(/EHR|FHIR|HTTP|slot_id|token|key/)
    expect(body.title).not.toBe('')
  })
})

describe('an error body', () => {
  test('names the field or the rule where there is one, and no other extras', () => {
    expect(problem('invalid_request', 'x', { path: 'slot_id' })['path']).toBe('slot_id')
    expect(problem('policy_refused', 'x', { policy: 'notice' })['policy']).toBe('notice')
    const body = problem('not_found', 'x', { denied: true, retryAfterSeconds: 1 })
    expect(Object.keys(body).sort()).toEqual(['code', 'detail', 'message', 'next_actions', 'retryable', 'status', 'title', 'type'])
  })

  test('that was escalated carries the escalation and what it means for the patient', () => {
    const body = problem('ehr_rejected', 'x', { escalationId: 'esc-1', spoken: 'They will call.' })
    expect(body).toMatchObject({ code: 'ehr_rejected', status: 502, message: 'They will call.', escalation_id: 'esc-1' })
  })

  test('of a lost race always has alternatives, of another error never', () => {
    const alternatives = [shownOffer()]
    expect(problem('slot_taken', 'x', { alternatives })['alternatives']).toEqual(alternatives)
    expect(problem('slot_taken', 'x')['alternatives']).toEqual([])
    expect(Object.keys(problem('contention', 'x', { alternatives }))).not.toContain('alternatives')
  })

  test('has another status only where HTTP itself refuses', () => {
    expect(problem('invalid_request', 'x', {}, 413)).toMatchObject({ status: 413, code: 'invalid_request' })
  })
})

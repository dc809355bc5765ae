import { expect } from 'vitest'
import { CODES } from '../../src/desk/problems.ts'
import type { ErrorCode } from '../../src/booking/errors.ts'
import type { Answer } from './api.ts'

/** What the contract says each code answers with; written out here, so that a change in src/ has to be made twice. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  invalid_slot_id: 400,
  unauthenticated: 401,
  forbidden: 403,
  patient_required: 403,
  not_found: 404,
  slot_taken: 409,
  invalid_transition: 409,
  hold_expired: 410,
  version_mismatch: 412,
  idempotency_key_reused: 422,
  policy_refused: 422,
  rate_limited: 429,
  ehr_rejected: 502,
  ehr_unavailable: 503,
  contention: 503,
  internal: 500,
}
const RETRYABLE: readonly ErrorCode[] = ['rate_limited', 'ehr_unavailable', 'contention']

/**
 * Asserts the whole error answer: status, media type, every field of the body and none besides.
 * @param extras the fields a code adds (`path`, `policy`, `alternatives`), and `status` where HTTP's own refusals deviate
 */
export function expectProblem(answer: Answer, code: ErrorCode, extras: Record<string, unknown> = {}): void {
  const { status = STATUS[code], ...more } = extras
  expect(answer.body).toEqual({
    type: `urn:fhir-scheduling-gateway:problem:${code}`,
    title: CODES[code].title,
    status,
    detail: expect.stringMatching(/^.{10,600}$/) as unknown,
    code,
    message: CODES[code].message,
    retryable: RETRYABLE.includes(code),
    next_actions: CODES[code].nextActions,
    ...more,
  })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/)
  expect(answer.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,64}$/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  // Words for a patient: a sentence, nothing technical.
  expect(answer.body['message']).toMatch(/^[A-Z][^_{}<>]*[.]$/)
  if (RETRYABLE.includes(code)) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
}

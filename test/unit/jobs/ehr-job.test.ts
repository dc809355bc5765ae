import { describe, expect, test } from 'vitest'
import { BookingError, OutcomeUnknown } from '../../../src/booking/errors.ts'
import { inEhr } from '../../../src/jobs/ehr-job.ts'
import { DONE, JobRefused } from '../../../src/jobs/handlers.ts'

const fails = (error: Error) => () => Promise.reject(error)

describe('a job in the EHR', () => {
  test('that works is done', async () => {
    expect(await inEhr(() => Promise.resolve(DONE))).toEqual(DONE)
  })

  test.each([
    new BookingError('ehr_unavailable', 'down'),
    new BookingError('contention', 'busy'),
    new OutcomeUnknown('rcpt-1'),
  ])('waits for an EHR that is down, busy or silent, without using up a try (%s)', async (error) => {
    const outcome = await inEhr(fails(error))
    expect(outcome).toMatchObject({ kind: 'later' })
    expect((outcome as { afterMs: number }).afterMs).toBeGreaterThanOrEqual(2_000)
    expect((outcome as { afterMs: number }).afterMs).toBeLessThanOrEqual(4_000)
  })

  test('waits as long as the EHR says', async () => {
    const outcome = await inEhr(fails(new BookingError('ehr_unavailable', 'down', { retryAfterSeconds: 30 })))
    expect(outcome).toEqual({ kind: 'later', afterMs: 30_000 })
  })

  test('that is refused ends with the code, never with the text', async () => {
    const refused = inEhr(fails(new BookingError('slot_taken', 'The time of Patient/nora was taken')))
    await expect(refused).rejects.toThrow(new JobRefused('slot_taken'))
    await expect(refused).rejects.toBeInstanceOf(JobRefused)
  })

  test.each([new BookingError('internal', 'a fault'), new TypeError('a fault')])('that meets a fault of ours is tried again (%s)', async (fault) => {
    await expect(inEhr(fails(fault))).rejects.toBe(fault)
  })
})

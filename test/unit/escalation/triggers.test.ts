import { describe, expect, test, vi } from 'vitest'
import { BookingError, OutcomeUnknown, type ErrorCode } from '../../../src/booking/errors.ts'
import type { Counters } from '../../../src/booking/ports.ts'
import { escalateUnverified, watchWrite, type WatchedWrite } from '../../../src/escalation/triggers.ts'
import { NOW } from '../helpers/day.ts'
import { escalationDeps, stored, taskIn, COMMITTED, type TestEscalationDeps } from '../helpers/escalations.ts'
import { answers, callWithin, commits, isDown, ScriptedEhr } from '../helpers/scripted-ehr.ts'

const HOLD: WatchedWrite = { caller: { clientId: 'chatbot', anyPatient: false, patient: 'Patient/p' }, operation: 'hold', target: 'slot-1' }
const MAKES = [answers(), commits(COMMITTED)] as const
const fails =
  (code: ErrorCode): (() => Promise<never>) =>
  () =>
    Promise.reject(new BookingError(code, 'refused', { path: 'slot_id' }))
const watch = (deps: TestEscalationDeps, code: ErrorCode, watched = HOLD, milliseconds?: number) =>
  watchWrite(deps, watched, callWithin(milliseconds), fails(code)).catch((error: unknown) => error as BookingError)

test('a write that succeeds is left alone', async () => {
  const deps = escalationDeps(new ScriptedEhr())
  expect(await watchWrite(deps, HOLD, callWithin(), () => Promise.resolve('held'))).toBe('held')
  expect(deps.counted).toEqual([])
})

test.for<ErrorCode>(['not_found', 'policy_refused', 'ehr_unavailable', 'contention', 'invalid_transition', 'idempotency_key_reused'])(
  '%s needs nobody, and comes through as it is',
  async (code) => {
    const deps = escalationDeps(new ScriptedEhr(), { keeps: true })
    const error = await watch(deps, code)
    expect(error).toMatchObject({ code, extras: { path: 'slot_id' } })
    expect(deps.counted).toEqual([])
  },
)

test('an unknown outcome comes through too: the worker settles it', async () => {
  const unknown = new OutcomeUnknown('rcpt-1')
  await expect(watchWrite(escalationDeps(new ScriptedEhr()), HOLD, callWithin(), () => Promise.reject(unknown))).rejects.toBe(unknown)
})

describe('a write that the EHR refuses', () => {
  test('is escalated, and the error says so', async () => {
    const ehr = new ScriptedEhr(...MAKES)
    const error = await watch(escalationDeps(ehr), 'ehr_rejected')
    expect(error).toMatchObject({ code: 'ehr_rejected', message: 'refused' })
    expect(error.extras).toMatchObject({ path: 'slot_id', escalationId: taskIn(ehr.sent[0]).identifier?.[0]?.value })
    expect(error.extras.spoken).toMatch(/^I could not enter that myself.*PST\.$/)
    expect(taskIn(ehr.sent[0])).toMatchObject({ code: { coding: [{ code: 'ehr_rejected' }] }, for: { reference: 'Patient/p' } })
    expect(taskIn(ehr.sent[0]).input?.[1]?.type.coding?.[0]?.code).toBe('hold_ehr_rejected')
  })

  test('is one matter a day for each thing it is about', async () => {
    const ehr = new ScriptedEhr(...MAKES, ...MAKES, ...MAKES)
    const deps = escalationDeps(ehr)
    for (const changes of [{}, { target: 'slot-2' }, { caller: { ...HOLD.caller, patient: 'Patient/q' } }])
      await watch(deps, 'ehr_rejected', { ...HOLD, ...changes })
    expect(new Set(ehr.sent.map((bundle) => taskIn(bundle).identifier?.[0]?.value)).size).toBe(3)
    const again = new ScriptedEhr(answers(stored(ehr.sent[0])))
    expect((await watch(escalationDeps(again), 'ehr_rejected')).extras.escalationId).toBe(taskIn(ehr.sent[0]).identifier?.[0]?.value)
    again.expectPlayed()
  })

  test('that staff have dealt with and that is refused again is a new matter', async () => {
    const first = new ScriptedEhr(...MAKES)
    const { extras: before } = await watch(escalationDeps(first), 'ehr_rejected')
    const { task, receipt } = stored(first.sent[0])
    const ehr = new ScriptedEhr(answers({ task: [{ ...task[0]!, status: 'completed' }], receipt }), ...MAKES)
    const { extras: after } = await watch(escalationDeps(ehr), 'ehr_rejected')
    ehr.expectPlayed()
    expect(after.escalationId).toBe(taskIn(ehr.sent[0]).identifier?.[0]?.value)
    expect(after.escalationId).not.toBe(before.escalationId)
  })

  test('is kept while the EHR is down, and then the patient hears that', async () => {
    const deps = escalationDeps(new ScriptedEhr(isDown()), { keeps: true })
    const { extras } = await watch(deps, 'ehr_rejected')
    expect(extras).toMatchObject({
      escalationId: expect.stringMatching(/^esc-/) as unknown,
      spoken: expect.stringMatching(/^I have noted/) as unknown,
    })
    expect(deps.kept).toHaveLength(1)
  })

  test('that nobody could be told of says nothing of an escalation', async () => {
    const error = await watch(escalationDeps(new ScriptedEhr(isDown())), 'ehr_rejected')
    expect(error.extras).toEqual({ path: 'slot_id' })
  })

  test('that took all of its time is escalated beside, and the answer does not wait', async () => {
    const ehr = new ScriptedEhr(...MAKES)
    const slow = { ...escalationDeps(ehr), ehr: { batch: ehr.batch.bind(ehr), commit: ehr.commit.bind(ehr) } }
    const batch = slow.ehr.batch
    slow.ehr.batch = async (queries) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      return batch(queries)
    }
    const started = performance.now()
    const error = await watch(slow, 'ehr_rejected', HOLD, 50)
    expect(performance.now() - started).toBeLessThan(400)
    expect(error.extras).toEqual({ path: 'slot_id' })
    await vi.waitFor(() => {
      expect(ehr.sent).toHaveLength(1)
    }, 3_000)
  })
})

describe('a time that is taken', () => {
  const lose = async (deps: TestEscalationDeps, times: number, watched = HOLD) => {
    const errors = []
    for (let index = 0; index < times; index++) errors.push(await watch(deps, 'slot_taken', watched))
    return errors.map((error) => error.extras.escalationId !== undefined)
  }

  test('is escalated the third time in a row, and found again the fourth', async () => {
    const first = new ScriptedEhr(...MAKES)
    const deps = escalationDeps(first)
    expect(await lose(deps, 3)).toEqual([false, false, true])
    expect(taskIn(first.sent[0])).toMatchObject({ code: { coding: [{ code: 'race_lost' }] }, for: { reference: 'Patient/p' } })
    const again = new ScriptedEhr(answers(stored(first.sent[0])))
    expect(await lose(escalationDeps(again, { counters: deps.counters }), 1)).toEqual([true])
  })

  test('counts over holding, booking and moving alike, whatever the time', async () => {
    const deps = escalationDeps(new ScriptedEhr(...MAKES))
    expect(await lose(deps, 1)).toEqual([false])
    expect(await lose(deps, 1, { ...HOLD, operation: 'book', target: 'slot-2' })).toEqual([false])
    expect(await lose(deps, 1, { ...HOLD, operation: 'reschedule', target: 'ap-1', appointmentId: 'ap-1' })).toEqual([true])
  })

  test('does not count any more after a success', async () => {
    const deps = escalationDeps(new ScriptedEhr(), { keeps: true })
    expect(await lose(deps, 2)).toEqual([false, false])
    await watchWrite(deps, HOLD, callWithin(), () => Promise.resolve('held'))
    expect(await lose(deps, 2)).toEqual([false, false])
  })

  test('counts for each patient and client apart, and for nobody without a patient', async () => {
    const deps = escalationDeps(new ScriptedEhr(), { keeps: true })
    await lose(deps, 2)
    expect(await lose(deps, 2, { ...HOLD, caller: { ...HOLD.caller, patient: 'Patient/q' } })).toEqual([false, false])
    expect(await lose(deps, 2, { ...HOLD, caller: { ...HOLD.caller, clientId: 'other' } })).toEqual([false, false])
    expect(await lose(deps, 9, { ...HOLD, caller: { clientId: 'chatbot', anyPatient: false } })).not.toContain(true)
  })

  test('is counted under a digest for a quarter of an hour', async () => {
    const add = vi.fn<Counters['add']>(() => Promise.resolve(1))
    await lose(escalationDeps(new ScriptedEhr(), { counters: { add, clear: () => Promise.resolve() } }), 1)
    expect(add.mock.calls).toEqual([[expect.stringMatching(/^races [0-9a-f]{64}$/), 900]])
  })
})

describe('an unknown identity', () => {
  const CLAIMS = { family_name: 'Muster', given_name: 'Ann', birth_date: '1980-01-02' }

  test('is escalated without anything that was said', async () => {
    const ehr = new ScriptedEhr(...MAKES)
    const escalated = await escalateUnverified(escalationDeps(ehr), CLAIMS, callWithin())
    expect(escalated).toMatchObject({ spoken: expect.stringMatching(/^I could not find you.*555-0100\.$/) as unknown })
    const text = JSON.stringify(ehr.sent)
    expect(text).toContain('identity_unverified')
    for (const claim of ['muster', 'ann"', '1980']) expect(text.toLowerCase()).not.toContain(claim)
    expect(taskIn(ehr.sent[0]).for).toBeUndefined()
  })

  test('again with the same details is the same Task, with others another one', async () => {
    const ehr = new ScriptedEhr(...MAKES, ...MAKES, ...MAKES)
    const deps = escalationDeps(ehr)
    const ids = []
    for (const claims of [CLAIMS, { ...CLAIMS, family_name: 'MUSTER' }, { ...CLAIMS, given_name: 'Lee' }])
      ids.push((await escalateUnverified(deps, claims, callWithin()))?.escalationId)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
  })

  test('again on another day is another Task: staff did not see the first one come back', async () => {
    const deps = escalationDeps(new ScriptedEhr(...MAKES, ...MAKES))
    vi.useFakeTimers({ toFake: ['Date'], now: NOW })
    try {
      const first = await escalateUnverified(deps, CLAIMS, callWithin())
      vi.setSystemTime(NOW + 24 * 60 * 60_000)
      expect((await escalateUnverified(deps, CLAIMS, callWithin()))?.escalationId).not.toBe(first?.escalationId)
    } finally {
      vi.useRealTimers()
    }
  })

  test('is not escalated any more for a client that tries very often', async () => {
    const counters: Counters = { add: () => Promise.resolve(21), clear: () => Promise.resolve() }
    const deps = escalationDeps(new ScriptedEhr(), { counters })
    expect(await escalateUnverified(deps, CLAIMS, callWithin())).toBeUndefined()
    expect(deps.counted).toEqual(['identity_unverified suppressed'])
  })
})

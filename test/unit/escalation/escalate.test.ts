import type { Patient } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import type { Caller } from '../../../src/booking/caller.ts'
import { BookingError, OutcomeUnknown } from '../../../src/booking/errors.ts'
import { escalate } from '../../../src/escalation/escalate.ts'
import type { EscalationRequest } from '../../../src/escalation/ports.ts'
import { escalationId } from '../../../src/fhir/ids.ts'
import { at, gatewayVisit, NOW } from '../helpers/day.ts'
import { COMMITTED, escalationDeps, eventIn, REQUEST, stored, taskIn } from '../helpers/escalations.ts'
import { answers, callWithin, commits, isDown, ScriptedEhr } from '../helpers/scripted-ehr.ts'

const CONFLICT = { kind: 'conflict' } as const
const UNKNOWN = { kind: 'unknown' } as const
const ID = escalationId('a key')
/** A well-formed id: 28 characters behind the prefix. */
const VISIT = `ap-${'0'.repeat(28)}`
const PATIENT: Patient = { resourceType: 'Patient', id: 'p' }
const run = (ehr: ScriptedEhr, changes: Partial<EscalationRequest> = {}, milliseconds?: number) =>
  escalate(escalationDeps(ehr), { ...REQUEST, ...changes }, callWithin(milliseconds))

/** What a first, undisturbed escalation left in the EHR. */
async function standing(changes: Partial<EscalationRequest> = {}) {
  const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
  await run(ehr, changes)
  return stored(ehr.sent[0])
}

describe('an escalation', () => {
  test('is one Task and one AuditEvent in one transaction, in two round trips', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
    const result = await run(ehr)
    ehr.expectPlayed()
    expect(result).toMatchObject({ escalationId: ID, open: true, replayed: false })
    const [receipt, task, ...more] = ehr.sent[0]?.entry ?? []
    expect(more).toEqual([])
    expect(receipt?.request).toMatchObject({ method: 'PUT', ifMatch: 'W/"0"' })
    expect(task?.request).toMatchObject({
      method: 'POST',
      url: 'Task',
      ifNoneExist: expect.stringContaining(encodeURIComponent(`|${ID}`)) as unknown,
    })
    expect(eventIn(ehr.sent[0])).toMatchObject({ subtype: [{ code: 'escalate' }], action: 'C', recorded: '2027-03-01T08:00:00.000Z' })
    expect(JSON.stringify(eventIn(ehr.sent[0]).entity)).toContain(ID)
  })

  test('says by the clock of the EHR and the office hours of the clinic when an answer is due', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
    const result = await run(ehr, { reason: 'race_lost' })
    expect(result.due).toBe(at('10:00'))
    expect(result.message).toMatch(/ by Monday, March 1 at 10:00 AM PST\.$/)
    expect(taskIn(ehr.sent[0])).toMatchObject({
      restriction: { period: { end: '2027-03-01T10:00:00-08:00' } },
      authoredOn: '2027-03-01T00:00:00-08:00',
    })
  })

  test('carries a phone into the sentence as it is written', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
    const clinic = { name: 'X', timeZone: 'America/Los_Angeles', phone: '$& 555' }
    const deps = escalationDeps(ehr, { mapping: { clinic } })
    expect((await escalate(deps, { ...REQUEST, reason: 'identity_unverified' }, callWithin())).message).toContain('call $& 555.')
  })

  test('is counted by reason, the first one and the repetition apart', async () => {
    const found = await standing()
    const deps = escalationDeps(new ScriptedEhr(answers(), commits(COMMITTED), answers(found)))
    await escalate(deps, REQUEST, callWithin())
    await escalate(deps, REQUEST, callWithin())
    expect(deps.counted).toEqual(['other created', 'other repeated'])
  })
})

describe('the same key', () => {
  test('finds the first Task again, and writes nothing', async () => {
    const ehr = new ScriptedEhr(answers(await standing()))
    expect(await run(ehr)).toMatchObject({ escalationId: ID, due: at('17:00'), open: true, replayed: true })
    ehr.expectPlayed()
  })

  test('at the same time in one process waits for the first one, and finds what it made', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED), answers(await standing()), answers(await standing()))
    const deps = escalationDeps(ehr)
    const results = await Promise.all([1, 2, 3].map(() => escalate(deps, REQUEST, callWithin())))
    expect(results.map((result) => result.replayed)).toEqual([false, true, true])
    ehr.expectPlayed()
  })

  test('in a lost race finds what the winner made', async () => {
    const ehr = new ScriptedEhr(answers(), commits(CONFLICT), answers(await standing()))
    expect(await run(ehr)).toMatchObject({ replayed: true })
  })

  test('answers with a Task that was closed, and says so', async () => {
    const { task, receipt } = await standing()
    const ehr = new ScriptedEhr(answers({ task: [{ ...task[0]!, status: 'completed' }], receipt }))
    expect(await run(ehr)).toMatchObject({
      open: false,
      replayed: true,
      message: expect.stringMatching(/already dealt.*555-0100/) as unknown,
    })
  })

  test.for(['task', 'receipt'] as const)('is enough with the %s alone', async (left) => {
    const found = await standing()
    const result = await run(new ScriptedEhr(answers({ [left]: found[left] })))
    // Where staff have removed the Task, the receipt says when it was made.
    expect(result).toMatchObject({ due: at('17:00'), open: left === 'task', replayed: true })
  })

  test('of a caller with another request is refused; of the gateway itself it is the same trigger', async () => {
    const found = await standing()
    const caller: Caller = { clientId: 'chatbot', anyPatient: false }
    await expect(run(new ScriptedEhr(answers(found)), { reason: 'race_lost', caller })).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    })
    expect(await run(new ScriptedEhr(answers(found)), { patient: 'Patient/p' })).toMatchObject({ replayed: true })
  })
})

describe('after an unknown outcome', () => {
  test('it is looked up, and what stands is no repetition', async () => {
    const ehr = new ScriptedEhr(answers(), commits(UNKNOWN), answers(await standing()))
    expect(await run(ehr)).toMatchObject({ replayed: false })
    ehr.expectPlayed()
  })

  test('it is sent again under the same receipt', async () => {
    const ehr = new ScriptedEhr(answers(), commits(UNKNOWN), answers(), commits(COMMITTED))
    await run(ehr)
    expect(ehr.sent.map((bundle) => eventIn(bundle).id)).toEqual([eventIn(ehr.sent[0]).id, eventIn(ehr.sent[0]).id])
  })

  test.for<readonly [string, readonly ReturnType<typeof answers>[]]>([
    ['the EHR does not answer', [isDown()]],
    ['it does not take the second send', [answers(), commits({ kind: 'unavailable', retryAfterSeconds: 1 })]],
    ['it rejects the second send', [answers(), commits({ kind: 'rejected' })]],
  ])('no failure is reported when %s', async ([, steps]) => {
    await expect(run(new ScriptedEhr(answers(), commits(UNKNOWN), ...steps))).rejects.toBeInstanceOf(OutcomeUnknown)
  })

  test('nor when the time is up', async () => {
    await expect(run(new ScriptedEhr(answers(), commits(UNKNOWN)), {}, 20)).rejects.toBeInstanceOf(OutcomeUnknown)
  })
})

describe('an EHR that does not take it', () => {
  test.for<readonly [string, readonly ReturnType<typeof answers>[], string]>([
    ['is down', [isDown()], 'ehr_unavailable'],
    ['is down for writes', [answers(), commits({ kind: 'unavailable', retryAfterSeconds: 1 })], 'ehr_unavailable'],
    ['refuses the Task', [answers(), commits({ kind: 'rejected' })], 'ehr_rejected'],
    [
      'always lets others win, and shows none of them',
      Array.from({ length: 5 }, () => [answers(), commits(CONFLICT)]).flat(),
      'contention',
    ],
  ])('because it %s', async ([, steps, code]) => {
    const ehr = new ScriptedEhr(...steps)
    await expect(run(ehr)).rejects.toMatchObject({ code })
    ehr.expectPlayed()
  })

  test('because it was not found fit for writing is not written to', async () => {
    const ehr = new ScriptedEhr()
    const closed = () => {
      throw new BookingError('ehr_unavailable', 'not yet')
    }
    await expect(escalate({ ...escalationDeps(ehr), writes: { assertOpen: closed } }, REQUEST, callWithin())).rejects.toMatchObject({
      code: 'ehr_unavailable',
    })
    expect(ehr.roundTrips).toBe(0)
  })
})

describe('the visit it is about', () => {
  const visit = gatewayVisit(VISIT, { patient: 'Patient/p' })
  const caller = (changes: Partial<Caller> = {}): Caller => ({ clientId: 'chatbot', anyPatient: false, patient: 'Patient/p', ...changes })
  const about = (found: Parameters<typeof answers>[0], changes: Partial<EscalationRequest>) => {
    const ehr = new ScriptedEhr(answers(found), commits(COMMITTED))
    return { ehr, result: run(ehr, { appointmentId: VISIT, ...changes }) }
  }

  test('is found by the id, and its patient with it', async () => {
    const { ehr, result } = about({ appointment: [visit] }, {})
    await result
    expect(taskIn(ehr.sent[0])).toMatchObject({
      focus: { reference: `Appointment/${visit.id ?? ''}`, identifier: { value: VISIT } },
      for: { reference: 'Patient/p' },
    })
    expect(JSON.stringify(eventIn(ehr.sent[0]))).toContain(`Appointment/${visit.id ?? ''}`)
  })

  test('that the gateway meant to make and did not is named by its id', async () => {
    const { ehr, result } = about({}, { patient: 'Patient/p' })
    await result
    const task = taskIn(ehr.sent[0])
    expect(task.focus).toMatchObject({ identifier: { value: VISIT } })
    expect(task.focus?.reference).toBeUndefined()
    expect(task.for).toEqual({ reference: 'Patient/p' })
  })

  test('under an id that is none is left out of the search', async () => {
    const { ehr, result } = about({}, { appointmentId: 'made up' })
    await result
    expect(ehr.batches[0]).not.toHaveProperty('appointment')
  })

  test.for<readonly [string, Caller, NonNullable<Parameters<typeof answers>[0]>]>([
    ['another patient', caller({ patient: 'Patient/q' }), { appointment: [visit] }],
    ['nobody in particular', { clientId: 'chatbot', anyPatient: false }, { appointment: [visit] }],
    ['another client, about a hold without patient', { clientId: 'other', anyPatient: false }, { appointment: [gatewayVisit(VISIT)] }],
    ['a patient whose visit is gone', caller(), {}],
  ])('is not there for %s', async ([, who, found]) => {
    const { ehr, result } = about(found, { caller: who, ...(who.patient !== undefined && { patient: who.patient }) })
    await expect(result).rejects.toMatchObject({ code: 'not_found' })
    expect(ehr.sent).toEqual([])
  })

  test('under an id that is none is not there for a caller either', async () => {
    const { result } = about({}, { appointmentId: 'made up', caller: caller() })
    await expect(result).rejects.toMatchObject({ code: 'not_found' })
  })

  test('is there for its patient, and for a client that may act for anybody', async () => {
    for (const who of [caller(), caller({ anyPatient: true })]) {
      const { result } = about({ appointment: [visit], namedPatient: [PATIENT] }, { caller: who, patient: 'Patient/p' })
      expect(await result).toMatchObject({ replayed: false })
    }
  })

  test('for a patient whom the client invented, nothing is written', async () => {
    const ehr = new ScriptedEhr(answers())
    const invented = run(ehr, { patient: 'Patient/p', caller: caller({ anyPatient: true }) })
    await expect(invented).rejects.toMatchObject({ code: 'invalid_request', extras: { path: 'patient' } })
    ehr.expectPlayed()
  })
})

test('a reason that the mapping does not have is refused with the list', async () => {
  const refused = run(new ScriptedEhr(), { reason: 'boredom' })
  await expect(refused).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('race_lost') as unknown })
})

test('now is the moment the EHR answered', async () => {
  const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
  await run(ehr)
  expect(taskIn(ehr.sent[0]).input?.map((one) => one.valueInstant)).toEqual([undefined, '2027-02-28T23:59:00-08:00'])
  expect(Date.parse(taskIn(ehr.sent[0]).authoredOn ?? '')).toBe(NOW)
})

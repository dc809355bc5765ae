import { describe, expect, test } from 'vitest'
import type { Caller } from '../../../src/booking/caller.ts'
import { deliverKept, escalateForCaller, escalateOrKeep } from '../../../src/escalation/escalate-or-keep.ts'
import { escalationId } from '../../../src/fhir/ids.ts'
import { gatewayVisit } from '../helpers/day.ts'
import { COMMITTED, escalationDeps, REQUEST, taskIn } from '../helpers/escalations.ts'
import { answers, callWithin, commits, isDown, ScriptedEhr } from '../helpers/scripted-ehr.ts'

const VISIT = `ap-${'0'.repeat(28)}`
const STRANGER: Caller = { clientId: 'chatbot', anyPatient: false, patient: 'Patient/q' }
const FOREIGN = { ...REQUEST, appointmentId: VISIT, patient: 'Patient/q', caller: STRANGER }
const theirs = () => answers({ appointment: [gatewayVisit(VISIT, { patient: 'Patient/p' })] })

/** Ways in which the EHR does not take it, after which another attempt may succeed. */
const PASSING: readonly (readonly [string, readonly ReturnType<typeof answers>[]])[] = [
  ['is down', [isDown()]],
  ['is down for writes', [answers(), commits({ kind: 'unavailable', retryAfterSeconds: 1 })]],
  ['does not tell the outcome', [answers(), commits({ kind: 'unknown' }), isDown()]],
]

describe('what the gateway itself escalates', () => {
  test('stands where the EHR takes it', async () => {
    const deps = escalationDeps(new ScriptedEhr(answers(), commits(COMMITTED)), { keeps: true })
    expect(await escalateOrKeep(deps, REQUEST, callWithin())).toMatchObject({ kind: 'stands', escalation: { replayed: false } })
    expect([deps.kept, deps.counted]).toEqual([[], ['other created']])
  })

  test.for([...PASSING, ['refuses the Task', [answers(), commits({ kind: 'rejected' })]] as const])(
    'is kept when the EHR %s, and lost when the backlog cannot; it never throws',
    async ([, steps]) => {
      const keeping = escalationDeps(new ScriptedEhr(...steps), { keeps: true })
      expect(await escalateOrKeep(keeping, REQUEST, callWithin())).toMatchObject({ kind: 'kept', escalationId: escalationId('a key') })
      expect([keeping.kept, keeping.counted]).toEqual([[REQUEST], ['other kept']])
      const losing = escalationDeps(new ScriptedEhr(...steps))
      expect(await escalateOrKeep(losing, REQUEST, callWithin())).toMatchObject({ kind: 'lost' })
      expect(losing.counted).toEqual(['other lost'])
    },
  )

  test('is lost, and nothing is thrown, when even the backlog throws', async () => {
    const deps = escalationDeps(new ScriptedEhr(isDown()))
    const broken = { ...deps, backlog: { keep: () => Promise.reject(new Error('broken')) } }
    expect(await escalateOrKeep(broken, REQUEST, callWithin())).toMatchObject({ kind: 'lost' })
  })
})

describe('what a caller escalates', () => {
  test.for(PASSING)('is kept when the EHR %s', async ([, steps]) => {
    const deps = escalationDeps(new ScriptedEhr(...steps), { keeps: true })
    const placed = await escalateForCaller(deps, REQUEST, callWithin())
    expect(placed).toMatchObject({ kind: 'kept', message: expect.stringMatching(/^I have noted that, .* 555-0100\.$/) as unknown })
    expect(deps.kept).toEqual([REQUEST])
  })

  test.for(PASSING)('is never said to be kept when it is not, and the EHR %s', async ([, steps]) => {
    const placed = await escalateForCaller(escalationDeps(new ScriptedEhr(...steps)), REQUEST, callWithin())
    expect(placed).toMatchObject({ kind: 'lost', message: expect.stringMatching(/cannot reach the staff.* 555-0100\.$/) as unknown })
  })

  test.for<readonly [string, readonly ReturnType<typeof answers>[], typeof REQUEST, string]>([
    ['somebody else’s visit', [theirs()], FOREIGN, 'not_found'],
    ['an unknown reason', [], { ...REQUEST, reason: 'boredom' }, 'invalid_request'],
    ['a Task that the EHR refuses', [answers(), commits({ kind: 'rejected' })], REQUEST, 'ehr_rejected'],
  ])('is refused, not kept, for %s', async ([, steps, request, code]) => {
    const deps = escalationDeps(new ScriptedEhr(...steps), { keeps: true })
    await expect(escalateForCaller(deps, request, callWithin())).rejects.toMatchObject({ code })
    expect([deps.kept, deps.counted]).toEqual([[], []])
  })
})

describe('what was kept', () => {
  test('is delivered as it was asked for', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
    expect(await deliverKept(escalationDeps(ehr), REQUEST, callWithin())).toMatchObject({ escalationId: escalationId('a key') })
    ehr.expectPlayed()
  })

  test('about somebody else’s visit was promised too: it stands without the visit, for the verified patient', async () => {
    const ehr = new ScriptedEhr(theirs(), answers(), commits(COMMITTED))
    await deliverKept(escalationDeps(ehr), FOREIGN, callWithin())
    const task = taskIn(ehr.sent[0])
    expect(task.focus).toBeUndefined()
    expect(task.for).toEqual({ reference: 'Patient/q' })
    expect(JSON.stringify(task)).not.toContain('Patient/p')
    expect(task.input?.at(-1)?.type.coding?.[0]?.code).toBe('subject_not_found')
  })

  test('for a patient who does not exist stands for nobody', async () => {
    const ehr = new ScriptedEhr(answers(), answers(), commits(COMMITTED))
    const invented = { ...REQUEST, patient: 'Patient/q', caller: { ...STRANGER, anyPatient: true } }
    await deliverKept(escalationDeps(ehr), invented, callWithin())
    expect(taskIn(ehr.sent[0]).for).toBeUndefined()
  })

  test('for a reason that the mapping has lost since stands for another', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
    await deliverKept(escalationDeps(ehr), { ...REQUEST, reason: 'gone' }, callWithin())
    expect(taskIn(ehr.sent[0]).code?.coding?.[0]?.code).toBe('other')
  })

  test.for(PASSING)('throws while the EHR %s, so that it is delivered again', async ([, steps]) => {
    await expect(deliverKept(escalationDeps(new ScriptedEhr(...steps), { keeps: true }), REQUEST, callWithin())).rejects.toThrow()
  })
})

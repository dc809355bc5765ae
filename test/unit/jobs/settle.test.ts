import { describe, expect, test } from 'vitest'
import { settleJob } from '../../../src/jobs/settle.ts'
import { answers, depsWith, isDown, ScriptedEhr } from '../helpers/scripted-ehr.ts'
import { fenceEvent, receipt } from '../helpers/write-requests.ts'

const RUN = { signal: new AbortController().signal, attempt: 1 }
const HOUR = 60 * 60_000

/** Runs the job on an EHR that plays a script, for a write that was sent so long ago. */
async function settle(ehr: ScriptedEhr, agoMs = 0, takesTask = true) {
  const escalated: unknown[] = []
  const job = settleJob(depsWith(ehr), (...what) => {
    escalated.push(what)
    return Promise.resolve(takesTask)
  })
  const outcome = await job({ receipt_id: 'rcpt-1', client_id: 'chatbot', since: Date.now() - agoMs }, RUN)
  ehr.expectPlayed()
  return { outcome, escalated }
}

describe('settling a write of unknown outcome', () => {
  test('ends when its receipt stands', async () => {
    expect(await settle(new ScriptedEhr(answers({ receipt: [receipt()] })))).toEqual({ outcome: { kind: 'done' }, escalated: [] })
  })

  test('ends when it was fenced off', async () => {
    expect(await settle(new ScriptedEhr(answers({ receipt: [fenceEvent()] })))).toEqual({ outcome: { kind: 'done' }, escalated: [] })
  })

  test('ends when a person has it', async () => {
    const task = { resourceType: 'Task', id: 't', status: 'requested', intent: 'order' } as const
    expect(await settle(new ScriptedEhr(answers({ task: [task] })))).toEqual({ outcome: { kind: 'done' }, escalated: [] })
  })

  test('looks again while the EHR does not answer', async () => {
    const { outcome, escalated } = await settle(new ScriptedEhr(isDown()))
    expect(outcome).toMatchObject({ kind: 'later' })
    expect(escalated).toEqual([])
  })

  test('becomes the matter of a person after the limit of the clinic', async () => {
    const { outcome, escalated } = await settle(new ScriptedEhr(isDown()), 2 * HOUR)
    expect(outcome).toEqual({ kind: 'done' })
    expect(escalated).toEqual([['outcome_unknown', { receiptId: 'rcpt-1', clientId: 'chatbot' }, ['outcome_unknown', 'time_limit']]])
  })

  test('goes on where not even the Task can be kept', async () => {
    const { outcome } = await settle(new ScriptedEhr(isDown()), 2 * HOUR, false)
    expect(outcome).toMatchObject({ kind: 'later' })
  })
})

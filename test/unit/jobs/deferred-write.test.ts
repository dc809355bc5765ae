import { describe, expect, test } from 'vitest'
import type { DeferredWrite } from '../../../src/booking/deferred-write.ts'
import { receiptIdOf } from '../../../src/booking/deferred-write.ts'
import { Sealer } from '../../../src/crypto/sealer.ts'
import { deferredWriteJob } from '../../../src/jobs/deferred-write.ts'
import { answers, commits, depsWith, isDown, ScriptedEhr } from '../helpers/scripted-ehr.ts'
import { gatewayVisit } from '../helpers/day.ts'
import { CONFLICT } from '../helpers/write-requests.ts'

const RUN = { signal: new AbortController().signal, attempt: 1 }
const HOUR = 60 * 60_000
const SEALER = new Sealer(['a secret of the tests, long enough'])
const ID = 'ap-0123456789abcdef0123456789ab'
const caller = { clientId: 'chatbot', patient: 'Patient/nora', anyPatient: false }
const FENCED = { kind: 'committed', versions: new Map() } as const

/** Runs the job of a cancellation that was accepted so long ago. */
async function make(ehr: ScriptedEhr, agoMs = 0) {
  const write: DeferredWrite = { change: 'cancel', caller, appointmentId: ID, key: 'k', since: Date.now() - agoMs }
  const escalated: unknown[] = []
  const job = deferredWriteJob(depsWith(ehr), SEALER, (reason, operation, trail) => {
    escalated.push([reason, operation, trail])
    return Promise.resolve(true)
  })
  const outcome = await job({ sealed: await SEALER.seal(write), receipt_id: receiptIdOf(write) }, RUN)
  ehr.expectPlayed()
  return { outcome, escalated, receipt: receiptIdOf(write) }
}

const visit = (changes = {}) => ({ ...gatewayVisit(ID), ...changes })
const own = (changes = {}) => visit({ participant: [{ actor: { reference: 'Patient/nora' }, status: 'accepted' }], ...changes })

describe('a change that was accepted while the EHR was down', () => {
  test('waits as long as the EHR is away', async () => {
    const { outcome, escalated } = await make(new ScriptedEhr(isDown()))
    expect(outcome).toMatchObject({ kind: 'later' })
    expect(escalated).toEqual([])
  })

  test('goes to a person when that takes too long', async () => {
    const { outcome, escalated, receipt } = await make(new ScriptedEhr(isDown()), 2 * HOUR)
    expect(outcome).toEqual({ kind: 'done' })
    const operation = { receiptId: receipt, clientId: 'chatbot', appointmentId: ID, patient: 'Patient/nora' }
    expect(escalated).toEqual([['deferred_refused', operation, ['accepted', 'time_limit']]])
  })

  test('that was overtaken is fenced off before a person is told', async () => {
    const changed = own({ meta: { versionId: '3', lastUpdated: new Date().toISOString() } })
    const ehr = new ScriptedEhr(answers({ appointment: [changed] }), answers(), commits(FENCED))
    const { outcome, escalated } = await make(ehr, 10 * 60_000)
    expect(outcome).toEqual({ kind: 'done' })
    expect(escalated).toMatchObject([['deferred_refused', { appointmentId: ID }, ['accepted', 'version_mismatch']]])
  })

  test('that cannot be fenced off comes again', async () => {
    const changed = own({ meta: { versionId: '3', lastUpdated: new Date().toISOString() } })
    const ehr = new ScriptedEhr(answers({ appointment: [changed] }), answers(), commits(CONFLICT), isDown())
    expect(await make(ehr, 10 * 60_000)).toMatchObject({ outcome: { kind: 'later' }, escalated: [] })
  })

  test("of another patient's visit is nothing for staff", async () => {
    const foreign = visit({ participant: [{ actor: { reference: 'Patient/other' }, status: 'accepted' }] })
    const ehr = new ScriptedEhr(answers({ appointment: [foreign] }), answers(), commits(FENCED))
    expect(await make(ehr)).toMatchObject({ outcome: { kind: 'done' }, escalated: [] })
  })
})

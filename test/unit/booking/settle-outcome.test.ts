import { describe, expect, test } from 'vitest'
import { settleOutcome } from '../../../src/booking/settle-outcome.ts'
import type { CommitOutcome } from '../../../src/booking/ports.ts'
import { NOW } from '../helpers/day.ts'
import { answers, callWithin, commits, depsWith, ScriptedEhr } from '../helpers/scripted-ehr.ts'
import { CONFLICT, fenceEvent, idOf, receipt, UNKNOWN } from '../helpers/write-requests.ts'

const ID = idOf('key k')
const FENCED: CommitOutcome = { kind: 'committed', versions: new Map() }
const settle = (ehr: ScriptedEhr, age = 60_000) => settleOutcome(depsWith(ehr), { receiptId: ID, since: NOW - age }, callWithin())

describe('an operation', () => {
  test.for<readonly [rule: string, ehr: ScriptedEhr, age: number, state: object]>([
    [
      'whose receipt stands has succeeded',
      new ScriptedEhr(answers({ receipt: [receipt()] })),
      0,
      { state: 'succeeded', appointmentId: 'ap-1' },
    ],
    ['that was fenced off has failed', new ScriptedEhr(answers({ receipt: [fenceEvent()] })), 0, { state: 'failed' }],
    ['without a receipt is pending while its send may be under way', new ScriptedEhr(answers()), 29_999, { state: 'pending' }],
    [
      'without a receipt is fenced off after the grace time, and then has failed for good',
      new ScriptedEhr(answers(), commits(FENCED)),
      30_000,
      { state: 'failed' },
    ],
    [
      'that lands before the fence has succeeded',
      new ScriptedEhr(answers(), commits(CONFLICT), answers({ receipt: [receipt()] })),
      60_000,
      { state: 'succeeded', appointmentId: 'ap-1' },
    ],
    [
      'that another process fenced off has failed',
      new ScriptedEhr(answers(), commits(CONFLICT), answers({ receipt: [fenceEvent()] })),
      60_000,
      { state: 'failed' },
    ],
    ['whose fence is unknown too is pending', new ScriptedEhr(answers(), commits(UNKNOWN), answers()), 60_000, { state: 'pending' }],
  ])('%s', async ([, ehr, age, state]) => {
    expect(await settle(ehr, age)).toEqual(state)
    ehr.expectPlayed()
  })

  test('is fenced off under the id of its receipt, create-only', async () => {
    const ehr = new ScriptedEhr(answers(), commits(FENCED))
    await settle(ehr)
    expect(ehr.sent[0]?.entry?.map((entry) => entry.request)).toEqual([{ method: 'PUT', url: `AuditEvent/${ID}`, ifMatch: 'W/"0"' }])
  })
})

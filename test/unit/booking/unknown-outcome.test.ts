import { describe, expect, test } from 'vitest'
import { BookingError, OutcomeUnknown, type ErrorCode } from '../../../src/booking/errors.ts'
import type { WriteRequest } from '../../../src/booking/perform-write.ts'
import { answers, commits, isDown, ScriptedEhr } from '../helpers/scripted-ehr.ts'
import { COMMIT, COMMITTED, CONFLICT, fenceEvent, idOf, perform, receipt, STORED, UNKNOWN } from '../helpers/write-requests.ts'

/** A first send of which nobody knows what became. */
const LOST = [answers(), commits(UNKNOWN)] as const
const refuse =
  (code: ErrorCode = 'slot_taken'): WriteRequest['plan'] =>
  () => {
    throw new BookingError(code, 'refused')
  }
const isFence = (ehr: ScriptedEhr) => {
  const [entry, ...more] = ehr.sent.at(-1)?.entry ?? []
  return more.length === 0 && entry?.request?.ifMatch === 'W/"0"' && entry.request.url === `AuditEvent/${idOf('key k')}`
}

describe('after an unknown outcome', () => {
  test('the receipt is looked for: where it stands, the write took effect, and it is no replay', async () => {
    const ehr = new ScriptedEhr(...LOST, answers({ receipt: [receipt()] }), answers({ appointment: [STORED] }))
    expect(await perform(ehr)).toMatchObject({ appointment: STORED, replayed: false })
    ehr.expectPlayed()
  })

  test('also of a request without a key, which is named by then', async () => {
    const ehr = new ScriptedEhr(...LOST, answers({ receipt: [receipt()] }), answers({ appointment: [STORED] }))
    expect(await perform(ehr, COMMIT, { key: undefined })).toMatchObject({ replayed: false })
    expect(ehr.batches[1]?.['receipt']).toEqual({ kind: 'read', type: 'AuditEvent', id: idOf('auto derived') })
  })

  test('where it does not stand, the same is sent again under the same receipt: only one of the two can take effect', async () => {
    const ehr = new ScriptedEhr(...LOST, answers(), commits(COMMITTED))
    expect(await perform(ehr)).toMatchObject({ replayed: false })
    expect(ehr.sent.map((bundle) => bundle.entry?.[0]?.request)).toEqual(
      Array.from({ length: 2 }, () => ({ method: 'PUT', url: `AuditEvent/${idOf('key k')}`, ifMatch: 'W/"0"' })),
    )
  })

  test('a second send that meets the first one is settled by the receipt', async () => {
    const ehr = new ScriptedEhr(
      ...LOST,
      answers(),
      commits(CONFLICT),
      answers({ receipt: [receipt()] }),
      answers({ appointment: [STORED] }),
    )
    expect(await perform(ehr)).toMatchObject({ replayed: false })
    ehr.expectPlayed()
  })

  test('a receipt that somebody fenced off meanwhile means that it never took effect: it is made anew', async () => {
    const ehr = new ScriptedEhr(...LOST, answers({ receipt: [fenceEvent()] }), answers(), commits(COMMITTED))
    expect(await perform(ehr)).toMatchObject({ replayed: false })
    expect(ehr.sent[1]?.entry?.[0]?.resource?.id).toBe(idOf('key k again 1'))
  })
})

describe('a failure after an unknown outcome is never reported as one', () => {
  test.for<readonly [what: string, steps: readonly Parameters<typeof answers>[] | readonly ReturnType<typeof answers>[]]>([
    ['the EHR does not answer', [isDown()]],
    ['the EHR is unavailable for the second send', [answers(), commits({ kind: 'unavailable', retryAfterSeconds: 1 })]],
    ['the EHR rejects the second send', [answers(), commits({ kind: 'rejected' })]],
    ['the second send is unknown too, and then the EHR does not answer', [answers(), commits(UNKNOWN), isDown()]],
    ['it stands, but the visit cannot be read', [answers({ receipt: [receipt()] }), isDown()]],
  ])('when %s, the outcome is unknown', async ([, steps]) => {
    const ehr = new ScriptedEhr(...LOST, ...(steps as ReturnType<typeof answers>[]))
    const error = await perform(ehr).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(OutcomeUnknown)
    expect((error as OutcomeUnknown).receiptId).toBe(idOf('key k'))
    ehr.expectPlayed()
  })

  test('when every later send loses, the outcome is unknown, not contention', async () => {
    const ehr = new ScriptedEhr(...LOST, ...Array.from({ length: 4 }, () => [answers(), commits(CONFLICT)]).flat())
    await expect(perform(ehr)).rejects.toBeInstanceOf(OutcomeUnknown)
    ehr.expectPlayed()
  })

  test('when the time is up, the outcome is unknown', async () => {
    await expect(perform(new ScriptedEhr(...LOST), COMMIT, { milliseconds: 20 })).rejects.toBeInstanceOf(OutcomeUnknown)
  })
})

describe('a refusal after an unknown outcome', () => {
  test('is true once the send is fenced off', async () => {
    const ehr = new ScriptedEhr(...LOST, answers(), commits({ kind: 'committed', versions: new Map() }))
    await expect(perform(ehr, [COMMIT, refuse()])).rejects.toMatchObject({ code: 'slot_taken' })
    expect(isFence(ehr)).toBe(true)
    ehr.expectPlayed()
  })

  test('turns into success where the send has landed before the fence', async () => {
    const ehr = new ScriptedEhr(
      ...LOST,
      answers(),
      commits(CONFLICT),
      answers({ receipt: [receipt()] }),
      answers({ appointment: [STORED] }),
    )
    expect(await perform(ehr, [COMMIT, refuse()])).toMatchObject({ appointment: STORED, replayed: false })
    expect(isFence(ehr)).toBe(true)
    ehr.expectPlayed()
  })

  test.for<readonly [what: string, steps: readonly ReturnType<typeof answers>[]]>([
    ['nobody knows what became of the fence', [commits(UNKNOWN), answers()]],
    ['the EHR does not take the fence', [commits({ kind: 'unavailable', retryAfterSeconds: 1 }), answers()]],
    ['the fence lost, but nothing stands there', [commits(CONFLICT), answers()]],
    ['the fence lost, and the EHR does not answer', [commits(CONFLICT), isDown()]],
  ])('is unknown when %s', async ([, steps]) => {
    const ehr = new ScriptedEhr(...LOST, answers(), ...steps)
    await expect(perform(ehr, [COMMIT, refuse()])).rejects.toBeInstanceOf(OutcomeUnknown)
    ehr.expectPlayed()
  })

  test('that the key belongs to another request is true: then its own send is shut out', async () => {
    const other = receipt('another digest')
    const ehr = new ScriptedEhr(...LOST, answers({ receipt: [other] }), commits(CONFLICT), answers({ receipt: [other] }))
    await expect(perform(ehr)).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  })

  test('never says that nothing was written when the receipt stands and only the visit cannot be read', async () => {
    const ehr = new ScriptedEhr(...LOST, answers(), commits(CONFLICT), answers({ receipt: [receipt()] }), isDown())
    await expect(perform(ehr, [COMMIT, refuse()])).rejects.toBeInstanceOf(OutcomeUnknown)
    ehr.expectPlayed()
  })

  test('is true where somebody else has fenced the send off already', async () => {
    const ehr = new ScriptedEhr(...LOST, answers(), commits(CONFLICT), answers({ receipt: [fenceEvent()] }))
    await expect(perform(ehr, [COMMIT, refuse()])).rejects.toMatchObject({ code: 'slot_taken' })
    ehr.expectPlayed()
  })
})

describe('an EHR that does not say what became of a send, and asks to be left alone', () => {
  const asking = (retryAfterSeconds: number) => commits({ kind: 'unknown', retryAfterSeconds })

  test('for longer than there is time: nothing is sent again, and the caller hears when to ask', async () => {
    const ehr = new ScriptedEhr(answers(), asking(20))
    const error = await perform(ehr).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(OutcomeUnknown)
    expect((error as OutcomeUnknown).retryAfterSeconds).toBe(20)
    ehr.expectPlayed()
  })

  test('for a moment: it gets that, and then the next round', async () => {
    const ehr = new ScriptedEhr(answers(), asking(0.2), answers(), commits(COMMITTED))
    const began = performance.now()
    expect(await perform(ehr)).toMatchObject({ replayed: false })
    expect(performance.now() - began).toBeGreaterThan(190)
    ehr.expectPlayed()
  })

  test('without a word about time the caller is told none', async () => {
    const error = await perform(new ScriptedEhr(...LOST, isDown())).catch((reason: unknown) => reason)
    expect((error as OutcomeUnknown).retryAfterSeconds).toBeUndefined()
  })
})

test('a fault in the gateway itself stays one', async () => {
  const broken: WriteRequest['plan'] = () => {
    throw new TypeError('a fault')
  }
  await expect(perform(new ScriptedEhr(...LOST, answers()), [COMMIT, broken])).rejects.toBeInstanceOf(TypeError)
})

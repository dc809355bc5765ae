import type { AuditEvent } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import { BookingError, type ErrorCode } from '../../../src/booking/errors.ts'
import type { WriteRequest } from '../../../src/booking/perform-write.ts'
import { readReceipt } from '../../../src/fhir/audit-event.ts'
import { at, slot } from '../helpers/day.ts'
import { answers, commits, depsWith, isDown, ScriptedEhr } from '../helpers/scripted-ehr.ts'
import { COMMIT, COMMITTED, CONFLICT, fenceEvent, FRESH, idOf, perform, receipt, STORED } from '../helpers/write-requests.ts'

const REFUSE: WriteRequest['plan'] = () => {
  throw new BookingError('slot_taken', 'taken')
}
const receiptsIn = (ehr: ScriptedEhr) => ehr.sent.map((bundle) => bundle.entry?.[0]?.resource?.id)

describe('when nothing goes wrong', () => {
  test('a write is one batch and one transaction, and answers with the version it made', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
    expect(await perform(ehr)).toMatchObject({ replayed: false, appointment: { ...FRESH, id: 'a1', meta: { versionId: '1' } } })
    ehr.expectPlayed()
    expect(ehr.roundTrips).toBe(2)
  })

  test('its transaction carries the receipt of this client, operation, key and digest', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
    await perform(ehr)
    const event = ehr.sent[0]?.entry?.[0]?.resource as AuditEvent
    expect(event.id).toBe(idOf('key k'))
    expect(readReceipt(event)).toEqual({
      appointmentId: 'ap-1',
      requestDigest: 'digest',
      clientId: 'chatbot',
      version: '1',
      codes: ['book'],
    })
  })

  test('a request with a key looks for its receipt in the same batch', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
    await perform(ehr)
    expect(ehr.batches[0]?.['receipt']).toEqual({ kind: 'read', type: 'AuditEvent', id: idOf('key k') })
  })

  test('a request without a key is named by its plan', async () => {
    const ehr = new ScriptedEhr(answers(), commits(COMMITTED))
    await perform(ehr, COMMIT, { key: undefined })
    expect(Object.keys(ehr.batches[0]!)).toEqual(['slots'])
    expect(receiptsIn(ehr)).toEqual([idOf('auto derived')])
  })

  test('a key of a caller is never taken for a derived one', () => {
    expect(idOf('key derived')).not.toBe(idOf('auto derived'))
  })
})

describe('a repeated request', () => {
  test('answers with the visit as it stands now, and writes nothing', async () => {
    const ehr = new ScriptedEhr(answers({ receipt: [receipt()] }), answers({ appointment: [STORED] }))
    expect(await perform(ehr)).toMatchObject({ appointment: STORED, replayed: true })
    ehr.expectPlayed()
    expect(ehr.sent).toEqual([])
  })

  test('answers so although it would be refused today', async () => {
    const ehr = new ScriptedEhr(answers({ receipt: [receipt()] }), answers({ appointment: [STORED] }))
    expect(await perform(ehr, [REFUSE])).toMatchObject({ replayed: true })
  })

  test('with another body under the same key is refused', async () => {
    const ehr = new ScriptedEhr(answers({ receipt: [receipt('another digest')] }))
    await expect(perform(ehr)).rejects.toMatchObject({ code: 'idempotency_key_reused', extras: { path: 'idempotency_key' } })
    expect(ehr.sent).toEqual([])
  })

  test('whose visit was removed from the EHR is not found', async () => {
    const ehr = new ScriptedEhr(answers({ receipt: [receipt()] }), answers())
    await expect(perform(ehr)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('whose first send was fenced off is made under the next receipt', async () => {
    const ehr = new ScriptedEhr(answers({ receipt: [fenceEvent()] }), answers(), commits(COMMITTED))
    expect(await perform(ehr)).toMatchObject({ replayed: false })
    expect(receiptsIn(ehr)).toEqual([idOf('key k again 1')])
  })

  test('passes over every fence there is', async () => {
    const ehr = new ScriptedEhr(answers({ receipt: [fenceEvent()] }), answers({ receipt: [fenceEvent()] }), answers(), commits(COMMITTED))
    await perform(ehr)
    expect(receiptsIn(ehr)).toEqual([idOf('key k again 2')])
  })
})

describe('a refusal about the visit', () => {
  const refuse = (code: ErrorCode): WriteRequest['plan'] => {
    return () => {
      throw new BookingError(code, 'refused')
    }
  }
  const ABOUT_THE_VISIT = ['not_found', 'invalid_transition', 'version_mismatch', 'hold_expired'] as const

  test.for(ABOUT_THE_VISIT)('%s is none where the same request took effect after its receipt was looked for', async (code) => {
    const ehr = new ScriptedEhr(answers(), answers({ receipt: [receipt()] }), answers({ appointment: [STORED] }))
    expect(await perform(ehr, [refuse(code)])).toMatchObject({ appointment: STORED, replayed: true })
    ehr.expectPlayed()
  })

  test.for(ABOUT_THE_VISIT)('%s stands where there still is no receipt', async (code) => {
    const ehr = new ScriptedEhr(answers(), answers())
    await expect(perform(ehr, [refuse(code)])).rejects.toMatchObject({ code })
    ehr.expectPlayed()
  })

  test('without a key, and one about the time, is answered at once', async () => {
    const keyless = new ScriptedEhr(answers())
    await expect(perform(keyless, [refuse('not_found')], { key: undefined })).rejects.toMatchObject({ code: 'not_found' })
    const taken = new ScriptedEhr(answers())
    await expect(perform(taken, [refuse('slot_taken')])).rejects.toMatchObject({ code: 'slot_taken' })
    keyless.expectPlayed()
    taken.expectPlayed()
  })
})

describe('a refusal for something that no version tells', () => {
  const refuse: WriteRequest['plan'] = () => {
    throw new BookingError('slot_taken', 'front desk', { mayStillLand: true })
  }
  const FENCED = commits({ kind: 'committed', versions: new Map() })

  test('is answered when an earlier send under its key is fenced off', async () => {
    const ehr = new ScriptedEhr(answers(), FENCED)
    await expect(perform(ehr, [refuse])).rejects.toMatchObject({ code: 'slot_taken' })
    expect(receiptsIn(ehr)).toEqual([idOf('key k')])
  })

  test('turns into the outcome of the earlier send where that has landed', async () => {
    const ehr = new ScriptedEhr(answers(), commits(CONFLICT), answers({ receipt: [receipt()] }), answers({ appointment: [STORED] }))
    expect(await perform(ehr, [refuse])).toMatchObject({ appointment: STORED, replayed: true })
  })

  test('needs no second fence', async () => {
    const ehr = new ScriptedEhr(answers({ receipt: [fenceEvent()] }), answers())
    await expect(perform(ehr, [refuse])).rejects.toMatchObject({ code: 'slot_taken' })
    ehr.expectPlayed()
  })

  test('is answered at once without a key', async () => {
    const ehr = new ScriptedEhr(answers())
    await expect(perform(ehr, [refuse], { key: undefined })).rejects.toMatchObject({ code: 'slot_taken' })
    ehr.expectPlayed()
  })
})

describe('what already is so', () => {
  test('is answered with, and kept under the key of the caller by a receipt of its own', async () => {
    const ehr = new ScriptedEhr(answers(), commits({ kind: 'committed', versions: new Map() }))
    expect(await perform(ehr, { kind: 'done', appointment: STORED })).toMatchObject({ appointment: STORED, replayed: true })
    expect(ehr.sent[0]?.entry?.map((entry) => entry.request)).toEqual([
      { method: 'PUT', url: `AuditEvent/${idOf('key k')}`, ifMatch: 'W/"0"' },
    ])
  })

  test('needs no receipt where the caller gave no key', async () => {
    const ehr = new ScriptedEhr(answers())
    expect(await perform(ehr, { kind: 'done', appointment: STORED }, { key: undefined })).toMatchObject({ replayed: true })
    ehr.expectPlayed()
  })
})

describe('a lost race', () => {
  test('is read and decided anew', async () => {
    const ehr = new ScriptedEhr(answers(), commits(CONFLICT), answers(), commits(COMMITTED))
    expect(await perform(ehr)).toMatchObject({ replayed: false })
    ehr.expectPlayed()
  })

  test('against the same request sent twice is a replay of the other', async () => {
    const ehr = new ScriptedEhr(answers(), commits(CONFLICT), answers({ receipt: [receipt()] }), answers({ appointment: [STORED] }))
    expect(await perform(ehr)).toMatchObject({ appointment: STORED, replayed: true })
    ehr.expectPlayed()
  })

  test('ends in the refusal that the new state calls for', async () => {
    const ehr = new ScriptedEhr(answers(), commits(CONFLICT), answers())
    await expect(perform(ehr, [COMMIT, REFUSE])).rejects.toMatchObject({ code: 'slot_taken' })
    ehr.expectPlayed()
  })

  test('without a key keeps the name of its first plan, so a twin of it is recognised', async () => {
    const ehr = new ScriptedEhr(answers(), commits(CONFLICT), answers(), commits(COMMITTED))
    await perform(ehr, [COMMIT, { ...COMMIT, key: 'another' }], { key: undefined })
    expect(receiptsIn(ehr)).toEqual([idOf('auto derived'), idOf('auto derived')])
  })

  test('five times is contention: nothing was written, try again', async () => {
    const ehr = new ScriptedEhr(...Array.from({ length: 5 }, () => [answers(), commits(CONFLICT)]).flat())
    await expect(perform(ehr)).rejects.toMatchObject({ code: 'contention', extras: { retryAfterSeconds: 1 } })
    ehr.expectPlayed()
  })

  test('is not tried again when the time is up', async () => {
    const ehr = new ScriptedEhr(answers(), commits(CONFLICT))
    await expect(perform(ehr, COMMIT, { milliseconds: 20 })).rejects.toMatchObject({ code: 'contention' })
    ehr.expectPlayed()
  })
})

describe('what has to be read as well', () => {
  test('a torn reading is read once more', async () => {
    const ehr = new ScriptedEhr(answers(), answers(), commits(COMMITTED))
    await perform(ehr, [{ kind: 'torn-reading' }, COMMIT])
    ehr.expectPlayed()
  })

  test('after a change of the Schedules the directory is read anew, and everything with it', async () => {
    const ehr = new ScriptedEhr(answers(), answers(), commits(COMMITTED))
    const deps = depsWith(ehr)
    await perform(ehr, [{ kind: 'stale-directory' }, COMMIT], { deps })
    expect(deps.refreshes()).toBe(1)
    ehr.expectPlayed()
  })

  test('Slots that a plan asks for are read and given to it; one that is gone stands there without a claim', async () => {
    const given: string[][] = []
    const far = slot('far', 's', at('12:00'))
    const ehr = new ScriptedEhr(answers(), answers({ slots: [far] }), commits(COMMITTED))
    await perform(ehr, [
      { kind: 'read-slots', ids: ['far', 'gone'] },
      (_reading, _directory, extra) => {
        given.push(extra.map((each) => `${each.id} ${each.status} ${each.claim === undefined ? 'unclaimed' : 'claimed'}`))
        return COMMIT
      },
    ])
    expect(given).toEqual([['far free unclaimed', 'gone entered-in-error unclaimed']])
    expect(ehr.batches[1]).toEqual({ slots: { kind: 'search', type: 'Slot', params: [['_id', ['far', 'gone']]] } })
    ehr.expectPlayed()
  })
})

describe('an EHR that does not write', () => {
  test('and says so is unavailable: nothing was written', async () => {
    const ehr = new ScriptedEhr(answers(), commits({ kind: 'unavailable', retryAfterSeconds: 7 }))
    await expect(perform(ehr)).rejects.toMatchObject({ code: 'ehr_unavailable', extras: { retryAfterSeconds: 7 } })
  })

  test('because it does not like what it is sent has rejected it', async () => {
    const ehr = new ScriptedEhr(answers(), commits({ kind: 'rejected' }))
    await expect(perform(ehr)).rejects.toMatchObject({ code: 'ehr_rejected' })
  })

  test('nor answers is unavailable', async () => {
    await expect(perform(new ScriptedEhr(isDown()))).rejects.toMatchObject({ code: 'ehr_unavailable' })
  })

  test('safely is never asked', async () => {
    const ehr = new ScriptedEhr()
    const writes = {
      assertOpen: () => {
        throw new BookingError('ehr_unavailable', 'not probed')
      },
    }
    await expect(perform(ehr, COMMIT, { deps: depsWith(ehr, { writes }) })).rejects.toMatchObject({ code: 'ehr_unavailable' })
    expect(ehr.roundTrips).toBe(0)
  })
})

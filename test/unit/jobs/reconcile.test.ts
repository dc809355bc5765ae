import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Queries } from '../../../src/booking/ports.ts'
import { reconcileJob } from '../../../src/jobs/reconcile.ts'
import { DAY, MINUTE } from '../../../src/scheduling/interval.ts'
import { at, claimed, directoryOf, gatewayVisit, NOW, schedule, slot } from '../helpers/day.ts'
import { escalationDeps } from '../helpers/escalations.ts'
import { MemoryEhr } from '../helpers/memory-ehr.ts'
import { depsWith, ScriptedEhr } from '../helpers/scripted-ehr.ts'

const RUN = { signal: new AbortController().signal, attempt: 1 }

/** The job of a process on a clinic with one visit; whether a pass of it has read everything. */
function jobOnClinic(): { pass: () => Promise<'everything' | 'changes'>; breaks: (does: boolean) => void } {
  const directory = directoryOf(schedule('ann', ['Practitioner/ann']))
  const visit = gatewayVisit('v', { ownSlots: ['s'] })
  const ehr = new MemoryEhr([claimed(slot('s', 'ann', at('09:00')), 'v', 'busy'), visit], NOW)
  const snapshot = { directory, asOf: NOW }
  const directories = { current: () => Promise.resolve(snapshot), refresh: () => Promise.resolve(snapshot) }
  let asked: string[] = []
  let fails = false
  const batch = (queries: Queries) => {
    if (fails) return Promise.reject(new Error('the connection broke'))
    asked.push(...Object.keys(queries))
    return ehr.batch(queries)
  }
  const deps = depsWith({ batch, commit: (transaction) => ehr.commit(transaction) }, { directories })
  const job = reconcileJob(deps, escalationDeps(new ScriptedEhr()), () => undefined)
  return {
    pass: async () => {
      asked = []
      await job({}, RUN)
      return asked.includes('slots') ? 'everything' : 'changes'
    },
    breaks: (does) => {
      fails = does
    },
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
})
afterEach(() => {
  vi.useRealTimers()
})
const passes = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds)

test('reads everything at first and once a day, and in between what has changed', async () => {
  const { pass } = jobOnClinic()
  expect(await pass()).toBe('everything')
  expect(await pass()).toBe('changes')
  passes(DAY - MINUTE)
  expect(await pass()).toBe('changes')
  passes(MINUTE)
  expect(await pass()).toBe('everything')
  expect(await pass()).toBe('changes')
})

test('begins anew where a pass over everything broke off', async () => {
  const { pass, breaks } = jobOnClinic()
  await pass()
  passes(DAY)
  breaks(true)
  await expect(pass()).rejects.toThrow('the connection broke')
  breaks(false)
  expect(await pass()).toBe('everything')
})

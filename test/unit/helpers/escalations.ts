import type { AuditEvent, Bundle, FhirResource, Task } from 'fhir/r4.js'
import type { Counters, CommitOutcome } from '../../../src/booking/ports.ts'
import { ofType } from '../../../src/booking/window-queries.ts'
import { MemoryCounters } from '../../../src/counters/memory-counters.ts'
import type { EscalationOutcome, EscalationRequest } from '../../../src/escalation/ports.ts'
import type { TriggerDeps } from '../../../src/escalation/triggers.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { depsWith, type ScriptedEhr } from './scripted-ehr.ts'

export const COMMITTED: CommitOutcome = { kind: 'committed', versions: new Map() }

/** An escalation of the gateway itself, about nothing in particular. */
export const REQUEST: EscalationRequest = {
  reason: 'other',
  clientId: 'chatbot',
  requestId: 'request-1',
  trail: [{ code: 'asked_for', at: Date.parse('2027-03-01T07:59:00Z') }],
  key: 'a key',
}

/** Counters of one test. */
export function countersOfTheTest(): Counters {
  const counters = new MemoryCounters()
  return {
    add: (key, windowSeconds, by) => Promise.resolve(counters.add(key, windowSeconds * 1000, by).count),
    clear: (key) => {
      counters.clear(key)
      return Promise.resolve()
    },
  }
}

/** What escalating needs, with a backlog that keeps everything or nothing, and what was counted. */
export interface TestEscalationDeps extends TriggerDeps {
  readonly kept: EscalationRequest[]
  readonly counted: string[]
}

export function escalationDeps(
  ehr: ScriptedEhr,
  options: { keeps?: boolean; mapping?: Record<string, unknown>; counters?: Counters } = {},
): TestEscalationDeps {
  const kept: EscalationRequest[] = []
  const counted: string[] = []
  const { writes, turnstile } = depsWith(ehr)
  return {
    ehr,
    writes,
    turnstile,
    mapping: testMapping(options.mapping),
    backlog: {
      keep: (request) => {
        if (options.keeps === true) kept.push(request)
        return Promise.resolve(options.keeps === true)
      },
    },
    observe: (reason: string, outcome: EscalationOutcome) => counted.push(`${reason} ${outcome}`),
    announce: () => undefined,
    counters: options.counters ?? countersOfTheTest(),
    secret: 'a secret of the tests, long enough',
    kept,
    counted,
  }
}

/** The Task of a transaction. */
export function taskIn(bundle: Bundle | undefined): Task {
  const [task] = ofType(resourcesOf(bundle), 'Task')
  if (!task) throw new Error('no Task was sent')
  return task
}

/** The AuditEvent of a transaction. */
export function eventIn(bundle: Bundle | undefined): AuditEvent {
  const [event] = ofType(resourcesOf(bundle), 'AuditEvent')
  if (!event) throw new Error('no AuditEvent was sent')
  return event
}

function resourcesOf(bundle: Bundle | undefined): FhirResource[] {
  return (bundle?.entry ?? []).flatMap((entry) => (entry.resource ? [entry.resource as FhirResource] : []))
}

/** What stands in the EHR after a transaction of the gateway. */
export function stored(bundle: Bundle | undefined): { task: Task[]; receipt: AuditEvent[] } {
  return { task: [{ ...taskIn(bundle), id: 'task-1', meta: { versionId: '1' } }], receipt: [eventIn(bundle)] }
}

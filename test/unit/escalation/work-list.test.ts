import type { Task } from 'fhir/r4.js'
import { describe, expect, test } from 'vitest'
import { openEscalations, resolveEscalation, takeEscalation } from '../../../src/escalation/work-list.ts'
import { buildTask } from '../../../src/fhir/task.ts'
import { asJson, asTable } from '../../../scripts/escalations/show.ts'
import { testMapping } from '../../helpers/clinic.ts'
import { at, NOW, ZONE } from '../helpers/day.ts'
import { COMMITTED, eventIn, taskIn } from '../helpers/escalations.ts'
import { answers, callWithin, commits, ScriptedEhr } from '../helpers/scripted-ehr.ts'

const ID = `esc-${'0'.repeat(24)}`

function task(due: number, changes: Partial<Task> = {}, escalationId = ID): Task {
  const built = buildTask(
    {
      escalationId,
      reason: { code: 'race_lost', title: 'Others were faster', description: 'Call.' },
      priority: 'urgent',
      channel: 'phone',
      clientId: 'chatbot',
      patient: 'Patient/p',
      focus: { reference: 'Appointment/9', appointmentId: 'ap-1' },
      trail: [],
      authored: NOW - 90 * 60_000,
      due,
    },
    ZONE,
  )
  return { ...built, id: 'task-9', meta: { versionId: '4' }, ...changes }
}

describe('the list', () => {
  const found = answers({
    tasks: [
      task(at('10:00'), {}, 'esc-late'),
      task(NOW - 1, { status: 'in-progress' }, 'esc-over'),
      { resourceType: 'Task', status: 'requested', intent: 'order' },
    ],
  })

  test('asks for what is open and the gateway’s own', async () => {
    const ehr = new ScriptedEhr(found)
    await openEscalations(ehr, callWithin())
    expect(ehr.batches[0]?.['tasks']).toMatchObject({
      params: [
        ['identifier', 'https://fhir-scheduling-gateway.org/fhir/escalation-id|'],
        ['status', expect.not.arrayContaining(['completed']) as unknown],
        ['_sort', 'authored-on'],
      ],
    })
  })

  test('has first what is due first, and marks what is overdue', async () => {
    const list = await openEscalations(new ScriptedEhr(found), callWithin())
    const lines = asTable(list, testMapping()).split('\n')
    expect(lines[0]).toBe('2 open escalations at Test Clinic, 1 overdue')
    expect(
      lines.slice(3).map((line) =>
        line
          .replace(/\u001b\[\d+m/g, '')
          .trim()
          .split(/ {2,}/),
      ),
    ).toEqual([
      ['!', 'Sunday, February 28 at 11:59 PM PST', 'urgent', 'in-progress', 'race_lost', 'phone', '1 h', 'ap-1', 'esc-over'],
      ['Monday, March 1 at 10:00 AM PST', 'urgent', 'requested', 'race_lost', 'phone', '1 h', 'ap-1', 'esc-late'],
    ])
    expect(JSON.parse(asJson(list, ZONE))).toMatchObject({
      escalations: [
        { escalation_id: 'esc-over', status: 'in-progress', overdue: true, age_minutes: 90 },
        { escalation_id: 'esc-late', overdue: false, due: '2027-03-01T10:00:00-08:00', appointment: 'ap-1', priority: 'urgent' },
      ],
      complete: true,
    })
  })

  test('says when there is nothing, and when there is more than it shows', () => {
    expect(asTable({ tasks: [], now: NOW, complete: true }, testMapping())).toBe('0 open escalations at Test Clinic, 0 overdue')
    expect(asTable({ tasks: [], now: NOW, complete: false }, testMapping())).toMatch(/more than can be read at once/)
  })
})

describe('taking and resolving', () => {
  test('changes the Task at the version that was read, and records it once', async () => {
    const ehr = new ScriptedEhr(answers({ task: [task(NOW)] }), commits(COMMITTED))
    expect(await takeEscalation(ehr, ID, ZONE, callWithin())).toMatchObject({ already: false, task: { status: 'in-progress' } })
    expect(ehr.sent[0]?.entry?.map((entry) => entry.request)).toEqual([
      { method: 'PUT', url: `AuditEvent/${eventIn(ehr.sent[0]).id ?? ''}`, ifMatch: 'W/"0"' },
      { method: 'PUT', url: 'Task/task-9', ifMatch: 'W/"4"' },
    ])
    expect(eventIn(ehr.sent[0])).toMatchObject({ subtype: [{ code: 'take' }], action: 'U' })
    expect(taskIn(ehr.sent[0])).toEqual({ ...task(NOW), status: 'in-progress', lastModified: '2027-03-01T00:00:00-08:00' })
  })

  test('resolving says how, by a code', async () => {
    const ehr = new ScriptedEhr(answers({ task: [task(NOW, { status: 'in-progress' })] }), commits(COMMITTED))
    await resolveEscalation(ehr, ID, 'called-back', ZONE, callWithin())
    expect(taskIn(ehr.sent[0])).toMatchObject({ status: 'completed', statusReason: { coding: [{ code: 'called-back' }] } })
    expect(eventIn(ehr.sent[0])).toMatchObject({ subtype: [{ code: 'resolve' }] })
  })

  test.for<readonly [string, Task['status'], typeof takeEscalation]>([
    ['take what is taken', 'in-progress', takeEscalation],
    ['resolve what is resolved', 'completed', (ehr, id, zone, call) => resolveEscalation(ehr, id, undefined, zone, call)],
  ])('to %s changes nothing', async ([, status, act]) => {
    const ehr = new ScriptedEhr(answers({ task: [task(NOW, { status })] }))
    expect(await act(ehr, ID, ZONE, callWithin())).toMatchObject({ already: true })
    ehr.expectPlayed()
  })

  test.for<readonly [string, readonly Parameters<typeof answers>[0][], readonly ReturnType<typeof commits>[], string]>([
    ['is not there', [{}], [], 'not_found'],
    ['is cancelled', [{ task: [task(NOW, { status: 'cancelled' })] }], [], 'invalid_transition'],
    ['was changed meanwhile', [{ task: [task(NOW)] }], [commits({ kind: 'conflict' })], 'version_mismatch'],
    ['the EHR refuses', [{ task: [task(NOW)] }], [commits({ kind: 'rejected' })], 'ehr_rejected'],
    ['the EHR says nothing about', [{ task: [task(NOW)] }], [commits({ kind: 'unknown' })], 'ehr_unavailable'],
  ])('one that %s is an error', async ([, readings, outcomes, code]) => {
    for (const act of [
      takeEscalation,
      (...[ehr, id, zone, call]: Parameters<typeof takeEscalation>) => resolveEscalation(ehr, id, undefined, zone, call),
    ]) {
      const ehr = new ScriptedEhr(...readings.map((found) => answers(found)), ...outcomes)
      await expect(act(ehr, ID, ZONE, callWithin())).rejects.toMatchObject({ code })
      ehr.expectPlayed()
    }
  })
})

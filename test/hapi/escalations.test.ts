import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clinicTime, MAPPING, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { escalationsCommand, recordsOf, tasksOf } from '../helpers/escalations.ts'
import { clientsFile, freePort, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { expectProblem } from '../helpers/problem-body.ts'
import { hapiOnH2 } from '../helpers/servers.ts'
import { expectSound, statuses, succeed } from '../helpers/writes.ts'

/** This HAPI validates every request: what it takes is R4. */
const fhir = hapiOnH2()
const BOT_SCOPES = [
  'availability:read',
  'holds:write',
  'appointments:read',
  'appointments:write',
  'intake:write',
  'escalations:write',
] as const
const STAFF: TestClient = { id: unique('desk'), key: unique('staff-key'), scopes: [...BOT_SCOPES, 'patients:any'] }
const BOT: TestClient = { id: unique('bot'), key: unique('bot-key'), scopes: BOT_SCOPES }
const MUTE: TestClient = { id: unique('mute'), key: unique('mute-key'), scopes: ['availability:read'] }
const as = (client: TestClient) => ({ auth: `Bearer ${client.key}` })

/** A visit type whose coding no server may store: a real refusal. */
const UNSTORABLE = { ...MAPPING.visitTypes[0], code: 'unstorable', writes: { serviceType: ['https://test.example/service| bad  code '] } }
const mapping = { visitTypes: [...MAPPING.visitTypes, UNSTORABLE] }

let gateways: GatewayProcess[]
let desk: Desk
let offers: string[]
const api = () => gateways[0]!.api
const post = (path: string, body: unknown, client = STAFF) => api().post(path, body, as(client))

async function offersOf(provider: string, type = 'short'): Promise<string[]> {
  const end = encodeURIComponent(new Date(clinicTime('23:00', 30)).toISOString())
  const answer = await succeed(api().get(`/availability?type=${type}&provider=${provider}&limit=50&end=${end}`, as(STAFF)))
  return answer.body.slots.map((slot) => slot.slot_id)
}

/** A token of the patient, as a chatbot gets it. */
async function tokenOf(patient: string): Promise<string> {
  const mrn = `mrn-${patient.slice('Patient/'.length)}`
  return (await succeed(post('/intake', { type: 'short', patient: { mrn, birth_date: '1980-01-02' } }, BOT))).body.patient_token
}

beforeAll(async () => {
  const options = { fhirBaseUrl: fhir.baseUrl, mapping, environment: { ...clientsFile([STAFF, BOT, MUTE]), LOG_LEVEL: 'fatal' } }
  gateways = await Promise.all([startGateway(options), startGateway(options)])
  desk = await openDesk(fhir, { slots: 12, patients: 8 })
  offers = await offersOf(desk.provider)
})
afterAll(async () => {
  for (const gateway of gateways) await gateway.stop()
})

describe('POST /escalations', () => {
  test('makes one valid Task with its AuditEvent, and says what follows', async () => {
    const [patient] = desk.patients
    const booked = await succeed(post('/appointments', { slot_id: offers[0], patient }))
    const id = booked.body.appointment_id
    const answer = await post('/escalations', { reason: 'exception_requested', appointment_id: id, patient })
    expect(answer).toMatchObject({
      status: 201,
      body: {
        reason: 'exception_requested',
        state: 'requested',
        priority: 'routine',
        channel: 'phone',
        timezone: 'America/Los_Angeles',
        replayed: false,
        next_actions: [],
      },
    })
    expect(answer.headers.get('server-timing')).toContain('2 round trips')
    expect(answer.body['message']).toContain(answer.body['local_due'])
    const [task, ...more] = await tasksOf(fhir, String(answer.body['escalation_id']))
    expect(more).toEqual([])
    const [visit] = await fhir.search('Appointment', `identifier=${id}`)
    expect(task).toMatchObject({
      status: 'requested',
      intent: 'order',
      priority: 'routine',
      code: { coding: [{ code: 'exception_requested' }] },
      focus: { reference: `Appointment/${visit?.id ?? ''}`, identifier: { value: id } },
      for: { reference: patient },
      restriction: { period: { end: answer.body['due'] } },
    })
    const records = await recordsOf(fhir, task!)
    expect(records).toHaveLength(1)
    expect(records[0]).toMatchObject({ subtype: [{ code: 'escalate' }], agent: [{ who: { identifier: { value: STAFF.id } } }, {}] })
  })

  test('50 times at once, through two gateways, is one Task and one AuditEvent', async () => {
    const body = { reason: 'other', patient: desk.patients[1] }
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => gateways[index % 2]!.api.post('/escalations', body, as(STAFF))),
    )
    expect(statuses(answers)).toEqual({ 201: 50 })
    expect(new Set(answers.map((answer) => answer.body['escalation_id'])).size).toBe(1)
    expect(new Set(answers.map((answer) => answer.body['due'])).size).toBe(1)
    expect(answers.filter((answer) => answer.body['replayed'] === false)).toHaveLength(1)
    const tasks = await tasksOf(fhir, String(answers[0]?.body['escalation_id']))
    expect(tasks).toHaveLength(1)
    expect(await recordsOf(fhir, tasks[0]!)).toHaveLength(1)
  })

  test('a key names the request: of the client, for one request only', async () => {
    const key = unique('key')
    const [, , patient, other] = desk.patients
    const send = (body: object, client = STAFF) => api().post('/escalations', body, { ...as(client), key })
    const first = await succeed(send({ reason: 'other', patient }))
    expect(await send({ reason: 'other', patient })).toMatchObject({ status: 201, body: { replayed: true, due: first.body['due'] } })
    expectProblem(await send({ reason: 'race_lost', patient }), 'idempotency_key_reused', { path: 'idempotency_key' })
    expectProblem(await send({ reason: 'other', patient: other }), 'idempotency_key_reused', { path: 'idempotency_key' })
    const theirs = await succeed(send({ reason: 'other' }, BOT))
    expect(theirs.body['escalation_id']).not.toBe(first.body['escalation_id'])
  })

  test('what is not a coded request is refused', async () => {
    const [patient] = desk.patients
    for (const field of ['note', 'text', 'description', 'message'])
      expectProblem(await post('/escalations', { reason: 'other', patient, [field]: 'Ann Muster, 555-0123' }), 'invalid_request', {
        path: field,
      })
    const noted = await post('/escalations', { reason: 'other', patient, note: 'Ann Muster' })
    expect(noted.body['detail']).toMatch(/takes no free text/)
    expect(JSON.stringify(noted.body)).not.toContain('Muster')
    expectProblem(await post('/escalations', { reason: 'boredom', patient }), 'invalid_request', { path: 'reason' })
    expectProblem(await post('/escalations', { patient }), 'invalid_request', { path: 'reason' })
    expectProblem(await post('/escalations', { reason: 'other' }), 'invalid_request', { path: 'idempotency_key' })
    expectProblem(await post('/escalations', { reason: 'other', patient: 'Patient/nobody-here' }), 'invalid_request', { path: 'patient' })
    expectProblem(await post('/escalations', { reason: 'other', patient }, BOT), 'forbidden')
    expectProblem(await post('/escalations', { reason: 'other' }, MUTE), 'forbidden')
    expectProblem(await post('/escalations', { reason: 'other', patient_token: 'made-up' }, BOT), 'patient_required')
  })

  test('the OpenAPI description lists the reasons of the clinic', async () => {
    const answer = await api().get('/openapi.json', { auth: null })
    expect(JSON.stringify(answer.body['paths'])).toContain('reconciliation_doubt')
  })

  test('somebody else’s visit and one that does not exist are the same 404, and no Task is made', async () => {
    const [, , , owner, stranger] = desk.patients
    const { appointment_id: id } = (await succeed(post('/appointments', { slot_id: offers[1], patient: owner }))).body
    const unknown = `${id.slice(0, -2)}${id.endsWith('00') ? '11' : '00'}`
    const token = await tokenOf(stranger!)
    const bodies = []
    for (const appointment_id of [id, unknown, 'ehr-made-up', 'nonsense']) {
      const ask = { ...as(BOT), headers: { 'x-request-id': 'same' } }
      const answer = await api().post('/escalations', { reason: 'other', appointment_id, patient_token: token }, ask)
      expectProblem(answer, 'not_found')
      bodies.push(JSON.stringify(answer.body))
    }
    expect(new Set(bodies).size).toBe(1)
    expect(await fhir.search('Task', `patient=${stranger ?? ''}`)).toEqual([])
    const own = await post('/escalations', { reason: 'other', appointment_id: id, patient_token: await tokenOf(owner!) }, BOT)
    expect(own.status).toBe(201)
    const clinics = await post('/escalations', { reason: 'other', appointment_id: id })
    expect((await tasksOf(fhir, String(clinics.body['escalation_id'])))[0]?.for).toEqual({ reference: owner })
  })
})

describe('what the gateway escalates by itself', () => {
  test('a write that the EHR refuses', async () => {
    const shop = await openDesk(fhir, { slots: 2, patients: 1 })
    const [patient] = shop.patients
    const [slot] = await offersOf(shop.provider, 'unstorable')
    const refused = await post('/holds', { slot_id: slot, patient })
    const id = String(refused.body['escalation_id'])
    expectProblem(refused, 'ehr_rejected', {
      escalation_id: expect.stringMatching(/^esc-/),
      message: expect.stringMatching(/call you by .*\.$/),
    })
    const [task] = await tasksOf(fhir, id)
    expect(task).toMatchObject({ code: { coding: [{ code: 'ehr_rejected' }] }, priority: 'urgent', for: { reference: patient } })
    expect(task?.input?.at(-1)).toMatchObject({
      type: { coding: [{ code: 'hold_ehr_rejected' }] },
      valueInstant: expect.any(String) as unknown,
    })
    // Tried again: the same matter, and still nothing is booked.
    expect((await post('/holds', { slot_id: slot, patient })).body['escalation_id']).toBe(id)
    expect(await tasksOf(fhir, id)).toHaveLength(1)
    await expectSound(fhir, shop, { live: 0, all: 0 })
  })

  test('three times in a row that a time is taken', async () => {
    const shop = await openDesk(fhir, { slots: 4, patients: 2 })
    const ids = await offersOf(shop.provider)
    const [fast, slow] = shop.patients
    for (const slot_id of ids.slice(0, 3)) await succeed(post('/appointments', { slot_id, patient: fast }))
    const lost = []
    for (const slot_id of ids.slice(0, 3)) lost.push(await post('/holds', { slot_id, patient: slow }))
    expect(statuses(lost)).toEqual({ '409 slot_taken': 3 })
    expect(lost.map((answer) => 'escalation_id' in answer.body)).toEqual([false, false, true])
    expectProblem(lost[2]!, 'slot_taken', {
      alternatives: expect.arrayContaining([expect.objectContaining({ slot_id: ids[3] })]),
      escalation_id: expect.stringMatching(/^esc-/),
      message: expect.stringMatching(/^Others were faster several times.*\.$/),
    })
    const [task] = await tasksOf(fhir, String(lost[2]?.body['escalation_id']))
    expect(task).toMatchObject({ code: { coding: [{ code: 'race_lost' }] }, for: { reference: slow } })
    await succeed(post('/appointments', { slot_id: ids[3], patient: slow }))
    expect('escalation_id' in (await post('/holds', { slot_id: ids[0], patient: slow })).body).toBe(false)
  })

  test('an identity that nobody can verify: one Task for the same details, and none of them in the EHR', async () => {
    const [surname, phone] = [unique('Zzyzx'), '555-987-6543']
    const patient = { family_name: surname, given_name: 'Quentin', birth_date: '1911-11-11', phone }
    const answers = [
      await post('/intake', { type: 'short', patient }, BOT),
      await post('/intake', { type: 'short', patient: { ...patient, family_name: surname.toUpperCase() } }, BOT),
    ]
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: { outcome: 'identity_unverified' } })
    expect(answers[0]?.body['message']).toMatch(/the staff know of it.*555-0100\.$/)
    const [id, again] = answers.map((answer) => String(answer.body['escalation_id']))
    expect(again).toBe(id)
    const tasks = await tasksOf(fhir, id!)
    expect(tasks).toHaveLength(1)
    const text = JSON.stringify([tasks, await recordsOf(fhir, tasks[0]!)]).toLowerCase()
    for (const claim of [surname, 'quentin', '1911', phone, '5559876543']) expect(text).not.toContain(claim.toLowerCase())
    expect(tasks[0]?.for).toBeUndefined()
    expect(Object.keys(tasks[0] ?? {})).not.toContain('note')
  })

  test('what the clinic arranges itself is not escalated by itself: the answer leads there', async () => {
    const answer = await post('/intake', { type: 'staff-only', patient: {} }, BOT)
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'needs_staff', next_actions: ['escalate', 'contact_staff'] } })
    expect('escalation_id' in answer.body).toBe(false)
  })
})

describe('npm run escalations', () => {
  const command = (...args: string[]) => escalationsCommand(fhir.baseUrl, ...args)
  const listed = async () => JSON.parse((await command('--json')).output) as { escalations: { escalation_id: string }[] }

  test('lists what is open, and it can be taken and resolved once each, on record', async () => {
    const answer = await succeed(post('/escalations', { reason: 'reconciliation_doubt', patient: desk.patients[5] }))
    const id = String(answer.body['escalation_id'])
    expect((await listed()).escalations).toContainEqual(
      expect.objectContaining({ escalation_id: id, status: 'requested', overdue: false, due: answer.body['due'] }),
    )
    const table = (await command()).output
    expect(table).toMatch(/^\d+ open escalations at Test Clinic/)
    expect(table.split('\n').find((line) => line.includes(id))).toMatch(/P[SD]T +urgent +requested +reconciliation_doubt +phone/)

    expect(await command('take', id)).toMatchObject({ code: 0, output: expect.stringContaining(`${id} is in-progress`) as unknown })
    expect(await command('take', id)).toMatchObject({ code: 0, output: expect.stringContaining('already in-progress') as unknown })
    expect(await command('resolve', id, '--reason', 'called-back')).toMatchObject({
      code: 0,
      output: expect.stringContaining('is completed') as unknown,
    })
    expect((await command('take', id)).code).toBe(1)
    expect((await listed()).escalations.map((one) => one.escalation_id)).not.toContain(id)

    const [task] = await tasksOf(fhir, id)
    expect(task).toMatchObject({ status: 'completed', statusReason: { coding: [{ code: 'called-back' }] } })
    const records = await recordsOf(fhir, task!)
    expect(records.map((event) => event.subtype?.[0]?.code).sort()).toEqual(['escalate', 'resolve', 'take'])
    const repeated = await post('/escalations', { reason: 'reconciliation_doubt', patient: desk.patients[5] })
    expect(repeated).toMatchObject({ status: 201, body: { state: 'closed', replayed: true, next_actions: ['contact_staff'] } })
    expect(repeated.body['message']).toMatch(/already dealt with/)
  })

  test.each([
    ['an id that is none', ['take', 'Task/1'], /no escalation id/],
    ['an id that is not there', ['take', `esc-${'0'.repeat(24)}`], /There is no escalation esc-0/],
    ['free text for a reason', ['resolve', `esc-${'0'.repeat(24)}`, '--reason', 'Called Ann'], /never free text/],
    ['an unknown word', ['delete', 'x'], /Usage: /],
    ['an unknown option', ['--all'], /Usage: /],
  ] as const)('%s is an error that says what to do', async (_name, args, says) => {
    const { code, output } = await command(...args)
    expect(code).toBe(1)
    expect(output).toMatch(says)
    expect(output).not.toContain('    at ')
  })

  test('an EHR that is not there is named', async () => {
    const { code, output } = await escalationsCommand(`http://127.0.0.1:${await freePort()}/fhir`)
    expect(code).toBe(1)
    expect(output).toMatch(/FHIR_BASE_URL/)
  })
})

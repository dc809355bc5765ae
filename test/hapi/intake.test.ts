import type { AuditEvent, Patient } from 'fhir/r4.js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ACTION_SYSTEM, REGISTRATION_ID_SYSTEM } from '../../src/fhir/vocabulary.ts'
import { Api, type Answer, type Ask } from '../helpers/api.ts'
import { MAPPING, MRN_SYSTEM, openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { recordsOf, tasksOf } from '../helpers/escalations.ts'
import type { Fhir } from '../helpers/fhir.ts'
import { clientsFile, startGateway, type GatewayProcess, type TestClient } from '../helpers/gateway-process.ts'
import { inTime } from '../helpers/in-time.ts'
import { expectProblem } from '../helpers/problem-body.ts'
import { hapiOnH2, hapiOnPostgres } from '../helpers/servers.ts'
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import { succeed } from '../helpers/writes.ts'

const fhir = hapiOnPostgres()
/** The end of a phone number that no other run has. */
const LOCAL = String(Date.now()).slice(-7)
/** This HAPI validates every request: what it takes is R4. */
const strict = hapiOnH2()
/** Failed identities are counted for each client: every test has one of its own. */
const CLIENTS: readonly TestClient[] = Array.from({ length: 60 }, () => ({
  id: unique('bot'),
  key: unique('bot-key'),
  scopes: ['intake:write', 'availability:read', 'holds:write', 'escalations:write'] as const,
}))
let client = CLIENTS[0]!
const auth = () => ({ auth: `Bearer ${client.key}` })
beforeEach(() => {
  client = CLIENTS[(CLIENTS.indexOf(client) + 1) % CLIENTS.length]!
})
const PORTAL = { url: 'https://lab.example/appointments', label: 'Book at the laboratory' }
const SHORT = MAPPING.visitTypes[0]
const IDENTITY = {
  mrnSystem: MRN_SYSTEM,
  sufficient: [...MAPPING.identity.sufficient, ['family_name', 'given_name', 'birth_date', 'email']],
}
const mapping = { visitTypes: [...MAPPING.visitTypes, { ...SHORT, code: 'lab', portal: PORTAL }], identity: IDENTITY }

let proxy: TcpProxy
let gateways: GatewayProcess[]
let byProxy: GatewayProcess
let desk: Desk

const start = (baseUrl: string, changes: Record<string, unknown> = {}) =>
  startGateway({
    fhirBaseUrl: baseUrl,
    mapping: { ...mapping, newPatients: 'register', ...changes },
    environment: { ...clientsFile(CLIENTS), LOG_LEVEL: 'fatal' },
  })
const post = (body: unknown, through = gateways[0]!, ask: Ask = {}): Promise<Answer> =>
  through.api.post('/intake', body, { ...auth(), ...ask })
const intake = (patient: unknown, extra: Record<string, unknown> = {}, through = gateways[0]!, conversation = unique('chat')) =>
  post({ type: 'short', patient, ...extra }, through, { headers: { 'x-conversation-id': conversation } })

beforeAll(async () => {
  proxy = await startProxy(fhir.baseUrl)
  gateways = await Promise.all([start(fhir.baseUrl), start(fhir.baseUrl), start(strict.baseUrl)])
  byProxy = await start(proxy.fhirBaseUrl)
  desk = await openDesk(fhir, { slots: 4, patients: 2 })
})
afterAll(async () => {
  for (const gateway of [...gateways, byProxy]) await gateway.stop()
  await proxy.stop()
})

describe('identity on a real server', () => {
  const mail = `${unique('mail')}@example.org`
  const people: Record<string, Patient['name']> = {
    apostrophe: [{ family: "O'Connor-Müller", given: ['Zoë', 'Ann'] }],
    sharp: [{ family: 'Großkreuz', given: ['Jörg'] }],
    slash: [{ family: 'Østergård', given: ['Søren'] }],
    ligature: [{ family: 'Ægir', given: ['Bjørn'] }],
    polish: [{ family: 'Łukasiewicz', given: ['Jan'] }],
    spaces: [{ family: 'De La Cruz', given: ['María José'] }],
    short: [{ family: 'Li', given: ['Bo'] }],
    typographic: [{ family: 'D’Arcy', given: ['Fitz'] }],
  }
  const ids = new Map(Object.keys(people).map((who) => [who, unique(who)]))
  beforeAll(async () => {
    const patients = Object.entries(people).map(([who, name]): Patient => ({
      resourceType: 'Patient',
      id: ids.get(who)!,
      ...(name && { name }),
      birthDate: '1931-07-08',
      identifier: [{ system: MRN_SYSTEM, value: `HL-${ids.get(who)!.toUpperCase()}` }],
      telecom: [
        { system: 'phone', value: `+1 (555) ${LOCAL}` },
        { system: 'email', value: `${who}.${mail}` },
      ],
    }))
    await fhir.putAll(patients)
  })
  const phone = `555-${LOCAL}`
  const who = (family_name: string, given_name: string) => ({ family_name, given_name, birth_date: '1931-07-08', phone })

  test.for<readonly [string, Record<string, string>]>([
    ['as it stands', who("O'Connor-Müller", 'Zoë')],
    ['without signs and accents', who('oconnor muller', 'zoe')],
    ['with the umlaut written out', who('OConnor-Mueller', 'Zoe Ann')],
    ['a typographic apostrophe', who('O’Connor Müller', 'Ann')],
    ['a straight apostrophe for a typographic one', who("D'Arcy", 'Fitz')],
    ['no apostrophe for a typographic one', who('darcy', 'Fitz')],
    ['ss for ß, oe for ö', who('GROSSKREUZ', 'Joerg')],
    ['o for ø', who('Ostergard', 'Soren')],
    ['oe for ø', who('Oestergaard', 'Soeren')],
    ['ae for æ', who('Aegir', 'Bjorn')],
    ['l for ł', who('lukasiewicz', 'jan')],
    ['in one word', who('delacruz', 'mariajose')],
    ['two letters', who('LI', 'bo')],
    ['a phone number with country and extension', { ...who('Li', 'Bo'), phone: `+1 555.${LOCAL} x12` }],
  ])('%s', async ([, patient]) => {
    expect((await intake(patient)).body['outcome']).toBe('eligible')
  })

  test('an e-mail address in any case; a record number in small letters', async () => {
    const { phone: _phone, ...name } = who('Li', 'Bo')
    expect((await intake({ ...name, email: `SHORT.${mail.toUpperCase()}` })).body['outcome']).toBe('eligible')
    expect((await intake({ mrn: `hl-${ids.get('short')!}`, birth_date: '1931-07-08' })).body['outcome']).toBe('eligible')
  })

  test.for<readonly [string, Record<string, string>]>([
    ['another name that begins the same', who('Lin', 'Bo')],
    ['the beginning of a name', who('De La', 'María José')],
    ['another given name', who('Li', 'Bob')],
    ['another phone number', { ...who('Li', 'Bo'), phone: '555-010-0778' }],
    ['a day later', { ...who('Li', 'Bo'), birth_date: '1931-07-09' }],
    ['a pattern', who('L%', 'B*')],
    ['a search', { mrn: 'x,HL-1|y', birth_date: '1931-07-08' }],
  ])('not by %s, and the answer is always the same', async ([, patient]) => {
    const { status, body } = await intake(patient)
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['escalation_id', 'message', 'next_actions', 'outcome'])
    expect(body).toMatchObject({ outcome: 'identity_unverified', next_actions: ['start_intake', 'contact_staff'] })
  })

  test('guesses end for the conversation, and for the record number over all conversations and gateways', async () => {
    const mrn = unique('guessed')
    const guess = (year: number, chat: string, through = gateways[0]!) => intake({ mrn, birth_date: `${year}-01-01` }, {}, through, chat)
    for (let year = 1950; year < 1955; year++)
      expect((await guess(year, unique('chat'), gateways[year % 2])).body['outcome']).toBe('identity_unverified')
    const ended = await guess(1960, unique('chat'), gateways[1])
    expect(ended.body).toMatchObject({ outcome: 'needs_staff', escalation_reason: 'other', next_actions: ['contact_staff', 'escalate'] })
    const chat = unique('chat')
    const outcomes = []
    for (let index = 0; index < 6; index++)
      outcomes.push((await intake({ mrn: unique('m'), birth_date: `192${index}-01-01` }, {}, gateways[index % 2], chat)).body['outcome'])
    expect(outcomes).toEqual([...Array.from({ length: 5 }, () => 'identity_unverified'), 'needs_staff'])
    expect((await intake(who('Li', 'Bo'))).body['outcome']).toBe('eligible')
  })
})

describe('a red flag', () => {
  const known = () => ({ mrn: `mrn-${desk.patients[0]!.slice('Patient/'.length)}`, birth_date: '1980-01-02' })

  test('ends the booking, and staff have a Task for the patient that holds the rule and nothing that was said', async () => {
    const answer = await succeed(intake(known(), { reason: 'quokka: crushing chest pain since noon' }))
    expect(answer.body).toMatchObject({ outcome: 'urgent', call: ['911'], language: 'en', next_actions: ['call_emergency'] })
    expect(answer.body['message']).toMatch(/call 911 now.*cannot judge symptoms/)
    expect('patient_token' in answer.body).toBe(false)
    const [task, ...more] = await tasksOf(fhir, String(answer.body['escalation_id']))
    expect(more).toEqual([])
    expect(task).toMatchObject({
      priority: 'stat',
      status: 'requested',
      for: { reference: desk.patients[0] },
      code: { coding: [{ code: 'red_flag' }] },
    })
    expect(task?.input?.map(({ type }) => type.coding?.[0]?.code)).toContain('chest-pain')
    const text = JSON.stringify([task, await recordsOf(fhir, task!), answer.body]).toLowerCase()
    for (const word of ['quokka', 'crushing', 'noon']) expect(text).not.toContain(word)
  })

  test('is told what to do with the EHR down: never 503, and within moments', async () => {
    await proxy.refuse()
    const began = performance.now()
    const answer = await inTime(intake(known(), { reason: 'se tragó una pila' }, byProxy))
    await proxy.accept()
    expect(performance.now() - began).toBeLessThan(2_500)
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'urgent', language: 'es', call: ['1-800-222-1222', '911'] } })
  })

  test('is told what to do while the EHR does not answer', async () => {
    proxy.rule(() => 'hold-request')
    const answer = await inTime(intake(known(), { reason: 'I want to kill myself' }, byProxy))
    proxy.pass()
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'urgent', call: ['988', '911'] } })
    expect(answer.ms).toBeLessThan(2_500)
  })
})

describe('what is not booked here', () => {
  test('a portal is a link, and its times are neither offered nor held', async () => {
    const answer = await succeed(intake({}, { type: 'lab' }))
    expect(answer.body).toMatchObject({
      outcome: 'needs_staff',
      portal_url: PORTAL.url,
      portal_label: PORTAL.label,
      next_actions: ['open_portal', 'contact_staff'],
    })
    const found = await gateways[0]!.api.get('/availability?type=lab', auth())
    expectProblem(found, 'policy_refused', { policy: 'booked_elsewhere' })
  })

  test('an exception names the reason for staff and the patient, and staff get it', async () => {
    const patient = { mrn: `mrn-${desk.patients[1]!.slice('Patient/'.length)}`, birth_date: '1980-01-02' }
    const { body } = await succeed(intake(patient, { exception: 'overbook', provider: desk.provider }))
    expect(body).toMatchObject({ outcome: 'needs_staff', escalation_reason: 'exception_requested' })
    const escalation = { reason: body['escalation_reason'], patient_token: body.patient_token }
    const escalated = await succeed(gateways[0]!.api.post('/escalations', escalation, auth()))
    const [task] = await tasksOf(fhir, String(escalated.body['escalation_id']))
    expect(task?.for).toEqual({ reference: desk.patients[1] })
  })

  test('a provider who does not have the visit type', async () => {
    expect((await intake({}, { type: 'chosen', provider: desk.provider })).body).toMatchObject({
      outcome: 'needs_staff',
      escalation_reason: 'exception_requested',
    })
  })
})

describe('a new patient is registered', () => {
  const someone = () => ({ family_name: `Néwton-${letters()}`, given_name: 'Ida', birth_date: '2001-02-03', phone: '555-010-0555' })
  const registered = (server: Fhir, family: string) => server.search('Patient', `family=${encodeURIComponent(family)}`)
  const recordsFor = async (server: Fhir, patient: Patient | undefined): Promise<AuditEvent[]> => {
    const all = await server.search('AuditEvent', `patient=Patient/${patient?.id ?? ''}`)
    return all.filter(({ subtype }) => subtype?.some(({ system, code }) => system === ACTION_SYSTEM && code === 'register'))
  }

  test.for<readonly [string, number, () => Fhir]>([
    ['on PostgreSQL', 0, () => fhir],
    ['on a server that validates', 2, () => strict],
  ])('once, %s, with as little as needed and on record', async ([, index, server]) => {
    const patient = someone()
    const answer = await succeed(intake(patient, { new_patient: true }, gateways[index]))
    expect(answer.body).toMatchObject({ outcome: 'eligible' })
    const [made, ...more] = await registered(server(), patient.family_name)
    expect(more).toEqual([])
    expect(made).toMatchObject({
      active: true,
      identifier: [{ system: REGISTRATION_ID_SYSTEM }],
      name: [{ family: patient.family_name, given: ['Ida'] }],
      telecom: [{ system: 'phone', value: patient.phone }],
      birthDate: '2001-02-03',
    })
    expect(await recordsFor(server(), made)).toHaveLength(1)
    expect((await intake(patient, { new_patient: true }, gateways[index])).body['outcome']).toBe('eligible')
    expect((await intake(patient, {}, gateways[index])).body['outcome']).toBe('eligible')
    expect(await registered(server(), patient.family_name)).toHaveLength(1)
  })

  test('and can hold a time with the token', async () => {
    const { body } = await succeed(intake(someone(), { new_patient: true }))
    const [offer] = await new Api(gateways[0]!.api.baseUrl, client.key).offers('short', desk.provider)
    const hold = { slot_id: offer?.slot_id, patient_token: body.patient_token }
    expect((await succeed(gateways[0]!.api.post('/holds', hold, auth()))).body.state).toBe('held')
  })

  test('once, when two ask at the same time on two gateways', async () => {
    for (let round = 0; round < 5; round++) {
      const patient = someone()
      const twice = { ...patient, family_name: patient.family_name.toUpperCase(), phone: '+1 (555) 010-0555' }
      const answers = await Promise.all([
        intake(patient, { new_patient: true }, gateways[0]),
        intake(twice, { new_patient: true }, gateways[1]),
        intake(patient, { new_patient: true }, gateways[1]),
      ])
      expect(answers.map(({ body }) => body['outcome'])).toEqual(['eligible', 'eligible', 'eligible'])
      const found = await registered(fhir, patient.family_name)
      expect(found).toHaveLength(1)
      expect(await recordsFor(fhir, found[0])).toHaveLength(1)
    }
  })

  test('once, although the answer of the EHR was lost', async () => {
    const patient = someone()
    let cut = 0
    proxy.rule((request) => (request.kind === 'transaction' && cut++ === 0 ? 'cut-answer' : 'pass'))
    const answer = await intake(patient, { new_patient: true }, byProxy)
    proxy.pass()
    expect(cut).toBeGreaterThan(0)
    expect(answer.body['outcome']).toBe('eligible')
    expect(await registered(fhir, patient.family_name)).toHaveLength(1)
  })

  test('never beside a patient of that name and birth date; the answer is that for anybody who is new', async () => {
    const patient = someone()
    await succeed(intake(patient, { new_patient: true }))
    const stranger = await intake({ ...patient, phone: '555-010-0999' }, { new_patient: true })
    expect(stranger.body).toMatchObject({ outcome: 'needs_staff', escalation_reason: 'new_patient' })
    expect('patient_token' in stranger.body).toBe(false)
    expect(await registered(fhir, patient.family_name)).toHaveLength(1)
  })

  test('not at all where the clinic wants staff to do it', async () => {
    const usual = await start(fhir.baseUrl, { newPatients: 'escalate' })
    const patient = someone()
    const answer = await intake(patient, { new_patient: true }, usual)
    await usual.stop()
    expect(answer.body).toMatchObject({ outcome: 'needs_staff', escalation_reason: 'new_patient' })
    const [task] = await tasksOf(fhir, String(answer.body['escalation_id']))
    expect(JSON.stringify(task)).not.toContain(patient.family_name)
    expect(await registered(fhir, patient.family_name)).toEqual([])
  })

  test('not with what cannot be true: the field is named', async () => {
    expectProblem(await intake({ ...someone(), given_name: '12' }, { new_patient: true }), 'invalid_request', {
      path: 'patient.given_name',
    })
    expectProblem(await intake({ ...someone(), mrn: 'X-1' }, { new_patient: true }), 'invalid_request', { path: 'patient.mrn' })
  })
})

/** A part of a name that nothing else has, in letters only. */
function letters(): string {
  return unique('n')
    .replace(/[^a-z0-9]/g, '')
    .replace(/\d/g, (digit) => 'qrstuvwxyz'.charAt(Number(digit)))
}

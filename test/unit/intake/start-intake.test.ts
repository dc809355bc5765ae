import type { AuditEvent } from 'fhir/r4.js'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { AuditTrail } from '../../../src/audit/audit-trail.ts'
import { BookingError } from '../../../src/booking/errors.ts'
import type { ClinicMapping } from '../../../src/clinic/mapping.ts'
import type { IntakeAnswer, IntakeBody } from '../../../src/intake/intake-request.ts'
import { startIntake, type IntakeDeps } from '../../../src/intake/start-intake.ts'
import { BEGINNING } from '../../simulation/world.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { ADA, CHATBOT, memoryGateway } from '../helpers/memory-gateway.ts'
import { callWithin } from '../helpers/scripted-ehr.ts'

type Clinic = ReturnType<typeof clinicWith>
let clinic: Clinic

/** A clinic in memory with other rules; what is audited beside the writes is kept. */
function clinicWith(changes: Partial<ClinicMapping> = {}, ehr: { isDown?: boolean; looksMs?: number } = {}) {
  const { gateway, store } = memoryGateway()
  const audited: AuditEvent[] = []
  const mapping: ClinicMapping = { ...gateway.booking.mapping, ...changes }
  const looks: number[] = []
  const fails = () => Promise.reject(new BookingError('ehr_unavailable', 'down'))
  const down =
    ehr.isDown === true
      ? { ehr: { batch: fails, commit: () => Promise.resolve({ kind: 'unavailable', retryAfterSeconds: 1 } as const) } }
      : {}
  const deps: IntakeDeps = {
    ...gateway,
    booking: { ...gateway.booking, mapping, ...down },
    escalation: { ...gateway.escalation, mapping, ...down },
    patients: {
      find: async (params, call) => {
        looks.push(params.length)
        if (ehr.looksMs !== undefined) await new Promise((resolve) => setTimeout(resolve, ehr.looksMs))
        return ehr.isDown === true ? fails() : gateway.patients.find(params, call)
      },
    },
    audit: new AuditTrail({ store: (events) => Promise.resolve(audited.push(...events) > 0) }, () => undefined),
  }
  return {
    deps,
    store,
    mapping,
    audited,
    looks,
    codes: () => audited.map(({ subtype, outcomeDesc }) => `${subtype?.[0]?.code ?? ''} ${outcomeDesc ?? ''}`),
  }
}

const ask = (body: Partial<IntakeBody> = {}, conversation?: string, on = clinic): Promise<IntakeAnswer> =>
  startIntake(on.deps, CHATBOT, { type: 'short', patient: ADA, ...body }, callWithin(), conversation)
const refused = (body: Partial<IntakeBody>, conversation?: string) =>
  ask(body, conversation).then(
    () => undefined,
    (error: unknown) => error as BookingError,
  )
const tasks = () => clinic.store.all('Task')
const everything = () => JSON.stringify([...tasks(), ...clinic.store.all('AuditEvent'), ...clinic.store.all('Patient'), ...clinic.audited])

startAtBeginning()
beforeEach(() => {
  clinic = clinicWith()
})

test('a known patient goes on, and the look-up is on record', async () => {
  const answer = await ask()
  expect(answer).toMatchObject({ outcome: 'eligible', next_actions: ['find_availability'] })
  expect(await clinic.deps.patientTokens.read(answer.patient_token ?? '', 'chatbot')).toBe('Patient/ada')
  expect(clinic.codes()).toEqual(['look-up '])
  expect(clinic.looks).toHaveLength(1)
})

describe('a red flag', () => {
  test('ends the booking: no token, what to do, and that it is no triage', async () => {
    const answer = await ask({ reason: 'I have chest pain since this morning' })
    expect(answer).toMatchObject({ outcome: 'urgent', call: ['911'], language: 'en', next_actions: ['call_emergency'] })
    expect(answer.patient_token).toBeUndefined()
    expect(answer.message).toMatch(/call 911.*cannot judge symptoms/)
  })

  test("is escalated with the rule's id, the priority and the patient, and with nothing that was said", async () => {
    const answer = await ask({ reason: 'My zebra says I have chest pain' })
    expect(tasks()).toHaveLength(1)
    const [task] = tasks()
    expect(task).toMatchObject({ priority: 'stat', code: { coding: [{ code: 'red_flag' }] }, for: { reference: 'Patient/ada' } })
    expect(task?.identifier?.[0]?.value).toBe(answer.escalation_id)
    expect(task?.input?.map(({ type }) => type.coding?.[0]?.code)).toEqual(['channel', 'chest-pain'])
    expect(everything()).not.toMatch(/zebra|this morning/i)
    expect(JSON.stringify(answer)).not.toMatch(/zebra|chest/i)
  })

  test('has the priority of its rule', async () => {
    await ask({ reason: 'suddenly dizzy' })
    expect(tasks()[0]?.priority).toBe('asap')
  })

  test('comes first: whatever else is wrong with the request', async () => {
    for (const body of [
      { type: 'no-such-type' },
      { type: 'staff-only' },
      { patient: {} },
      { patient: { birth_date: 'March' } },
      { provider: '?' },
      { exception: 'overbook' as const },
    ])
      expect((await ask({ ...body, reason: 'he cannot breathe' })).outcome).toBe('urgent')
    expect((await ask({ type: 'chest pain' })).outcome).toBe('urgent')
  })

  test('comes also with the EHR down, and soon', async () => {
    clinic = clinicWith({}, { isDown: true })
    const answer = await ask({ reason: 'no puedo respirar' })
    expect(answer).toMatchObject({ outcome: 'urgent', language: 'es' })
    expect(answer.message).toMatch(/911/)
    expect(answer.escalation_id).toBeUndefined()
  })

  test('does not wait for an EHR that takes its time: staff are told beside', async () => {
    clinic = clinicWith({}, { looksMs: 2_200 })
    const started = performance.now()
    const answer = await ask({ reason: 'chest pain' })
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(answer).toMatchObject({ outcome: 'urgent' })
    expect(answer.escalation_id).toBeUndefined()
    await vi.waitFor(() => {
      expect(tasks()).toHaveLength(1)
    }, 3_000)
  })

  test('of one patient is one Task a day; of people without details one for each conversation or request', async () => {
    const ids = [await ask({ reason: 'chest pain' }), await ask({ reason: 'pain in my chest' })].map((answer) => answer.escalation_id)
    expect(ids[0]).toBe(ids[1])
    const nobody = { patient: {}, reason: 'chest pain' }
    const others = [await ask(nobody, 'c1'), await ask(nobody, 'c1'), await ask(nobody, 'c2')].map((answer) => answer.escalation_id)
    expect(others[0]).toBe(others[1])
    expect(new Set([...ids, ...others]).size).toBe(3)
  })

  test('costs nobody an attempt', async () => {
    for (let index = 0; index < 8; index++) await ask({ patient: { ...ADA, birth_date: '1970-01-01' }, reason: 'chest pain' }, 'c')
    expect((await ask({}, 'c')).outcome).toBe('eligible')
  })
})

describe('a reason', () => {
  test('that is ordinary is dropped, and the booking goes on', async () => {
    for (const reason of ['check-up after surgery', 'blood pressure follow-up', 'a cough', 'no chest pain'])
      expect((await ask({ reason })).outcome).toBe('eligible')
    expect(everything()).not.toMatch(/surgery|blood|cough|chest/)
    expect(tasks()).toEqual([])
  })

  test('with details for the staff is refused politely, without a token and without a look-up', async () => {
    const answer = await ask({ reason: 'refill of my metformin 500mg' })
    expect(answer).toMatchObject({
      outcome: 'needs_staff',
      escalation_reason: 'other',
      next_actions: ['start_intake', 'escalate', 'contact_staff'],
    })
    expect(answer.message).toMatch(/^For your privacy/)
    expect(answer.patient_token).toBeUndefined()
    expect(clinic.looks).toEqual([])
    expect(tasks()).toEqual([])
  })
})

describe('what staff arrange', () => {
  test.for<readonly [string, Partial<IntakeBody>, string]>([
    ['a visit type that is not booked online', { type: 'staff-only' }, 'other'],
    ['a visit in a full time', { exception: 'overbook' }, 'exception_requested'],
    ['a visit squeezed in', { exception: 'urgent_add_on' }, 'exception_requested'],
    ["another provider's visit", { exception: 'other_provider' }, 'exception_requested'],
    ['a visit type that this provider does not have', { type: 'chosen', provider: 'ann' }, 'exception_requested'],
    ['a provider who is not there', { provider: 'nobody-at-all' }, 'exception_requested'],
    ['a place without this visit type', { location: 'the-moon' }, 'exception_requested'],
  ])('%s: which reason to send, and whom it is for', async ([, body, reason]) => {
    clinic = clinicWith({
      visitTypes: [
        ...clinic.mapping.visitTypes,
        special('staff-only', { bookable: false }),
        special('chosen', { providers: ['Practitioner/bob'] }),
      ],
    })
    const answer = await ask(body)
    expect(answer).toMatchObject({ outcome: 'needs_staff', escalation_reason: reason })
    expect(answer.next_actions).toEqual(expect.arrayContaining(['escalate', 'contact_staff']))
    expect(await clinic.deps.patientTokens.read(answer.patient_token ?? '', 'chatbot')).toBe('Patient/ada')
    expect((await ask({ ...body, patient: {} })).patient_token).toBeUndefined()
    expect(tasks()).toEqual([])
  })

  test('a specialty that the visit type does not have', async () => {
    const skin = special('skin', { writes: { serviceType: [], specialty: ['http://snomed.info/sct|394582007'] } })
    clinic = clinicWith({ visitTypes: [skin] })
    const outcomes = []
    for (const specialty of ['394582007', 'http://snomed.info/sct|394582007', '394579002', 'http://other.example|394582007'])
      outcomes.push((await ask({ type: 'skin', specialty })).outcome)
    expect(outcomes).toEqual(['eligible', 'eligible', 'needs_staff', 'needs_staff'])
  })

  test('what is offered there goes on', async () => {
    const [schedule] = clinic.store.all('Schedule')
    const provider = schedule?.actor[0]?.reference ?? ''
    expect((await ask({ provider })).outcome).toBe('eligible')
    expect((await ask({ provider: provider.slice('Practitioner/'.length), specialty: 'anything' })).outcome).toBe('eligible')
  })

  test('without an answer of the EHR it is told all the same', async () => {
    clinic = clinicWith({ visitTypes: [special('staff-only', { bookable: false })] }, { isDown: true })
    expect(await ask({ type: 'staff-only' })).toMatchObject({ outcome: 'needs_staff', escalation_reason: 'other' })
  })

  test('a visit that is booked elsewhere has its link, and needs nobody to be known', async () => {
    clinic = clinicWith({ visitTypes: [special('lab', { portal: { url: 'https://lab.example/book', label: 'Book at the lab' } })] })
    const answer = await ask({ type: 'lab', patient: {} })
    expect(answer).toMatchObject({ outcome: 'needs_staff', portal_url: 'https://lab.example/book', portal_label: 'Book at the lab' })
    expect(answer.next_actions).toEqual(['open_portal', 'contact_staff'])
    expect(clinic.looks).toEqual([])
  })

  /** A visit type like `short` with something else about it. */
  function special(code: string, changes: Partial<ClinicMapping['visitTypes'][number]>): ClinicMapping['visitTypes'][number] {
    const [short] = clinicWith().mapping.visitTypes
    if (!short) throw new Error('the clinic has visit types')
    return { ...short, code, ...changes }
  }
})

describe('a request that cannot be right', () => {
  test.for<readonly [Partial<IntakeBody>, string]>([
    [{ type: 'none' }, 'type'],
    [{ modality: 'phone' }, 'modality'],
    [{ provider: 'Dr. Ann Tester' }, 'provider'],
    [{ location: 'Main Street?' }, 'location'],
    [{ patient: { ...ADA, birth_date: '02/29/1980' } }, 'patient.birth_date'],
    [{ patient: { ...ADA, birth_date: '1981-02-29' } }, 'patient.birth_date'],
    [{ window: { start: 'tomorrow', end: '2027-03-02T10:00:00Z' } }, 'window.start'],
    [{ window: { start: '2027-03-02T10:00:00Z', end: '2027-03-02' } }, 'window.end'],
    [{ window: { start: '2027-03-02T10:00:00Z', end: '2027-03-02T10:00:00Z' } }, 'window.end'],
    [{ window: { start: '1927-03-02T10:00:00Z', end: '1927-03-03T10:00:00Z' } }, 'window.end'],
  ])('%j', async ([body, path]) => {
    expect(await refused(body)).toMatchObject({ code: 'invalid_request', extras: { path } })
    expect(clinic.looks).toEqual([])
  })
})

describe('an identity that does not hold', () => {
  const wrong = (day: number) => ({ patient: { ...ADA, birth_date: `1970-01-${String(day).padStart(2, '0')}` } })

  test('has one answer, whichever part is wrong, and one look-up at most', async () => {
    const answers = [
      await ask(wrong(1)),
      await ask({ patient: { ...ADA, mrn: 'A-2' } }),
      await ask({ patient: { mrn: 'A-1' } }),
      await ask({ patient: {} }),
    ]
    const shape = ({ escalation_id, ...answer }: IntakeAnswer) => ({ ...answer, escalated: escalation_id !== undefined })
    expect(new Set(answers.map((answer) => JSON.stringify(shape(answer)))).size).toBe(1)
    expect(answers[0]).toMatchObject({ outcome: 'identity_unverified', next_actions: ['start_intake', 'contact_staff'] })
    expect(clinic.looks).toHaveLength(2)
    expect(tasks()).toHaveLength(4)
  })

  test('of two patients with the same details is none', async () => {
    const [ada] = clinic.store.all('Patient')
    clinic.store.put({ ...ada, id: 'twin' })
    expect((await ask()).outcome).toBe('identity_unverified')
  })

  test('may be tried five times with one detail, then staff help, and the EHR is not asked', async () => {
    for (let day = 1; day <= 5; day++) expect((await ask(wrong(day))).outcome).toBe('identity_unverified')
    const answer = await ask(wrong(6))
    expect(answer).toMatchObject({ outcome: 'needs_staff', escalation_reason: 'other', next_actions: ['contact_staff', 'escalate'] })
    expect((await ask()).outcome).toBe('needs_staff')
    expect(clinic.looks).toHaveLength(5)
    expect(clinic.codes().at(-1)).toBe('denied attempts_exhausted')
    expect((await ask({ patient: { mrn: 'B-2', birth_date: '1990-01-01' } })).outcome).toBe('eligible')
  })

  test('the same details again are no new guess', async () => {
    for (let index = 0; index < 9; index++) expect((await ask(wrong(1))).outcome).toBe('identity_unverified')
  })

  test('a success is no failure', async () => {
    for (let index = 0; index < 9; index++)
      expect((await ask({ patient: { ...ADA, phone: `555-010-00${index}0` } })).outcome).toBe('eligible')
  })

  test('guesses in parallel count too', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, day) => ask(wrong(day + 1))))
    expect(answers.filter(({ outcome }) => outcome === 'identity_unverified')).toHaveLength(5)
  })

  test('of one conversation keeps no other one out', async () => {
    const guess = (index: number) => ({ patient: { mrn: `X-${index}`, birth_date: `19${10 + index}-05-05` } })
    const outcomes = []
    for (let index = 0; index < 8; index++) outcomes.push((await ask(guess(index), 'attacker')).outcome)
    expect(outcomes).toEqual([...Array.from({ length: 5 }, () => 'identity_unverified'), ...Array.from({ length: 3 }, () => 'needs_staff')])
    expect((await ask({}, 'somebody else')).outcome).toBe('eligible')
    expect((await ask({ patient: { mrn: 'B-2', birth_date: '1990-01-01' } })).outcome).toBe('eligible')
  })

  test('verifying oneself in between gives no new attempts', async () => {
    for (let index = 0; index < 5; index++) {
      await ask({ patient: { mrn: `X-${index}`, birth_date: '1955-05-05' } }, 'attacker')
      await ask({ patient: { mrn: 'B-2', birth_date: '1990-01-01' } }, 'attacker')
    }
    expect((await ask({ patient: { mrn: 'X-9', birth_date: '1955-05-05' } }, 'attacker')).outcome).toBe('needs_staff')
  })

  test('of a client that names no conversations is slowed down for a minute; named ones go on', async () => {
    for (let index = 0; index < 30; index++) await ask({ patient: { mrn: `X-${index}`, birth_date: `19${10 + index}-05-05` } })
    expect(await refused({})).toMatchObject({ code: 'rate_limited', extras: { retryAfterSeconds: 60 } })
    expect((await ask({}, 'named')).outcome).toBe('eligible')
  })

  test('stands in no counter in clear', async () => {
    const keys: string[] = []
    const { counters } = clinic.deps.escalation
    const watched = {
      ...clinic.deps.escalation,
      counters: { ...counters, add: (key: string, seconds: number, by?: number) => (keys.push(key), counters.add(key, seconds, by)) },
    }
    await startIntake(
      { ...clinic.deps, escalation: watched },
      CHATBOT,
      { type: 'short', patient: { ...ADA, mrn: 'ZZ-1' } },
      callWithin(),
      'my-chat',
    )
    expect(keys.length).toBeGreaterThan(3)
    expect(keys.join()).not.toMatch(/zz|1980|my-chat/i)
  })
})

describe('a new patient', () => {
  const NEW = { family_name: "O'Neil-Quist", given_name: 'Nia', birth_date: '1999-09-09', phone: '+1 555 010 0100' }
  const asNew = (patient: IntakeBody['patient'] = NEW, on = clinic) => ask({ patient, new_patient: true }, undefined, on)

  test('is for staff by default, who are told without the details', async () => {
    const answer = await asNew()
    expect(answer).toMatchObject({ outcome: 'needs_staff', escalation_reason: 'new_patient', next_actions: ['contact_staff'] })
    expect(tasks()).toMatchObject([{ code: { coding: [{ code: 'new_patient' }] } }])
    expect(everything()).not.toMatch(/Quist|Nia|1999/)
  })

  test('who is known goes on as usual', async () => {
    expect(await ask({ new_patient: true })).toMatchObject({ outcome: 'eligible' })
  })

  describe('where the clinic registers them', () => {
    beforeEach(() => {
      clinic = clinicWith({ newPatients: 'register' })
    })
    const registered = () => clinic.store.all('Patient').filter(({ name }) => name?.[0]?.family === NEW.family_name)

    test('is created once, with what was given and no more, and on record', async () => {
      const answer = await asNew()
      expect(answer).toMatchObject({ outcome: 'eligible', next_actions: ['find_availability'] })
      const [patient] = registered()
      expect(await clinic.deps.patientTokens.read(answer.patient_token ?? '', 'chatbot')).toBe(`Patient/${patient?.id ?? ''}`)
      expect(patient).toMatchObject({
        active: true,
        name: [{ family: NEW.family_name, given: ['Nia'] }],
        birthDate: '1999-09-09',
        telecom: [{ system: 'phone', value: NEW.phone }],
      })
      expect(Object.keys(patient ?? {}).sort()).toEqual([
        'active',
        'birthDate',
        'id',
        'identifier',
        'meta',
        'name',
        'resourceType',
        'telecom',
      ])
      expect(clinic.store.all('AuditEvent')).toMatchObject([
        { subtype: [{ code: 'register' }], action: 'C', entity: [{}, { what: { reference: `Patient/${patient?.id ?? ''}` } }] },
      ])
    })

    test('again, also in parallel and in other letters, is the same one', async () => {
      const answers = await Promise.all([
        asNew(),
        asNew(),
        asNew({ ...NEW, family_name: 'ONEIL QUIST', given_name: 'NIA', phone: '5550100100' }),
      ])
      expect(answers.map(({ outcome }) => outcome)).toEqual(['eligible', 'eligible', 'eligible'])
      expect(registered()).toHaveLength(1)
      expect((await asNew()).outcome).toBe('eligible')
      expect(registered()).toHaveLength(1)
    })

    test('is not created beside a patient of that name and birth date, whose visits stay closed', async () => {
      clinic.store.put({
        resourceType: 'Patient',
        id: 'old',
        active: false,
        name: [{ family: 'Oneil Quist', given: ['Nia', 'B'] }],
        birthDate: '1999-09-09',
      })
      const answer = await asNew()
      expect(answer).toMatchObject({ outcome: 'needs_staff', escalation_reason: 'new_patient' })
      expect(answer.patient_token).toBeUndefined()
      expect(registered()).toEqual([])
    })

    test('somebody else with that name and birth date gets no token of the one registered before', async () => {
      await asNew()
      expect(await asNew({ ...NEW, phone: '555 010 0199' })).toMatchObject({ outcome: 'needs_staff' })
      vi.setSystemTime(BEGINNING + 31 * 60_000)
      clinic.mapping.identity.sufficient.splice(1)
      expect(await asNew()).toMatchObject({ outcome: 'needs_staff' })
      expect(registered()).toHaveLength(1)
    })

    test.for<readonly [Partial<Record<keyof typeof NEW | 'mrn' | 'email', string | undefined>>, string]>([
      [{ mrn: 'N-1' }, 'patient.mrn'],
      [{ family_name: undefined }, 'patient.family_name'],
      [{ family_name: '{{name}}' }, 'patient.family_name'],
      [{ given_name: '42' }, 'patient.given_name'],
      [{ given_name: 'Nia\u0000' }, 'patient.given_name'],
      [{ birth_date: undefined }, 'patient.birth_date'],
      [{ birth_date: '2127-01-01' }, 'patient.birth_date'],
      [{ birth_date: '1799-01-01' }, 'patient.birth_date'],
      [{ phone: undefined }, 'patient.phone'],
      [{ phone: '12' }, 'patient.phone'],
      [{ phone: undefined, email: 'nia at home' }, 'patient.email'],
    ])('is not created with what cannot be true: %j', async ([changes, path]) => {
      expect(await refused({ patient: { ...NEW, ...changes }, new_patient: true })).toMatchObject({
        code: 'invalid_request',
        extras: { path },
      })
      expect(clinic.store.all('Patient')).toHaveLength(2)
    })

    test('is not created while the EHR is not fit for writing, or down', async () => {
      clinic = clinicWith({ newPatients: 'register' }, { isDown: true })
      await expect(asNew()).rejects.toMatchObject({ code: 'ehr_unavailable' })
    })

    test('one client cannot fill the EHR', async () => {
      const letters = 'abcdefghijklmnopqrstuvwxyzäöüéáó'
      const outcomes = []
      for (const letter of letters) outcomes.push((await asNew({ ...NEW, given_name: `N${letter}x`, birth_date: '1990-01-01' })).outcome)
      expect(outcomes.filter((outcome) => outcome === 'eligible').length).toBeLessThanOrEqual(30)
      expect(outcomes.at(-1)).toBe('needs_staff')
    })
  })
})

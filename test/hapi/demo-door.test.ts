import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDesk, unique, type Desk } from '../helpers/clinic.ts'
import { clientsFile, startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { hapiOnH2 } from '../helpers/servers.ts'

const fhir = hapiOnH2()
const PATHS = ['/demo', '/demo/main.js', '/demo/base.css', '/demo/clinic.json', '/demo/ehr'] as const
const CLIENTS = [
  { id: 'curious', key: 'key-of-somebody-curious', scopes: ['appointments:read', 'appointments:write', 'patients:any'] as const },
  { id: 'watcher', key: 'key-of-who-watches', scopes: ['staff'] as const },
]

describe('in development', () => {
  let gateway: GatewayProcess
  let desk: Desk
  beforeAll(async () => {
    gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl })
    desk = await openDesk(fhir, { slots: 4 })
  })
  afterAll(() => gateway.stop())

  test('the page and its files come without a key, and let nothing in from elsewhere', async () => {
    for (const path of ['/demo', '/demo/main.js', '/demo/base.css', '/demo/icon.svg']) {
      const { status, headers } = await gateway.api.get(path, { auth: null })
      expect([path, status]).toEqual([path, 200])
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'self';/)
    }
    const { body } = await gateway.api.get('/demo', { auth: null })
    expect(body['text']).not.toMatch(/https?:|<style|style=| on[a-z]+=/)
  })

  test.for(['/demo/tsconfig.json', '/demo/..%2fdoor.ts', '/demo/../door.ts', '/demo/%2e%2e/door.ts', '/demo/nothing.js'])(
    'nothing else is given out: %s',
    async (path) => {
      expect((await gateway.api.get(path, { auth: null })).status).toBe(404)
    },
  )

  test('the EHR tells every version of a visit and of its Slots, also of those it had before', async () => {
    const { api } = gateway
    const [patient] = desk.patients
    const offers = await api.offers('short', desk.provider)
    const hold = await api.post('/holds', { slot_id: offers[0]?.slot_id, patient })
    const id = hold.body.hold_id
    // Looked at in between: a history that is read anew must not leave out what came since.
    await api.get(`/demo/ehr?appointment=${id}`)
    await api.post('/appointments', { hold_id: id })
    await api.post(`/appointments/${id}/reschedule`, { slot_id: offers[2]?.slot_id })
    const { status, body } = await api.get(`/demo/ehr?appointment=${id}&slots=${desk.slots[0]!.id!}`)
    expect(status).toBe(200)
    const statuses = (versions: unknown) => (versions as { status: string }[]).map((version) => version.status)
    expect(statuses(body['appointment'])).toEqual(['booked', 'booked', 'pending'])
    expect((body.slots as unknown as unknown[]).map(statuses)).toEqual([
      ['free', 'busy', 'busy-tentative', 'free'],
      ['busy', 'free'],
    ])
  })

  test('an escalation shows its Task', async () => {
    const placed = await gateway.api.post('/escalations', { reason: 'other', patient: desk.patients[0] }, { key: unique('key') })
    const { body } = await gateway.api.get(`/demo/ehr?escalation=${String(placed.body['escalation_id'])}`)
    expect(body['task']).toMatchObject([{ resourceType: 'Task', status: 'requested' }])
  })

  test('an id that is none finds nothing, and a question that names nothing, or more than Slot ids, is refused', async () => {
    const { api } = gateway
    expect(await api.get('/demo/ehr?appointment=ap-none')).toMatchObject({ status: 200, body: { appointment: [], slots: [], task: [] } })
    expect((await api.get('/demo/ehr?appointment=ap-none&slots=a/../Patient')).status).toBe(400)
    expect((await api.get('/demo/ehr')).status).toBe(400)
  })
})

describe('who may look', () => {
  let gateway: GatewayProcess
  beforeAll(async () => {
    gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl, environment: clientsFile(CLIENTS) })
  })
  afterAll(() => gateway.stop())

  test('only a key with scope staff sees the EHR: the look goes past the rules about whose visit it is', async () => {
    const ask = (auth: string | null) => gateway.api.get('/demo/ehr?appointment=ap-none', { auth })
    expect((await ask(null)).status).toBe(401)
    expect(await ask('Bearer key-of-somebody-curious')).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect((await ask('Bearer key-of-who-watches')).status).toBe(200)
  })
})

describe('in production', () => {
  let gateway: GatewayProcess
  beforeAll(async () => {
    const environment = { NODE_ENV: 'production', TOKEN_SECRET: 'a-secret-of-these-tests-that-is-long-enough', ...clientsFile(CLIENTS) }
    gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl, environment })
  })
  afterAll(() => gateway.stop())

  test.for(PATHS)('%s does not exist, with the right key neither', async (path) => {
    expect(await gateway.api.get(path, { auth: 'Bearer key-of-who-watches' })).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})

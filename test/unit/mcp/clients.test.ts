import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { VERSION } from '../../../src/desk/version.ts'
import { CLIENTS, type McpFace } from '../../helpers/mcp-clients.ts'
import { BEGINNING } from '../../simulation/world.ts'
import { ADA, CHATBOT, memoryGateway } from '../helpers/memory-gateway.ts'
import packageJson from '../../../package.json' with { type: 'json' }

let app: FastifyInstance
let url: string
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(BEGINNING)
  const key_sha256 = createHash('sha256').update('the-key').digest('hex')
  app = await buildApp({ ...memoryGateway().gateway, clients: [{ ...CHATBOT, key_sha256 }] }, pino({ level: 'silent' }))
  url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/mcp`
})
afterAll(async () => {
  await app.close()
  vi.useRealTimers()
})

test('the version told is that of package.json', () => {
  expect(VERSION).toBe(packageJson.version)
})

test.for(Object.entries(CLIENTS))('%s: from intake to cancel', async ([, connect]) => {
  const client: McpFace = await connect({ url, key: 'the-key' })
  expect(client.server).toMatchObject({ name: 'fhir-scheduling-gateway', version: VERSION })
  expect(client.instructions).toContain('Order: start_intake')
  const [first] = await client.tools()
  expect(first?.name).toBe('start_intake')

  const { body: known } = await client.call('start_intake', { type: 'short', patient: ADA })
  const { patient_token } = known
  const { body: found } = await client.call('find_times', { type: 'short' })
  const [one, two] = found['slots'] as { slot_id: string }[]
  const { body: held } = await client.call('hold_time', { slot_id: one?.slot_id, patient_token })
  expect(held).toMatchObject({ outcome: 'ok', state: 'held' })
  const { hold_id } = held
  for (const replayed of [false, true]) {
    const booked = await client.call('confirm_booking', { hold_id, patient_token })
    expect(booked).toMatchObject({ isError: false, body: { outcome: 'ok', state: 'booked', replayed } })
  }
  const moved = await client.call('reschedule', { appointment_id: hold_id, slot_id: two?.slot_id, patient_token })
  expect(moved.body).toMatchObject({ outcome: 'ok', appointment_id: hold_id })
  expect((await client.call('cancel', { appointment_id: hold_id, patient_token })).body).toMatchObject({ state: 'cancelled' })
  expect((await client.call('my_appointments', { patient_token })).body['appointments']).toEqual([])
  expect(await client.call('find_times', { type: 7 })).toMatchObject({ isError: true, body: { outcome: 'invalid_request' } })
  await client.close()
})

test.for(Object.entries(CLIENTS))('%s: without a key there is no way in', async ([, connect]) => {
  await expect(connect({ url, key: 'invented' })).rejects.toThrow()
})

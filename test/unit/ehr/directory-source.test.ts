import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { FhirResource, Schedule } from 'fhir/r4.js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newCall } from '../../../src/booking/call.ts'
import { FhirDirectorySource } from '../../../src/ehr/directory-source.ts'
import type { Directory } from '../../../src/scheduling/directory.ts'
import { FhirHttp } from '../../../src/ehr/fhir-http.ts'
import { buildGuards } from '../../../src/ehr/guard.ts'
import { schedule } from '../helpers/day.ts'

/** A FHIR server with Schedules of which the test says when they changed; it remembers what was asked. */
let server: Server
let http: FhirHttp
let source: FhirDirectorySource
let stored: FhirResource[]
let asked: string[]
/** Answers to searches for everything wait for it. */
let held: Promise<unknown>
beforeEach(async () => {
  stored = []
  asked = []
  held = Promise.resolve()
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://test')
    asked.push(request.url ?? '')
    const since = searchParams.get('_lastUpdated')?.slice(2) ?? ''
    const found = stored.filter((each) => pathname.endsWith(each.resourceType) && (each.meta?.lastUpdated ?? '') >= since)
    const entry = found.map((resource) => ({ resource, search: { mode: 'match' } }))
    response.setHeader('content-type', 'application/fhir+json')
    const answer = () => response.end(JSON.stringify({ resourceType: 'Bundle', type: 'searchset', meta: { lastUpdated: new Date().toISOString() }, entry }))
    void (since === '' ? held : Promise.resolve()).then(answer)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  http = new FhirHttp({ baseUrl: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/fhir`, connections: 3 })
  const nothing = () => undefined
  source = new FhirDirectorySource(http, buildGuards({ breaker: nothing, refused: nothing, roundTrip: nothing }).directory)
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await http.close()
})

const call = () => newCall('request', 'client')
const LONG_AGO = '2020-01-01T00:00:00.000Z'
function store(id: string, version = '1', lastUpdated = new Date().toISOString()): Schedule {
  const made = { ...schedule(id, ['Practitioner/ann']), meta: { versionId: version, lastUpdated } }
  stored = [...stored.filter((each) => each.id !== id), made]
  return made
}
/** Ids and versions of the Schedules after a refresh, and whether everything was read for it. */
async function refreshed(contradicted?: Directory): Promise<{ schedules: string[]; whole: boolean; directory: Directory }> {
  asked = []
  const { directory } = await source.refresh(call(), contradicted)
  const schedules = [...directory.schedules.values()].map(({ id, version }) => `${id} v${version}`).sort()
  return { schedules, whole: asked.some((url) => !url.includes('_lastUpdated')), directory }
}

test('everything is read once, then what has changed', async () => {
  store('a', '1', LONG_AGO)
  expect(await refreshed()).toMatchObject({ schedules: ['a v1'], whole: true })
  store('b')
  expect(await refreshed()).toMatchObject({ schedules: ['a v1', 'b v1'], whole: false })
  store('a', '2')
  expect(await refreshed()).toMatchObject({ schedules: ['a v2', 'b v1'], whole: false })
})

test('where somebody saw a change and none is found, everything is read: something was deleted', async () => {
  store('a', '1', LONG_AGO)
  store('b', '1', LONG_AGO)
  const { directory } = await refreshed()
  stored = stored.filter(({ id }) => id !== 'b')
  expect(await refreshed(directory)).toMatchObject({ schedules: ['a v1'], whole: true })
})

test('also where another change hides the deletion: asked a second time', async () => {
  store('a', '1', LONG_AGO)
  store('b', '1', LONG_AGO)
  const first = await refreshed()
  stored = stored.filter(({ id }) => id !== 'b')
  store('c')
  const second = await refreshed(first.directory)
  expect(second).toMatchObject({ schedules: ['a v1', 'b v1', 'c v1'], whole: false })
  expect(await refreshed(second.directory)).toMatchObject({ schedules: ['a v1', 'c v1'], whole: true })
})

test('many who saw the same change read nothing whole, whoever comes first', async () => {
  store('a', '1', LONG_AGO)
  const { directory } = await refreshed()
  store('b')
  asked = []
  const found = await Promise.all(Array.from({ length: 20 }, () => source.refresh(call(), directory)))
  for (const one of found) expect([...one.directory.schedules.keys()]).toEqual(['a', 'b'])
  // Whoever saw it before a reading that has it already needs no other one.
  expect(await refreshed(directory)).toMatchObject({ schedules: ['a v1', 'b v1'], whole: false })
  expect(asked.filter((url) => !url.includes('_lastUpdated'))).toEqual([])
})

test('many who saw the same deletion read everything once', async () => {
  store('a', '1', LONG_AGO)
  store('b', '1', LONG_AGO)
  const { directory } = await refreshed()
  stored = stored.filter(({ id }) => id !== 'b')
  asked = []
  const found = await Promise.all(Array.from({ length: 20 }, () => source.refresh(call(), directory)))
  for (const one of found) expect([...one.directory.schedules.keys()]).toEqual(['a'])
  expect(asked.filter((url) => url.includes('/Schedule?') && !url.includes('_lastUpdated'))).toHaveLength(1)
})

test('who only wants the latest costs no whole reading', async () => {
  store('a', '1', LONG_AGO)
  const before = await source.refresh(call())
  expect(await refreshed()).toMatchObject({ schedules: ['a v1'], whole: false })
  const after = await source.current(call())
  expect(after.directory).toBe(before.directory)
  expect(after.asOf).toBeGreaterThanOrEqual(before.asOf)
})

test('what changed a moment before the last reading is looked at again, and is no news', async () => {
  store('a')
  await refreshed()
  expect(await refreshed()).toMatchObject({ schedules: ['a v1'], whole: false })
})

test('a change is read at once while everything is being read, and is not forgotten after that', async () => {
  store('a', '1', LONG_AGO)
  store('b', '1', LONG_AGO)
  const { directory } = await refreshed()
  stored = stored.filter(({ id }) => id !== 'b')
  const { promise, resolve: release } = Promise.withResolvers<unknown>()
  held = promise
  asked = []
  const whole = source.refresh(call(), directory)
  await expect.poll(() => asked.some((url) => url.includes('/Schedule?') && !url.includes('_lastUpdated'))).toBe(true)
  store('c')
  expect((await refreshed(directory)).schedules).toEqual(['a v1', 'b v1', 'c v1'])
  release(undefined)
  expect([...(await whole).directory.schedules.keys()].sort()).toEqual(['a', 'c'])
})

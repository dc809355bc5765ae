import { describe, expect, test } from 'vitest'
import { deleteAll } from '../../../src/ehr/deletions.ts'
import type { Exchange } from '../../../src/ehr/fhir-http.ts'

/** A server that answers the deletions of each resource with these statuses, one after the other, the last for ever. 0: no connection. */
function serverWith(answers: Readonly<Record<string, readonly (number | 'lost' | 'away')[]>>) {
  const asked: string[] = []
  const request = (method: string, url: string): Promise<Exchange> => {
    expect(method).toBe('DELETE')
    const before = asked.filter((one) => one === url).length
    asked.push(url)
    const statuses = answers[url] ?? [204]
    const status = statuses[before] ?? statuses.at(-1)!
    if (typeof status !== 'number') return Promise.resolve({ kind: 'broken', sent: status === 'lost' })
    return Promise.resolve({ kind: 'answer', status, body: undefined, date: null, retryAfterSeconds: undefined })
  }
  return { asked, request }
}

describe('deletions', () => {
  test('go in the order given, once each', async () => {
    const server = serverWith({})
    expect(await deleteAll(server, ['Appointment/a', 'Slot/b'], 1_000)).toEqual([])
    expect(server.asked).toEqual(['Appointment/a', 'Slot/b'])
  })

  test('are repeated where the server refuses, without those that are gone', async () => {
    const server = serverWith({ 'Appointment/a': [409, 204], 'Slot/b': [503, 'lost', 404] })
    expect(await deleteAll(server, ['Appointment/a', 'Slot/b', 'Slot/c'], 1_000)).toEqual([])
    expect(server.asked).toEqual(['Appointment/a', 'Slot/b', 'Slot/c', 'Appointment/a', 'Slot/b', 'Slot/b'])
  })

  test.for([200, 202, 204, 404, 410])('are over after %d', async (status) => {
    expect(await deleteAll(serverWith({ 'Slot/b': [status] }), ['Slot/b'], 1_000)).toEqual([])
  })

  test('name what stays after three tries', async () => {
    const server = serverWith({ 'Slot/b': [403] })
    expect(await deleteAll(server, ['Slot/a', 'Slot/b'], 1_000)).toEqual(['Slot/b'])
    expect(server.asked.filter((url) => url === 'Slot/b')).toHaveLength(3)
  })

  test('do not wait for a connection for each, where there is none', async () => {
    const server = serverWith({ 'Slot/b': ['away', 204] })
    expect(await deleteAll(server, ['Slot/a', 'Slot/b', 'Slot/c'], 1_000)).toEqual([])
    expect(server.asked).toEqual(['Slot/a', 'Slot/b', 'Slot/b', 'Slot/c'])
  })
})

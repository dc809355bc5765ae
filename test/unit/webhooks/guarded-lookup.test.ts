import type { LookupAddress, LookupOptions } from 'node:dns'
import { describe, expect, test } from 'vitest'
import { guardedLookup, TargetRefused, type Resolve } from '../../../src/webhooks/guarded-lookup.ts'

const PUBLIC: LookupAddress = { address: '1.1.1.1', family: 4 }
const PUBLIC_6: LookupAddress = { address: '2606:4700:4700::1111', family: 6 }
const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 }
const LOOPBACK_6: LookupAddress = { address: '::1', family: 6 }
const MAPPED: LookupAddress = { address: '::ffff:10.0.0.1', family: 6 }

/** What a socket is told: addresses, or an error. */
async function ask(
  resolve: Resolve,
  { allowPrivate = false, ...options }: LookupOptions & { allowPrivate?: boolean } = {},
): Promise<unknown> {
  return new Promise((settle) => {
    guardedLookup(resolve, allowPrivate)('receiver.example', { all: true, ...options }, (error, address) => {
      settle(error ?? address)
    })
  })
}
const answering =
  (...addresses: LookupAddress[]): Resolve =>
  () =>
    Promise.resolve(addresses)

describe('a name', () => {
  test('with public addresses gives just these', async () => {
    expect(await ask(answering(PUBLIC, PUBLIC_6))).toEqual([PUBLIC, PUBLIC_6])
    expect(await ask(answering(PUBLIC_6, PUBLIC), { all: false })).toBe(PUBLIC_6.address)
  })

  test.for([
    ['only a private one', [LOOPBACK]],
    ['a private one first', [LOOPBACK, PUBLIC]],
    ['a private one last', [PUBLIC, PUBLIC_6, LOOPBACK_6]],
    ['a mapped one between', [PUBLIC, MAPPED, PUBLIC_6]],
  ] as const)('with %s is refused', async ([, addresses]) => {
    expect(await ask(answering(...addresses))).toBeInstanceOf(TargetRefused)
    expect(await ask(answering(...addresses), { all: false })).toBeInstanceOf(TargetRefused)
    expect(await ask(answering(...addresses), { allowPrivate: true })).toEqual(addresses)
  })

  test('that means something else a moment later is asked once: what was checked is what is used', async () => {
    const answers = [[PUBLIC], [LOOPBACK], [LOOPBACK]]
    const resolve: Resolve = () => Promise.resolve(answers.shift()!)
    expect(await ask(resolve)).toEqual([PUBLIC])
    expect(answers).toHaveLength(2)
    expect(await ask(resolve)).toBeInstanceOf(TargetRefused)
  })

  test('without an address, or that cannot be looked up, is an error', async () => {
    expect(await ask(answering())).toMatchObject({ code: 'ENOTFOUND' })
    const down = Object.assign(new Error('try again'), { code: 'EAI_AGAIN' })
    expect(await ask(() => Promise.reject(down))).toBe(down)
  })
})

import { exportJWK, generateKeyPair } from 'jose'
import { beforeEach, expect, test } from 'vitest'
import { IssuerKeys } from '../../../src/oauth/issuer-keys.ts'

const MINUTE = 60_000
let nowMs: number
let asked: number
let answer: () => Promise<unknown>
let keys: IssuerKeys
beforeEach(async () => {
  nowMs = 0
  asked = 0
  const set = { keys: [await exportJWK((await generateKeyPair('ES256')).publicKey)] }
  answer = () => Promise.resolve(set)
  keys = new IssuerKeys(
    () => {
      asked++
      return answer()
    },
    () => nowMs,
  )
})
const fails = (): Promise<never> => Promise.reject(new Error('the issuer is down'))
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

test('keys are fetched once, and kept for ten minutes', async () => {
  const many = await Promise.all([keys.current(), keys.current(), keys.current()])
  nowMs = 10 * MINUTE - 1
  expect(new Set([...many, await keys.current()]).size).toBe(1)
  expect(asked).toBe(1)
})

test('after that they are renewed in the background: nobody waits', async () => {
  const first = await keys.current()
  nowMs = 10 * MINUTE
  expect(await keys.current()).toBe(first)
  await settled()
  expect(await keys.current()).not.toBe(first)
  expect(asked).toBe(2)
})

test('while the issuer does not answer they serve for an hour, and then no longer', async () => {
  const first = await keys.current()
  answer = fails
  nowMs = 60 * MINUTE - 1
  expect(await keys.current()).toBe(first)
  nowMs = 60 * MINUTE + 2_000
  await expect(keys.current()).rejects.toMatchObject({ code: 'ehr_unavailable' })
})

test('an issuer that has just failed is not asked again at once, but a second later', async () => {
  answer = fails
  for (let times = 0; times < 5; times++) await expect(keys.current()).rejects.toMatchObject({ code: 'ehr_unavailable' })
  expect(asked).toBe(1)
  nowMs = 1_000
  await expect(keys.current()).rejects.toThrow()
  expect(asked).toBe(2)
})

test('one that does not come to an end keeps nobody waiting for long', async () => {
  answer = () => new Promise(() => undefined)
  const began = performance.now()
  await expect(keys.current()).rejects.toMatchObject({ code: 'ehr_unavailable' })
  expect(performance.now() - began).toBeLessThan(1_000)
})

test.for([[{}], [{ keys: 'none' }], [null], ['<html>']])('what is no key set is none: %j', async ([body]) => {
  answer = () => Promise.resolve(body)
  await expect(keys.current()).rejects.toMatchObject({ code: 'ehr_unavailable' })
})

test('tokens with invented keys do not make it ask more often than every 30 s', async () => {
  const newer = await keys.newerThan(await keys.current())
  expect(newer).toBeDefined()
  for (let times = 0; times < 50; times++) expect(await keys.newerThan(newer!)).toBeUndefined()
  expect(asked).toBe(2)
  nowMs = 30_000
  expect(await keys.newerThan(newer!)).toBeDefined()
  expect(asked).toBe(3)
})

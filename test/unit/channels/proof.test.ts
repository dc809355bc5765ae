import { createHmac } from 'node:crypto'
import Retell from 'retell-sdk'
import { describe, expect, test } from 'vitest'
import { REPLAY_WINDOW_MS, sharedSecret, type Evidence } from '../../../src/channels/proof.ts'
import { retellProof } from '../../../src/channels/retell.ts'
import { vapiProof } from '../../../src/channels/vapi.ts'

const NOW = Date.parse('2027-03-01T09:00:00Z')
const BODY = '{"name":"find_times","args":{"type":"short"},"note":"ü"}'
const [SECRET, OLD] = ['a-secret-of-the-tests', 'the-secret-before-it'] as const
const evidence = (headers: Record<string, string>, changes: Partial<Evidence> = {}): Evidence => ({
  headers,
  rawBody: BODY,
  now: NOW,
  ...changes,
})

describe('a shared secret', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

  test.for<readonly [string, Record<string, string>]>([
    ['as bearer token', { authorization: `Bearer ${SECRET}` }],
    ['as bearer token in lower case', { authorization: `bearer ${SECRET}` }],
    ['as password', basic(`rasa:${SECRET}`)],
    ['as password without user', basic(`:${SECRET}`)],
    ['in a header of its own, beside another Authorization', { 'x-channel-secret': SECRET, authorization: 'Bearer an-id-token' }],
    ['that is being replaced', { authorization: `Bearer ${OLD}` }],
  ])('%s is a proof', ([, headers]) => {
    expect(sharedSecret(evidence(headers), [SECRET, OLD])).toBe(true)
  })

  test.for<readonly [string, Record<string, string>]>([
    ['nothing', {}],
    ['another secret', { authorization: 'Bearer another-secret-of-tests' }],
    ['a part of it', { authorization: `Bearer ${SECRET.slice(0, -1)}` }],
    ['more than it', { authorization: `Bearer ${SECRET}x` }],
    ['it as user', basic(`${SECRET}:x`)],
    ['an empty password', basic('rasa:')],
    ['an empty header', { 'x-channel-secret': '' }],
  ])('%s is none', ([, headers]) => {
    expect(sharedSecret(evidence(headers), [SECRET])).toBe(false)
    expect(sharedSecret(evidence(headers), [])).toBe(false)
  })
})

describe("Retell's signature", () => {
  const signed = async (body = BODY, secret: string = SECRET) => ({ 'x-retell-signature': await Retell.sign(body, secret) })
  const at = (now: number, digest?: string) => ({
    'x-retell-signature': `v=${now},d=${digest ?? createHmac('sha256', SECRET).update(`${BODY}${now}`).digest('hex')}`,
  })

  test('made by its SDK is a proof, and ours is one to the SDK', async () => {
    expect(retellProof(evidence(await signed(), { now: Date.now() }), [OLD, SECRET])).toBe(true)
    expect(await Retell.verify(BODY, SECRET, at(Date.now())['x-retell-signature'])).toBe(true)
  })

  test('agrees with the SDK about everything else', async () => {
    const headers = [
      ...(await Promise.all([signed(`${BODY} `), signed(BODY, OLD)])),
      ...[at(Date.now(), 'ab'.repeat(32)), at(Date.now(), 'ab'), at(Date.now(), '')],
      ...[at(Date.now() - REPLAY_WINDOW_MS - 1_000), at(Date.now() + REPLAY_WINDOW_MS + 1_000)],
      ...[{ 'x-retell-signature': SECRET }, { 'x-retell-signature': 'v=,d=' }, { 'x-retell-signature': 'v=1e12,d=ab' }],
    ]
    for (const header of headers) {
      expect(await Retell.verify(BODY, SECRET, header['x-retell-signature']), header['x-retell-signature']).toBe(false)
      expect(retellProof(evidence(header, { now: Date.now() }), [SECRET]), header['x-retell-signature']).toBe(false)
    }
  })

  test('is good for five minutes, to the millisecond', () => {
    for (const [late, good] of [
      [0, true],
      [REPLAY_WINDOW_MS, true],
      [REPLAY_WINDOW_MS + 1, false],
      [-REPLAY_WINDOW_MS - 1, false],
    ] as const)
      expect(retellProof(evidence(at(NOW - late)), [SECRET]), String(late)).toBe(good)
  })

  test('a bearer token is no substitute for it', () => {
    expect(retellProof(evidence({ authorization: `Bearer ${SECRET}` }), [SECRET])).toBe(false)
  })
})

describe("Vapi's proofs", () => {
  const hmac = (timestamp: string, body = BODY, secret: string = SECRET) =>
    createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  const signed = (timestamp: string, digest = hmac(timestamp)) => ({ 'x-timestamp': timestamp, 'x-vapi-signature': digest })

  test.for<readonly [string, Record<string, string>]>([
    ['a bearer token', { authorization: `Bearer ${SECRET}` }],
    ['the older secret header', { 'x-vapi-secret': SECRET }],
    ['a signature with milliseconds', signed(String(NOW))],
    ['a signature with seconds', signed(String(NOW / 1000))],
    ['a signature with an ISO time', signed(new Date(NOW).toISOString())],
    ['a signature with a prefix', signed(String(NOW), `sha256=${hmac(String(NOW))}`)],
  ])('%s', ([, headers]) => {
    expect(vapiProof(evidence(headers), [SECRET])).toBe(true)
    expect(vapiProof(evidence(headers), [OLD])).toBe(false)
  })

  test.for<readonly [string, Record<string, string>]>([
    ['of another body', signed(String(NOW), hmac(String(NOW), '{}'))],
    ['of another time', signed(String(NOW), hmac(String(NOW - 1)))],
    ['without the time, over the body alone', { 'x-vapi-signature': createHmac('sha256', SECRET).update(BODY).digest('hex') }],
    ['that is old', signed(String(NOW - REPLAY_WINDOW_MS - 1))],
    ['with a time that is none', signed('yesterday')],
    ['that is empty', signed(String(NOW), '')],
  ])('but no signature %s', ([, headers]) => {
    expect(vapiProof(evidence(headers), [SECRET])).toBe(false)
  })
})

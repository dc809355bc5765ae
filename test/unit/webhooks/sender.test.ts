import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { deliverNotice, noticeJobs } from '../../../src/notices/deliver.ts'
import { noticeOf } from '../../../src/notices/notice.ts'
import type { NoticeEndpoint } from '../../../src/notices/ports.ts'
import type { Resolve } from '../../../src/webhooks/guarded-lookup.ts'
import { readRetryAfter, WebhookSender, type WebhookSenderOptions } from '../../../src/webhooks/sender.ts'
import { freePort } from '../../helpers/gateway-process.ts'
import { startReceiver, type ReceivedWebhook, type WebhookReceiver } from '../../helpers/webhook-receiver.ts'

const SECRET = `whsec_${randomBytes(32).toString('base64')}`
const EVENT = { kind: 'booked', appointmentId: 'ap-1', version: '3', clientId: 'chatbot' } as const
const NOTICE = noticeOf(EVENT, Date.parse('2027-03-01T09:00:00Z'))

let receiver: WebhookReceiver
beforeAll(async () => {
  receiver = await startReceiver(SECRET)
})
afterAll(() => receiver.stop())
afterEach(() => receiver.take())

const to = (url: string, secrets = [SECRET]): NoticeEndpoint => ({ id: 'crm', url, secrets, types: undefined })
function newSender(options: Partial<WebhookSenderOptions> = {}): WebhookSender {
  const sender = new WebhookSender({ allowPrivateTargets: true, ...options })
  onTestFinished(() => sender.close())
  return sender
}
const send = (url: string, options: Partial<WebhookSenderOptions> = {}) => newSender(options).send(to(url), NOTICE)

describe('a message', () => {
  test('is one that the library accepts, with ids and codes only', async () => {
    expect(await send(receiver.url('/ok'))).toEqual({ kind: 'delivered' })
    const [message] = await receiver.take()
    expect(message).toMatchObject({ path: '/ok', fault: undefined })
    expect(message!.headers['content-type']).toBe('application/json')
    expect(message!.verified).toEqual({
      id: message!.headers['webhook-id'],
      type: 'appointment.booked',
      timestamp: '2027-03-01T09:00:00.000Z',
      data: { appointment_id: 'ap-1', version: '3', client_id: 'chatbot' },
    })
  })

  test('is stamped with the time of the attempt', async () => {
    const before = Math.floor(Date.now() / 1000)
    await send(receiver.url('/ok'))
    const stamp = Number((await receiver.take())[0]!.headers['webhook-timestamp'])
    expect(stamp).toBeGreaterThanOrEqual(before)
    expect(stamp).toBeLessThanOrEqual(Date.now() / 1000)
  })

  test('that was tampered with is refused by the library', async () => {
    await send(receiver.url('/ok'))
    const [{ headers, body }] = (await receiver.take()) as [ReceivedWebhook]
    const webhook = new Webhook(SECRET)
    const verify = (changed: string, changes: Record<string, string> = {}) =>
      webhook.verify(changed, { ...(headers as Record<string, string>), ...changes })
    expect(verify(body)).toBeDefined()
    expect(() => verify(body.replace('ap-1', 'ap-2'))).toThrow('No matching signature')
    expect(() => verify(`${body} `)).toThrow('No matching signature')
    expect(() => verify(body, { 'webhook-id': 'msg_other' })).toThrow('No matching signature')
    expect(() => verify(body, { 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) })).toThrow('No matching signature')
    expect(() => verify(body, { 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 301) })).toThrow('too old')
  })

  test('signed with another secret is refused by the receiver', async () => {
    await newSender().send(to(receiver.url('/ok'), [`whsec_${randomBytes(32).toString('base64')}`]), NOTICE)
    expect((await receiver.take())[0]).toMatchObject({
      verified: undefined,
      fault: expect.stringContaining('No matching signature') as string,
    })
  })

  test('is signed with every secret while they rotate', async () => {
    await newSender().send(to(receiver.url('/ok'), [`whsec_${randomBytes(32).toString('base64')}`, SECRET]), NOTICE)
    const [message] = await receiver.take()
    expect(message!.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/)
    expect(message!.fault).toBeUndefined()
  })

  test('that is sent again has the same id, so that a receiver can drop it', async () => {
    const jobs = [...noticeJobs(EVENT, [to('')], Date.now()), ...noticeJobs({ ...EVENT }, [to('')], Date.now() + 5_000)]
    for (const { notice } of jobs) await newSender().send(to(receiver.url('/status/500')), notice)
    const ids = (await receiver.take()).map(({ headers }) => headers['webhook-id'])
    expect(ids).toEqual([NOTICE.id, NOTICE.id])
  })
})

describe('an answer', () => {
  test.for([200, 201, 202, 204, 299])('%i is delivered', async (status) => {
    expect(await send(receiver.url(`/status/${status}`))).toEqual({ kind: 'delivered' })
  })

  test.for([400, 401, 404, 405, 500, 502, 504])('%i is a failure', async (status) => {
    expect(await send(receiver.url(`/status/${status}`))).toEqual({ kind: 'failed', status, why: `it answered ${status}` })
  })

  test.for([429, 503])('%i says when to come again', async (status) => {
    expect(await send(receiver.url(`/status/${status}?retry-after=120`))).toMatchObject({ kind: 'failed', status, retryAfterSeconds: 120 })
    expect(await send(receiver.url(`/status/${status}`))).not.toHaveProperty('retryAfterSeconds')
  })

  test('500 does not', async () => {
    expect(await send(receiver.url('/status/500?retry-after=120'))).not.toHaveProperty('retryAfterSeconds')
  })

  test('410 disables the endpoint, and the receiver hears nothing more', async () => {
    const disabled = new Set<string>()
    const states = {
      isDisabled: (key: string) => Promise.resolve(disabled.has(key)),
      disable: (key: string) => Promise.resolve(void disabled.add(key)),
    }
    const endpoints = [to(receiver.url('/status/410'))]
    const deps = { endpoints, sender: newSender(), states }
    const [job] = noticeJobs(EVENT, endpoints, Date.now())
    expect(await deliverNotice(deps, job!, 1)).toEqual({ kind: 'dropped', why: 'gone' })
    expect(await deliverNotice(deps, job!, 1)).toEqual({ kind: 'dropped', why: 'disabled' })
    expect((await receiver.take()).map(({ path }) => path)).toEqual(['/status/410'])
  })

  test.for([301, 302, 303, 307, 308])('%i is not followed, wherever it leads', async (status) => {
    const elsewhere = encodeURIComponent(receiver.url('/private'))
    const delivery = await send(receiver.url(`/redirect/${status}?to=${elsewhere}`))
    expect(delivery).toMatchObject({ kind: 'failed', status, why: expect.stringContaining('redirect') as string })
    expect(JSON.stringify(delivery)).not.toContain('private')
    expect((await receiver.take()).map(({ path }) => path)).toEqual([`/redirect/${status}`])
  })

  test.for<readonly [header: string | string[] | undefined, seconds: number | undefined]>([
    ['0', 0],
    ['3600', 3600],
    ['Mon, 01 Mar 2027 09:02:00 GMT', 120],
    ['Mon, 01 Mar 2027 08:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    ['-5', undefined],
    [['1', '2'], undefined],
    [undefined, undefined],
  ])('Retry-After %j means %s s', ([header, seconds]) => {
    expect(readRetryAfter(header, Date.parse('2027-03-01T09:00:00Z'))).toBe(seconds)
  })
})

describe('a receiver that does not answer as it should', () => {
  test('is cut off after 10 s', { timeout: 20_000 }, async () => {
    const started = performance.now()
    expect(await send(receiver.url('/silent'))).toEqual({ kind: 'failed', why: 'no answer within 10 s' })
    const seconds = (performance.now() - started) / 1000
    expect(seconds).toBeGreaterThan(9.9)
    expect(seconds).toBeLessThan(12)
  })

  test('cannot draw that out drop by drop; its status counts', async () => {
    const started = performance.now()
    expect(await send(receiver.url('/trickle/200'), { answerWithinMs: 500 })).toEqual({ kind: 'delivered' })
    expect(await send(receiver.url('/trickle/500'), { answerWithinMs: 500 })).toMatchObject({ kind: 'failed', status: 500 })
    expect(performance.now() - started).toBeLessThan(3_000)
    await receiver.closed()
    await receiver.closed()
  })

  test('may answer without end: little of it is read', async () => {
    const started = performance.now()
    expect(await send(receiver.url('/endless/200'))).toEqual({ kind: 'delivered' })
    // What the operating system's buffers took counts as written.
    expect(await receiver.closed()).toBeLessThan(16 * 1024 * 1024)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('may send headers without end: they are not read', async () => {
    expect(await send(receiver.url('/headers/100000'))).toEqual({ kind: 'failed', why: 'no usable answer (UND_ERR_HEADERS_OVERFLOW)' })
  })

  test('may hang up, not listen, or not be HTTP', async () => {
    expect(await send(receiver.url('/hang-up'))).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/^no usable answer \(\w+\)$/) as string,
    })
    expect(await send(`http://127.0.0.1:${await freePort()}/`)).toEqual({ kind: 'failed', why: 'no usable answer (ECONNREFUSED)' })
    expect(await send(receiver.url('/ok').replace('http:', 'https:'))).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/SSL|EPROTO/) as string,
    })
  })

  test('may have a name that cannot be looked up', async () => {
    expect(await send('https://receiver.invalid/')).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) as string,
    })
  })
})

describe('where private targets are not allowed', () => {
  const strict = { allowPrivateTargets: false }
  const REFUSED = { kind: 'refused', why: expect.stringMatching(/not https|not of the public internet/) as string }

  test.for(['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '0177.0.0.1', '[::ffff:127.0.0.1]', '0'])('%s is refused', async (host) => {
    expect(await send(`https://${host}:${receiver.port}/`, strict)).toEqual(REFUSED)
    expect(await send(`http://${host}:${receiver.port}/`, strict)).toEqual(REFUSED)
    expect(await receiver.take()).toEqual([])
  })

  test('localhost is refused: a real name that resolves to 127.0.0.1 or ::1', async () => {
    expect(await send(receiver.url('/', 'localhost').replace('http:', 'https:'), strict)).toEqual(REFUSED)
  })

  test.for<readonly [what: string, answers: string[]]>([
    ['means this machine', ['127.0.0.1']],
    ['has one such address among others', ['1.1.1.1', '127.0.0.1', '2606:4700:4700::1111']],
  ])('a name that %s is refused, and no connection is made', async ([, answers]) => {
    let connections = 0
    const listener = createServer(() => connections++).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    onTestFinished(() => void listener.close())
    const { port } = listener.address() as AddressInfo
    const resolve: Resolve = () => Promise.resolve(answers.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
    expect(await send(`https://receiver.example:${port}/`, { ...strict, resolve })).toEqual(REFUSED)
    expect(connections).toBe(0)
  })
})

describe('the address that was looked up', () => {
  test('is the one connected to, and looked up once for each delivery', async () => {
    const asked: string[] = []
    // No name server knows this name: were it asked a second time, elsewhere, nothing would arrive.
    const resolve: Resolve = (hostname) => {
      asked.push(hostname)
      return Promise.resolve([{ address: '127.0.0.1', family: 4 }])
    }
    const sender = newSender({ resolve })
    const url = receiver.url('/ok', 'receiver.example')
    expect(await sender.send(to(url), NOTICE)).toEqual({ kind: 'delivered' })
    expect(await sender.send(to(url), NOTICE)).toEqual({ kind: 'delivered' })
    expect(asked).toEqual(['receiver.example', 'receiver.example'])
    expect((await receiver.take())[1]!.headers.host).toBe(`receiver.example:${receiver.port}`)
  })

  test('is waited for no longer than for everything else, and nothing is sent when it comes late', async () => {
    const resolve: Resolve = async () => {
      await setTimeout(1_500)
      return [{ address: '127.0.0.1', family: 4 }]
    }
    const started = performance.now()
    const late = await send(receiver.url('/late', 'receiver.example'), { resolve, answerWithinMs: 300 })
    expect(late).toEqual({ kind: 'failed', why: 'no answer within 0.3 s' })
    expect(performance.now() - started).toBeLessThan(1_200)
    await setTimeout(1_500)
    expect(await receiver.take()).toEqual([])
  })
})

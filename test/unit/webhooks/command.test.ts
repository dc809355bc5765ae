import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startReceiver, type WebhookReceiver } from '../../helpers/webhook-receiver.ts'

const SECRET = `whsec_${randomBytes(32).toString('base64')}`
const dir = mkdtempSync(join(tmpdir(), 'webhooks-command-'))
const file = join(dir, 'webhooks.json')

let receiver: WebhookReceiver
beforeAll(async () => {
  receiver = await startReceiver(SECRET)
  const endpoint = (id: string, url: string) => ({ id, url, secret_env: 'TEST_SECRET' })
  writeFileSync(
    file,
    JSON.stringify([
      endpoint('crm', receiver.url('/secret-path')),
      { ...endpoint('gone', receiver.url('/status/410')), types: ['escalation.created'] },
      endpoint('broken', receiver.url('/status/500')),
    ]),
  )
})
afterAll(async () => {
  await receiver.stop()
  rmSync(dir, { recursive: true })
})

interface Ended {
  readonly code: number
  readonly output: string
}

/** Runs `npm run webhooks -- …` without npm. */
function webhooks(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const env = {
    ...process.env,
    NODE_NO_WARNINGS: '1',
    WEBHOOKS_FILE: file,
    WEBHOOKS_ALLOW_PRIVATE_TARGETS: 'true',
    TEST_SECRET: SECRET,
    ...environment,
  }
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/webhooks.ts', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr })
    })
  })
}

describe('npm run webhooks -- test', { timeout: 30_000 }, () => {
  test('sends a signed message that the receiver accepts', async () => {
    const { code, output } = await webhooks(['test', 'crm'])
    expect(output).toMatch(
      /Sending msg_\w+ \(webhook\.test\) to crm, http:\/\/127\.0\.0\.1:\d+\/…\nDelivered: it answered 2xx\. \(\d+ ms\)/,
    )
    expect(code).toBe(0)
    const [message] = await receiver.take()
    expect(message).toMatchObject({
      path: '/secret-path',
      fault: undefined,
      verified: { type: 'webhook.test', data: { endpoint_id: 'crm' } },
    })
  })

  test.for([
    ['gone', /Gone: it answered 410/],
    ['broken', /Failed: it answered 500/],
  ] as const)('says what came back from %s', async ([id, words]) => {
    const { code, output } = await webhooks(['test', id])
    expect(output).toMatch(words)
    expect(code).toBe(1)
  })

  test('names the endpoints there are when it does not know one', async () => {
    expect(await webhooks(['test', 'zapier'])).toMatchObject({
      code: 1,
      output: expect.stringContaining('There is: crm, gone, broken') as string,
    })
  })

  test('refuses a private address, as the gateway does', async () => {
    const { code, output } = await webhooks(['test', 'crm'], { WEBHOOKS_ALLOW_PRIVATE_TARGETS: 'false' })
    expect(output).toMatch(/WEBHOOKS_FILE .*0\.url: .*WEBHOOKS_ALLOW_PRIVATE_TARGETS=true/)
    expect(code).toBe(1)
  })
})

describe('npm run webhooks -- list', { timeout: 30_000 }, () => {
  test('shows who is told of what, and neither a path nor a secret', async () => {
    const { code, output } = await webhooks(['list'])
    expect(code).toBe(0)
    expect(output).toMatch(/^crm {5}http:\/\/127\.0\.0\.1:\d+\/… {2}1 secret {2}all types$/m)
    expect(output).toMatch(/^gone .*escalation\.created$/m)
    expect(output).not.toMatch(/secret-path|whsec_/)
  })

  test('says what to do when there is nothing', async () => {
    expect(await webhooks(['list'], { WEBHOOKS_FILE: '' })).toMatchObject({
      code: 1,
      output: expect.stringContaining('docs/webhooks.md') as string,
    })
  })
})

test('anything else shows the usage', { timeout: 30_000 }, async () => {
  for (const args of [[], ['test'], ['list', 'crm'], ['send', 'crm'], ['test', 'crm', 'x']])
    expect((await webhooks(args)).output).toContain('npm run webhooks -- list | test ID')
})

// The certificate is made with OpenSSL, which every Linux and macOS has.
describe.skipIf(spawnSync('openssl', ['version']).error !== undefined)('a receiver with TLS', { timeout: 30_000 }, () => {
  const key = join(dir, 'key.pem')
  const certificate = join(dir, 'certificate.pem')
  const tlsFile = join(dir, 'tls.json')
  let secure: WebhookReceiver

  beforeAll(async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject],
      {
        stdio: 'ignore',
      },
    )
    secure = await startReceiver(SECRET, { key, certificate })
    const endpoint = (id: string, host: string) => ({ id, url: secure.url('/', host), secret: SECRET })
    writeFileSync(tlsFile, JSON.stringify([endpoint('named', 'localhost'), endpoint('misnamed', '127.0.0.1')]))
  })
  afterAll(() => secure.stop())

  test("is reached when its certificate's authority is known", async () => {
    const { output } = await webhooks(['test', 'named'], { WEBHOOKS_FILE: tlsFile, NODE_EXTRA_CA_CERTS: certificate })
    expect(output).toContain('Delivered')
    expect(await secure.take()).toMatchObject([{ headers: { host: `localhost:${secure.port}` }, fault: undefined }])
  })

  test.for<readonly [id: string, environment: Record<string, string>, code: string]>([
    ['named', {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['misnamed', { NODE_EXTRA_CA_CERTS: certificate }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('%s, is not spoken to with $1: $2', async ([id, environment, code]) => {
    const { output } = await webhooks(['test', id], { WEBHOOKS_FILE: tlsFile, ...environment })
    expect(output).toContain(`Failed: no usable answer (${code})`)
    expect(await secure.take()).toEqual([])
  })
})

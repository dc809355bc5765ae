import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Webhook } from 'standardwebhooks'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../../src/config.ts'
import { NOTICE_TYPES, noticeSchema } from '../../../src/notices/notice.ts'
import { RETRY_DELAYS_SECONDS } from '../../../src/notices/retry.ts'

const run = promisify(execFile)
const page = readFileSync('docs/webhooks.md', 'utf8')
const dir = mkdtempSync(join(tmpdir(), 'webhooks-docs-'))
afterAll(() => {
  rmSync(dir, { recursive: true })
})

/** The page's blocks in a language, without their indentation. */
function blocks(language: string): string[] {
  const found = page.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([^]*?)\\n\\1\`\`\`$`, 'gm'))
  return Array.from(found, ([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
}
const makeSecret = async () => (await run('sh', ['-c', blocks('sh').find((text) => text.startsWith('echo'))!])).stdout.trim()

describe('docs/webhooks.md', () => {
  test('shows a message as it is', () => {
    const [message] = blocks('json')
    expect(noticeSchema.parse(JSON.parse(message!)).id).toBe(/^webhook-id: (\S+)$/m.exec(page)?.[1])
  })

  test('names every type', () => {
    for (const type of [...NOTICE_TYPES, 'webhook.test']) expect(page).toContain(`| \`${type}\` |`)
  })

  test('makes a secret and a file that the gateway takes', async () => {
    const file = join(dir, 'webhooks.json')
    writeFileSync(file, blocks('json')[1]!)
    const environment = { WEBHOOKS_FILE: file, CRM_WEBHOOK_SECRET: await makeSecret(), DESK_WEBHOOK_SECRET: await makeSecret() }
    expect(readConfig(environment).webhooks.endpoints.map(({ id, types }) => [id, types])).toEqual([
      ['crm', undefined],
      ['front-desk', ['escalation.created']],
    ])
  })

  test('gives the retry schedule as it is', () => {
    const units = { second: 1, minute: 60, hour: 3600 }
    const rows = Array.from(page.matchAll(/^\| \d \| (\d+) (second|minute|hour)s \|$/gm))
    expect(rows.map(([, count, unit]) => Number(count) * units[unit as keyof typeof units])).toEqual([...RETRY_DELAYS_SECONDS])
  })
})

describe('the TypeScript for receivers', () => {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const body = '{"type":"webhook.test"}'
  const at = new Date()
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, body),
  }
  /** Runs the snippet as a receiver that got this. */
  const receive = (got: string) => {
    const given = `const body = ${JSON.stringify(got)}, headers = ${JSON.stringify(headers)}`
    const program = [given, blocks('ts')[0], 'console.log(JSON.stringify(notice))'].join('\n')
    const env = { ...process.env, WEBHOOK_SECRET: secret }
    return run(process.execPath, ['--input-type=module-typescript', '--eval', program], { env })
  }

  test('accepts a message', async () => {
    expect((await receive(body)).stdout.trim()).toBe(body)
  })

  test('throws at another one', async () => {
    await expect(receive(body.replace('test', 'forged'))).rejects.toThrow('No matching signature found')
  })
})

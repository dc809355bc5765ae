/**
 * npm run webhooks -- list        the endpoints of WEBHOOKS_FILE
 * npm run webhooks -- test ID     sends a signed test message to one of them and says what came back
 *
 * Exit code 1 when the message was not taken.
 */
import { z } from 'zod'
import { ConfigError } from '../src/config-error.ts'
import { testNotice } from '../src/notices/notice.ts'
import type { Delivery, NoticeEndpoint } from '../src/notices/ports.ts'
import { readWebhooks, webhookVariables, type WebhookSettings } from '../src/webhook-settings.ts'
import { WebhookSender } from '../src/webhooks/sender.ts'
import { readArguments } from './stack/arguments.ts'
import { runScript, say, StackError } from './stack/console.ts'

const USAGE = 'npm run webhooks -- list | test ID'

await runScript(async () => {
  const [command, id, ...rest] = readArguments([], USAGE).words
  const settings = readSettings()
  if (command === 'list' && id === undefined) return list(settings)
  if (command === 'test' && id !== undefined && rest.length === 0) return sendTest(settings, find(settings, id))
  throw new StackError(`Usage: ${USAGE}`)
})

function readSettings(): WebhookSettings {
  const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''))
  const variables = z.object(webhookVariables).safeParse(given)
  if (!variables.success) throw new StackError('WEBHOOKS_ALLOW_PRIVATE_TARGETS is true or false.')
  if (variables.data.WEBHOOKS_FILE === undefined)
    throw new StackError('WEBHOOKS_FILE is not set, so nobody is told of anything. docs/webhooks.md says what to put there.')
  try {
    return readWebhooks(variables.data, given)
  } catch (error) {
    throw error instanceof ConfigError ? new StackError(error.message) : error
  }
}

function find({ endpoints }: WebhookSettings, id: string): NoticeEndpoint {
  const endpoint = endpoints.find((each) => each.id === id)
  if (endpoint) return endpoint
  throw new StackError(`There is no endpoint "${id}". There is: ${endpoints.map((each) => each.id).join(', ')}`)
}

function list({ endpoints, allowPrivateTargets }: WebhookSettings): number {
  const width = Math.max(...endpoints.map(({ id }) => id.length))
  for (const endpoint of endpoints) {
    const secrets = endpoint.secrets.length === 1 ? '1 secret' : `${endpoint.secrets.length} secrets`
    say(`${endpoint.id.padEnd(width)}  ${shownAddress(endpoint)}  ${secrets}  ${endpoint.types?.join(', ') ?? 'all types'}`)
  }
  say(allowPrivateTargets ? '\nPrivate addresses and plain HTTP are allowed.' : '\nPrivate addresses are refused.')
  return 0
}

async function sendTest({ allowPrivateTargets }: WebhookSettings, endpoint: NoticeEndpoint): Promise<number> {
  const notice = testNotice(endpoint.id, Date.now())
  say(`Sending ${notice.id} (${notice.type}) to ${endpoint.id}, ${shownAddress(endpoint)}`)
  const sender = new WebhookSender({ allowPrivateTargets })
  const started = performance.now()
  try {
    const delivery = await sender.send(endpoint, notice)
    say(`${describe(delivery)} (${Math.round(performance.now() - started)} ms)`)
    return delivery.kind === 'delivered' ? 0 : 1
  } finally {
    await sender.close()
  }
}

/** Without path and query: with many receivers they are what keeps strangers from posting there. */
function shownAddress({ url }: NoticeEndpoint): string {
  return `${new URL(url).origin}/…`
}

function describe(delivery: Delivery): string {
  switch (delivery.kind) {
    case 'delivered':
      return 'Delivered: it answered 2xx.'
    case 'gone':
      return 'Gone: it answered 410. A gateway would send nothing more to this address.'
    case 'refused':
      return `Not sent: ${delivery.why}. For a receiver in your own network set WEBHOOKS_ALLOW_PRIVATE_TARGETS=true.`
    case 'failed':
      return `Failed: ${delivery.why}. A gateway would try again.`
  }
}

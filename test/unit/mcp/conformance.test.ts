import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { installMcp } from '../../../src/mcp/door.ts'
import { demoServer } from '../../fixtures/mcp/demo-server.ts'
import { runProgram } from '../../helpers/command.ts'
import { startKeyProxy, type KeyProxy } from '../../helpers/key-proxy.ts'
import { CHATBOT, memoryGateway } from '../helpers/memory-gateway.ts'

const WITHIN_MS = 60_000
const KEY = 'the-key'
const outputs = mkdtempSync(join(tmpdir(), 'fsg-conformance-'))

/** The same door twice: with the gateway's tools behind it, and with those that the suite wants. */
const apps: FastifyInstance[] = []
const proxies: KeyProxy[] = []
const urls: Record<string, string> = {}
beforeAll(async () => {
  const clients = [{ ...CHATBOT, key_sha256: createHash('sha256').update(KEY).digest('hex') }]
  const gateway = { ...memoryGateway().gateway, clients }
  const logger = pino({ level: 'silent' })
  apps.push(await buildApp(gateway, logger))
  apps.push(
    await buildApp(gateway, logger, [
      (app) => {
        installMcp(app, gateway, demoServer)
      },
    ]),
  )
  for (const [index, name] of ['gateway', 'demo'].entries()) {
    const proxy = await startKeyProxy(await apps[index]!.listen({ port: 0, host: '127.0.0.1' }), KEY)
    proxies.push(proxy)
    urls[name] = `${proxy.url}/mcp`
  }
})
afterAll(async () => {
  await Promise.all([...apps, ...proxies].map((one) => ('close' in one ? one.close() : one.stop())))
})

describe('the official conformance suite', () => {
  test.for([
    ['demo', '2026-07-28', 36],
    ['demo', '2025-11-25', 24],
    ['gateway', '2026-07-28', 8],
    ['gateway', '2025-11-25', 4],
  ] as const)('%s, what revision %s requires', { timeout: WITHIN_MS }, async ([name, revision, atLeast]) => {
    const ended = await runProgram(process.execPath, [
      'node_modules/@modelcontextprotocol/conformance/dist/index.js',
      'server',
      ...['--url', urls[name]!, '--requirements', revision],
      ...['--expected-failures', `test/fixtures/mcp/${name}-${revision}.yml`],
      ...['--output-dir', join(outputs, `${name}-${revision}`)],
    ])
    // 1 where something fails that should not, and also where something passes that is listed as failing.
    expect(ended.code, ended.output).toBe(0)
    const [, summary = ''] = ended.output.split('=== SUMMARY ===')
    expect(summary.match(/^✓ /gm)?.length ?? 0, summary).toBeGreaterThanOrEqual(atLeast)
  })
})

describe('the official inspector', () => {
  const inspect = (...args: string[]) =>
    runProgram(
      process.execPath,
      [
        'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
        '--cli',
        urls['gateway']!,
        '--transport',
        'http',
        ...args,
      ],
      // It keeps a list of servers in the home directory.
      { HOME: outputs },
    )

  test.for(['modern', 'legacy'])('lists the tools and has nothing to say about their schemas (%s)', { timeout: WITHIN_MS }, async (era) => {
    const { code, output } = await inspect('--protocol-era', era, '--method', 'tools/list', '--strict')
    expect(code, output).toBe(0)
    expect(output).toContain('"name": "confirm_booking"')
    expect(output).not.toMatch(/warning|error:/i)
  })

  test('calls a tool', { timeout: WITHIN_MS }, async () => {
    const { code, output } = await inspect('--method', 'tools/call', '--tool-name', 'find_times', '--tool-arg', 'type=short')
    expect(code, output).toBe(0)
    expect(output).toContain('"outcome": "ok"')
  })
})

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runProgram } from '../../helpers/command.ts'

/** The image's /app as the Dockerfile fills it, with the packages that are no development dependencies. */
const image = mkdtempSync(join(tmpdir(), 'fsg-image-'))
const dockerfile = readFileSync('Dockerfile', 'utf8')
const ignored = readFileSync('.dockerignore', 'utf8')

beforeAll(() => {
  const [, runtime = ''] = dockerfile.split(/^FROM .*-slim\n/m)
  for (const [, words = ''] of runtime.matchAll(/^COPY (?!--from)(.*)$/gm)) {
    const paths = words.split(' ')
    const target = paths.pop() ?? ''
    for (const path of paths) copy(path, target.endsWith('/') ? join(target, basename(path)) : target)
  }
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }
  for (const name of Object.keys(dependencies)) {
    const link = join(image, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(resolve('node_modules', name), link)
  }
})
afterAll(() => {
  rmSync(image, { recursive: true })
})

function copy(path: string, target: string): void {
  expect(ignored, `.dockerignore keeps ${path} out`).toMatch(new RegExp(`^!${path.split('/')[0]}$`, 'm'))
  cpSync(path, join(image, target), { recursive: true })
}

const NOWHERE = { FHIR_BASE_URL: 'http://127.0.0.1:1/fhir', REDIS_URL: 'redis://127.0.0.1:1' }
const run = (script: string, args: readonly string[] = [], environment: Record<string, string> = {}) =>
  runProgram(process.execPath, [script, ...args], { ...NOWHERE, ...environment }, image)

describe('in the image', () => {
  test('the gateway finds all it needs, and says which setting it misses', async () => {
    const { code, output } = await run('src/main.ts', [], { NODE_ENV: 'production' })
    expect(output).toContain('TOKEN_SECRET is missing')
    expect(code).toBe(1)
  })

  test.for<readonly [string, readonly string[], string]>([
    ['escalations', [], 'Is the FHIR server at http://127.0.0.1:1/fhir up?'],
    ['doctor', [], 'http://127.0.0.1:1/fhir'],
    ['reconcile', ['--dry-run'], 'The EHR does not answer'],
    ['webhooks', ['list'], 'WEBHOOKS_FILE'],
  ])('operators can run %s', async ([script, args, says]) => {
    const { code, output } = await run(`scripts/${script}.ts`, args)
    expect(output).toContain(says)
    expect(output).not.toMatch(/ERR_MODULE_NOT_FOUND|^\s+at /m)
    expect(code).toBe(1)
  })
})

test('what operators are told to run in a container is in the image', () => {
  const told = [...readFileSync('docs/operations.md', 'utf8').matchAll(/docker compose exec \S+ node (\S+\.ts)/g)].map(([, path = '']) => path)
  expect(told.length).toBeGreaterThanOrEqual(1)
  for (const path of told) expect(existsSync(join(image, path)), path).toBe(true)
})

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture, runLogged, which } from '../stack/command.ts'
import { StackError, say } from '../stack/console.ts'
import { installCommand, installPackages, type PackageWish } from '../stack/packages.ts'
import { runDir } from '../stack/paths.ts'

const WISH: PackageWish = {
  why: 'Python with venv (official clients that are tested against)',
  apt: ['python3', 'python3-venv'],
  brew: ['python@3.12'],
}
const NEEDED = '3.10'
/** Says by its exit code whether this Python is new enough and can make a virtual environment with pip in it. */
const IS_USABLE = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${NEEDED.replace('.', ', ')}))`
/** Written last: an environment without it was interrupted while it was made. */
const DONE = 'complete'

/**
 * A virtual environment in `.run/python/` that holds these packages; made at the first call, a minute or so. Every set of packages
 * has one of its own, because the pins of two libraries need not fit together.
 * @param packages with exact versions: `mcp==1.2.3`
 * @returns the directory with `python` and the packages' commands
 * @throws StackError when there is no Python and none can be installed, or a package cannot be had
 */
export async function ensurePython(packages: readonly string[]): Promise<string> {
  const name = `${packages[0]?.replace(/[^a-z0-9].*$/i, '') ?? 'bare'}-${createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 8)}`
  const dir = join(runDir, 'python', name)
  const bin = join(dir, 'bin')
  if (existsSync(join(dir, DONE))) return bin
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(join(runDir, 'python'), { recursive: true })
  const python = await ensureInterpreter()
  say(`Making a Python environment for ${packages.join(', ')} in .run/python`)
  await runLogged('python -m venv', python, ['-m', 'venv', dir], join(runDir, `python-${name}.log`))
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--prefer-binary', ...packages]
  await runLogged('pip install', join(bin, 'python'), pip, join(runDir, `python-${name}.log`))
  writeFileSync(join(dir, DONE), packages.join('\n'))
  return bin
}

async function ensureInterpreter(): Promise<string> {
  const found = await findInterpreter()
  if (found !== undefined) return found
  const failure = await installPackages(WISH)
  const installed = await findInterpreter()
  if (installed !== undefined) return installed
  throw new StackError(
    `Python ${NEEDED} or newer with venv is missing and could not be installed (${failure ?? 'still none after the installation'}).\n` +
      `Install it with: ${installCommand(WISH)}`,
  )
}

async function findInterpreter(): Promise<string | undefined> {
  for (const program of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10']) {
    const path = which(program, ['/usr/bin', '/opt/homebrew/bin', '/usr/local/bin'])
    if (path !== undefined && (await capture(path, ['-c', IS_USABLE])).code === 0) return path
  }
  return undefined
}

import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { capture, which, type UserId } from './command.ts'
import { StackError } from './console.ts'
import { installCommand, installPackages, type PackageWish } from './packages.ts'

const WISH: PackageWish = {
  why: 'PostgreSQL (database of HAPI)',
  apt: ['postgresql'],
  brew: ['postgresql@17'],
  services: ['postgresql'],
}

/** The directory with initdb, postgres and createdb; installs PostgreSQL when there is none. */
export async function ensurePostgres(): Promise<string> {
  const found = findBinaries()
  if (found !== undefined) return found
  const failure = await installPackages(WISH)
  const installed = findBinaries()
  if (installed !== undefined) return installed
  throw new StackError(
    `PostgreSQL is missing and could not be installed (${failure ?? 'no binaries after the installation'}).\nInstall it with: ${installCommand(WISH)}`,
  )
}

/** The user PostgreSQL runs as: it refuses to run as root, so then `postgres` or `nobody`; otherwise we ourselves (undefined). */
export async function postgresUser(): Promise<UserId | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all([capture('id', ['-u', name]), capture('id', ['-g', name])])
    if (uid.code === 0 && gid.code === 0) return { uid: Number(uid.output), gid: Number(gid.output) }
  }
  throw new StackError(
    'PostgreSQL does not run as root, and this machine has neither a user "postgres" nor "nobody".\nMake one with: useradd --system postgres',
  )
}

/** On PATH, in Debian's versioned directories (which are not on PATH), or Homebrew's; the newest version first. */
function findBinaries(): string | undefined {
  const onPath = which('postgres')
  const directories = [
    ...(onPath === undefined ? [] : [dirname(realpathSync(onPath))]),
    ...versions('/usr/lib/postgresql', ''),
    ...versions('/opt/homebrew/opt', 'postgresql@'),
    ...versions('/usr/local/opt', 'postgresql@'),
  ]
  return directories.find((directory) =>
    ['postgres', 'initdb', 'createdb', 'pg_isready'].every((tool) => existsSync(join(directory, tool))),
  )
}

function versions(parent: string, prefix: string): string[] {
  if (!existsSync(parent)) return []
  const names = readdirSync(parent).filter((name) => name.startsWith(prefix))
  names.sort((a, b) => Number(b.slice(prefix.length)) - Number(a.slice(prefix.length)))
  return names.map((name) => join(parent, name, 'bin'))
}

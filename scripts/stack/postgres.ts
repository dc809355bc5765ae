import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { capture, runLogged, type UserId } from './command.ts'
import { StackError, say } from './console.ts'
import { createPart, type Part } from './part.ts'
import { ensurePostgres, postgresUser } from './postgres-tools.ts'

/** Where PostgreSQL listens, and whether it may lose the last writes in a power cut. */
export interface PostgresOptions {
  port: number
  portVariable?: string | undefined
  /** False switches fsync off: quicker, and still safe against kill -9 of any process. Default true. */
  durable?: boolean
}

/** The database server of a stack. */
export interface PostgresPart extends Part {
  /** Creates the database unless it exists, and returns its JDBC address. */
  ensureDatabase: (name: string) => Promise<string>
}

/** Describes the PostgreSQL of a stack, with an own cluster: no password, reachable from this machine only. */
export async function postgresPart(dir: string, options: PostgresOptions): Promise<PostgresPart> {
  const bin = await ensurePostgres()
  const user = await postgresUser()
  const data = await dataDirectory(dir, user)
  await initialize(bin, data, user, dir)
  const address = ['-h', '127.0.0.1', '-p', String(options.port), '-U', 'postgres']
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    fsync: options.durable === false ? 'off' : 'on',
  }
  const part = createPart(dir, {
    name: 'postgres',
    title: 'PostgreSQL',
    port: options.port,
    portVariable: options.portVariable,
    command: join(bin, 'postgres'),
    args: ['-D', data, '-p', String(options.port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cwd: '/',
    user,
    marks: [data],
    stopSignal: 'SIGINT', // "fast shutdown": ends the sessions, keeps everything committed
    isReady: async () => (await capture(join(bin, 'pg_isready'), address, { timeoutSeconds: 5 })).code === 0,
    readySeconds: 60,
    startRetries: 5, // after a kill -9 it refuses to start until the last of its old processes has gone
  })
  return { ...part, ensureDatabase: (name) => ensureDatabase(bin, address, options.port, name) }
}

/** Deletes the cluster of a stack, wherever it is. */
export function removePostgresData(dir: string): void {
  const elsewhere = elsewhereFile(dir)
  if (existsSync(elsewhere)) rmSync(dirname(readFileSync(elsewhere, 'utf8')), { recursive: true, force: true })
}

async function ensureDatabase(bin: string, address: string[], port: number, name: string): Promise<string> {
  const created = await capture(join(bin, 'createdb'), [...address, name])
  if (created.code !== 0 && !created.output.includes('already exists'))
    throw new StackError(`Cannot create the database ${name}: ${created.output}`)
  return `jdbc:postgresql://127.0.0.1:${port}/${name}`
}

async function initialize(bin: string, data: string, user: UserId | undefined, dir: string): Promise<void> {
  if (existsSync(join(data, 'PG_VERSION'))) return
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-instructions']
  await runLogged('creating the PostgreSQL cluster', join(bin, 'initdb'), args, join(dir, 'initdb.log'), {
    cwd: '/',
    ...(user && { user }),
  })
}

/** A directory the database user can reach: in the stack's own, or in the system's temporary one when the checkout is closed to others. */
async function dataDirectory(dir: string, user: UserId | undefined): Promise<string> {
  const elsewhere = elsewhereFile(dir)
  if (existsSync(elsewhere)) {
    const chosen = readFileSync(elsewhere, 'utf8')
    if (existsSync(chosen)) return chosen
  }
  const near = join(dir, 'postgres')
  if (await isUsable(near, user)) return near
  const far = join(mkdtempSync(join(tmpdir(), 'gateway-postgres-')), 'data')
  chown(dirname(far), user)
  if (!(await isUsable(far, user)))
    throw new StackError(`The database user cannot write in ${far}. Set TMPDIR to a directory that every user may enter.`)
  say(`The database user may not enter ${dir}: its data stands in ${far}`)
  writeFileSync(elsewhere, far)
  return far
}

async function isUsable(path: string, user: UserId | undefined): Promise<boolean> {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (user === undefined) return true
  chown(path, user)
  return (await capture('test', ['-w', path], { cwd: '/', user })).code === 0
}

function chown(path: string, user: UserId | undefined): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid)
}

function elsewhereFile(dir: string): string {
  return join(dir, 'postgres-data-path')
}

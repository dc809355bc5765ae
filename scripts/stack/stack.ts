import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { ensureHapi, fhirBaseUrl, hapiPart, type HapiOptions } from './hapi.ts'
import type { Part } from './part.ts'
import { freePorts } from './ports.ts'
import { postgresPart, removePostgresData, type PostgresOptions, type PostgresPart } from './postgres.ts'
import { readRecords, stopProcess } from './process-record.ts'
import { redisPart, type RedisOptions } from './redis.ts'

/** The parts of a stack. Every port may be 0 or absent: a free one is picked. */
export interface StackOptions {
  /** Directory for its records, logs and data; two stacks with different directories do not meet. */
  dir: string
  hapis: readonly [HapiOptions, ...HapiOptions[]]
  redis?: Partial<RedisOptions>
  /** Only used when one of the HAPIs has the database `postgres`. */
  postgres?: Partial<PostgresOptions>
}

/** Running servers on this machine. They outlive the script that started them, until `stop`. */
export interface Stack {
  readonly dir: string
  /** The first HAPI's address. */
  readonly fhirBaseUrl: string
  /** Every HAPI's address by its name. */
  readonly fhirBaseUrls: Record<string, string>
  readonly redisUrl: string
  readonly postgresUrl: string | undefined
  /** By name: `redis`, `postgres`, and each HAPI; for tests that stop, kill and start single parts. */
  readonly parts: Record<string, Part>
  /** Stops all parts gracefully; the data stays. */
  stop: () => Promise<void>
  /** Stops all parts and deletes their data. */
  remove: () => Promise<void>
}

type NamedHapi = HapiOptions & { name: string; port: number }

/** Starts Redis and one or more HAPIs (with PostgreSQL where asked for) and waits until all answer; what runs already is left alone. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { dir } = options
  mkdirSync(dir, { recursive: true })
  const ports = await assignPorts(options)
  const hapis = options.hapis.map((hapi, index) => ({ ...hapi, name: hapi.name ?? 'hapi', port: ports.hapis[index] ?? 0 }))
  // One after the other: each may have to install something.
  const program = await ensureHapi()
  const redis = await redisPart(dir, { ...options.redis, port: ports.redis })
  const needsPostgres = hapis.some((hapi) => hapi.database === 'postgres')
  const postgres = needsPostgres ? await postgresPart(dir, { ...options.postgres, port: ports.postgres }) : undefined
  await all([redis.start(), postgres?.start()])
  const servers = await all(hapis.map(async (hapi) => hapiPart(dir, program, hapi, await jdbcUrl(postgres, hapi))))
  await all(servers.map((server) => server.start()))

  const parts = [redis, ...(postgres === undefined ? [] : [postgres]), ...servers]
  const urls = Object.fromEntries(hapis.map((hapi) => [hapi.name, fhirBaseUrl(hapi.port)]))
  return {
    dir,
    fhirBaseUrl: fhirBaseUrl(hapis[0]?.port ?? 0),
    fhirBaseUrls: urls,
    redisUrl: `redis://127.0.0.1:${redis.port}`,
    postgresUrl: postgres && `postgresql://postgres@127.0.0.1:${postgres.port}/postgres`,
    parts: Object.fromEntries(parts.map((part) => [part.name, part])),
    stop: () => stopStack(dir),
    remove: () => removeStack(dir),
  }
}

/** Stops whatever runs in a stack's directory: the HAPIs first, then what they depend on. */
export async function stopStack(dir: string): Promise<void> {
  const records = readRecords(dir)
  const isBase = (name: string): boolean => name === 'redis' || name === 'postgres'
  const stop = (record: (typeof records)[number]): Promise<void> => stopProcess(dir, record, record.stopSignal, 30)
  await all(records.filter((record) => !isBase(record.name)).map(stop))
  await all(records.filter((record) => isBase(record.name)).map(stop))
}

/** Stops a stack and deletes its directory, data and logs included. */
export async function removeStack(dir: string): Promise<void> {
  if (!existsSync(dir)) return
  await stopStack(dir)
  removePostgresData(dir)
  rmSync(dir, { recursive: true, force: true })
}

/** The wished ports, and free ones where none was wished. */
async function assignPorts(options: StackOptions): Promise<{ redis: number; postgres: number; hapis: number[] }> {
  const free = await freePorts(options.hapis.length + 2)
  const port = (wish = 0): number => (wish === 0 ? (free.pop() ?? 0) : wish)
  return { redis: port(options.redis?.port), postgres: port(options.postgres?.port), hapis: options.hapis.map((hapi) => port(hapi.port)) }
}

async function jdbcUrl(postgres: PostgresPart | undefined, hapi: NamedHapi): Promise<string | undefined> {
  return hapi.database === 'postgres' ? postgres?.ensureDatabase(hapi.name) : undefined
}

/** Like Promise.all, but waits for every one before it throws, so that nothing goes on in the background. */
async function all<T>(work: readonly (Promise<T> | undefined)[]): Promise<T[]> {
  const done = await Promise.allSettled(work.filter((one) => one !== undefined))
  return done.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

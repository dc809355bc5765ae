import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ensureHapiJar } from './hapi-jar.ts'
import { ensureJava } from './java.ts'
import { createPart, type Part } from './part.ts'

/** Where a HAPI keeps its resources. `h2-memory` forgets everything when it stops. */
export type HapiDatabase = 'h2-memory' | 'h2-file' | 'postgres'

/** One HAPI FHIR server of a stack. */
export interface HapiOptions {
  /** Distinct within the stack; also the name of its record, log and database. Default `hapi`. */
  name?: string
  /** 0 or absent: a free port. */
  port?: number
  portVariable?: string
  database: HapiDatabase
  /** Answer 422 to resources that break the R4 specification. Default false. */
  validateRequests?: boolean
  /** Default 768. */
  heapMegabytes?: number
  /** Starts in half the time, but each request costs twice the CPU: for tests, not for measurements. Default: not on PostgreSQL. */
  quickStart?: boolean
}

/** The command and settings that every HAPI of a stack needs; made once, because it may build the jar. */
export interface HapiProgram {
  java: string
  jar: string
}

/** Finds, or installs and builds, what HAPI needs. */
export async function ensureHapi(): Promise<HapiProgram> {
  return { java: await ensureJava(), jar: await ensureHapiJar() }
}

/** Describes one HAPI. `jdbcUrl` is its PostgreSQL database, for database `postgres`. */
export function hapiPart(
  dir: string,
  program: HapiProgram,
  options: HapiOptions & { name: string; port: number },
  jdbcUrl: string | undefined,
): Part {
  const { name, port, database } = options
  const data = join(dir, name)
  const scratch = join(data, 'tmp') // Tomcat's, which a killed server leaves behind
  mkdirSync(scratch, { recursive: true })
  const quick = options.quickStart ?? database !== 'postgres'
  return createPart(dir, {
    name,
    title: name === 'hapi' ? 'HAPI FHIR' : `HAPI FHIR (${name})`,
    port,
    portVariable: options.portVariable,
    command: program.java,
    args: [
      `-Xmx${options.heapMegabytes ?? 768}m`,
      ...(quick ? ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'] : []),
      `-Dgateway.data=${data}`,
      `-Djava.io.tmpdir=${scratch}`,
      `-Dgateway.jar.time=${statSync(program.jar).mtimeMs}`, // a rebuilt jar is another spec: the running server is replaced
      '-jar',
      program.jar,
    ],
    env: {
      PORT: String(port),
      HOST: '127.0.0.1',
      HAPI_SERVER_ADDRESS: fhirBaseUrl(port),
      HAPI_VALIDATE_REQUESTS: String(options.validateRequests ?? false),
      ...datasource(database, data, jdbcUrl),
    },
    cwd: data,
    marks: [`-Dgateway.data=${data} `],
    stopSignal: 'SIGTERM',
    isReady: () => isHealthy(port),
    readySeconds: 180,
  })
}

/** The FHIR address of a HAPI on this machine. */
export function fhirBaseUrl(port: number): string {
  return `http://127.0.0.1:${port}/fhir`
}

function datasource(database: HapiDatabase, data: string, jdbcUrl = ''): Record<string, string> {
  const url = {
    'h2-memory': 'jdbc:h2:mem:hapi;DB_CLOSE_DELAY=-1',
    // By default H2 writes commits up to half a second late: kill -9 would then lose acknowledged ones.
    'h2-file': `jdbc:h2:file:${join(data, 'h2')};WRITE_DELAY=0`,
    postgres: jdbcUrl,
  }[database]
  return {
    SPRING_DATASOURCE_URL: url,
    SPRING_DATASOURCE_USERNAME: database === 'postgres' ? 'postgres' : 'sa',
    SPRING_DATASOURCE_PASSWORD: '',
  }
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(3000) })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}

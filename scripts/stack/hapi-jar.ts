import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { runLogged } from './command.ts'
import { say } from './console.ts'
import { ensureJdk, ensureMaven } from './java.ts'
import { repoRoot, runDir } from './paths.ts'

const project = join(repoRoot, 'hapi')
const jar = join(project, 'target/hapi.jar')

/** The path of the HAPI server's jar; builds it with Maven when it is missing or older than its sources. */
export async function ensureHapiJar(): Promise<string> {
  if (existsSync(jar) && modified(jar) >= newestSource()) return jar
  const [home, maven] = [await ensureJdk(), await ensureMaven()]
  say('Building the HAPI FHIR server with Maven (the first build downloads 230 MB)')
  await runLogged('building HAPI', maven, ['-B', '-q', '-DskipTests', 'package'], join(runDir, 'hapi-build.log'), {
    cwd: project,
    env: { ...process.env, JAVA_HOME: home },
  })
  return jar
}

function newestSource(): number {
  const sources = readdirSync(join(project, 'src'), { recursive: true, withFileTypes: true })
  const files = sources.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Math.max(...[join(project, 'pom.xml'), ...files].map(modified))
}

function modified(file: string): number {
  return statSync(file).mtimeMs
}

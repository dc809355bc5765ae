import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { capture, which } from './command.ts'
import { StackError } from './console.ts'
import { installCommand, installPackages, type PackageWish } from './packages.ts'

const NEEDED_JAVA = 17

const RUNTIME_WISH: PackageWish = { why: 'Java (runs HAPI)', apt: ['openjdk-17-jre-headless'], brew: ['openjdk@21'] }
const COMPILER_WISH: PackageWish = { why: 'a Java compiler (builds HAPI)', apt: ['openjdk-17-jdk-headless'], brew: ['openjdk@21'] }
const MAVEN_WISH: PackageWish = { why: 'Maven (builds HAPI)', apt: ['maven'], brew: ['maven'] }

/** The `java` command of a Java 17 or newer; installs one when there is none. */
export async function ensureJava(): Promise<string> {
  return join(await ensureHome('java', RUNTIME_WISH), 'bin/java')
}

/** The home directory of a Java 17 or newer that can compile; installs one when there is none. */
export async function ensureJdk(): Promise<string> {
  return ensureHome('javac', COMPILER_WISH)
}

/** The `mvn` command; installs it when there is none. */
export async function ensureMaven(): Promise<string> {
  const found = which('mvn')
  if (found !== undefined) return found
  const failure = await installPackages(MAVEN_WISH)
  const installed = which('mvn')
  if (installed !== undefined) return installed
  throw new StackError(
    `Maven is missing and could not be installed (${failure ?? 'no mvn after the installation'}).\nInstall it with: ${installCommand(MAVEN_WISH)}`,
  )
}

async function ensureHome(tool: 'java' | 'javac', wish: PackageWish): Promise<string> {
  const found = await findHome(tool)
  if (found !== undefined) return found
  // Debian 13 has no Java 17 any more, Ubuntu 22.04's default is 11: ask for 17 first, then for 21.
  let failure = await installPackages(wish)
  if (failure !== undefined) failure = await installPackages({ ...wish, apt: wish.apt.map((name) => name.replace('17', '21')) })
  const installed = await findHome(tool)
  if (installed !== undefined) return installed
  throw new StackError(
    `Java ${NEEDED_JAVA} or newer is missing and could not be installed (${failure ?? `no ${tool} after the installation`}).\nInstall it with: ${installCommand(wish)}`,
  )
}

async function findHome(tool: 'java' | 'javac'): Promise<string | undefined> {
  for (const home of homes()) {
    const program = join(home, 'bin', tool)
    if (existsSync(program) && (await majorVersion(program)) >= NEEDED_JAVA) return home
  }
  return undefined
}

/** Every place a Java may live in: JAVA_HOME, PATH, Debian's directory, Homebrew (whose Java is not on PATH). */
function homes(): string[] {
  const onPath = which('java')
  return [
    ...(process.env['JAVA_HOME'] === undefined ? [] : [process.env['JAVA_HOME']]),
    ...(onPath === undefined ? [] : [dirname(dirname(realpathSync(onPath)))]),
    ...directories('/usr/lib/jvm', ''),
    ...directories('/opt/homebrew/opt', 'openjdk'),
    ...directories('/usr/local/opt', 'openjdk'),
  ]
}

function directories(parent: string, prefix: string): string[] {
  if (!existsSync(parent)) return []
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(parent, name))
}

/** 17 of `openjdk version "17.0.15"` or `javac 17.0.15`; 0 when it does not run (macOS has a stub at /usr/bin/java). */
async function majorVersion(program: string): Promise<number> {
  const { code, output } = await capture(program, ['-version'])
  return code === 0 ? Number(/(?:version "|javac )(\d+)/.exec(output)?.[1] ?? 0) : 0
}

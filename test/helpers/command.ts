import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** How a command ended, and everything it printed. */
export interface Ended {
  readonly code: number | null
  readonly output: string
}

/** Runs an npm script as package.json words it, as a child process. Its colours are off, as they are in a pipe. */
export function runScript(name: string, args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const words = scripts[name]?.split(' ') ?? []
  if (words[0] !== 'node') throw new Error(`package.json has no script "${name}" that node runs`)
  return runProgram(process.execPath, [...words.slice(1), ...args], environment)
}

/** Runs any program. @param cwd where; by default at the root of the checkout */
export async function runProgram(
  program: string,
  args: readonly string[],
  environment: Record<string, string | undefined> = {},
  cwd?: string,
): Promise<Ended> {
  const child = spawn(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', NODE_NO_WARNINGS: '1', ...environment },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString('utf8')))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, output }
}

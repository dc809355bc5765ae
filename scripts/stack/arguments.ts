import { parseArgs } from 'node:util'
import { StackError } from './console.ts'

/** The command line: which of the flags are there, and the words between them. An unknown flag is an error that shows the usage. */
export function readArguments<Flag extends string>(
  flags: readonly Flag[],
  usage: string,
): { flags: Record<Flag, boolean>; words: string[] } {
  const options = Object.fromEntries(flags.map((flag) => [flag, { type: 'boolean' as const }]))
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const given = flags.map((flag) => [flag, values[flag] === true])
    return { flags: Object.fromEntries(given) as Record<Flag, boolean>, words: positionals }
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('.')[0] : String(error)
    throw new StackError(`${reason ?? ''}\nUsage: ${usage}`)
  }
}

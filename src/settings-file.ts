import { readFileSync } from 'node:fs'
import { ConfigError } from './config-error.ts'

/** A secret in a settings file: written there, or the name of the variable that holds it. */
export interface SecretEntry {
  readonly secret?: string | undefined
  readonly secret_env?: string | undefined
}

/** For a schema of an entry that needs a secret: exactly one of the two ways to give it. */
export function hasOneSecret({ secret, secret_env }: SecretEntry): boolean {
  return (secret === undefined) !== (secret_env === undefined)
}
export const ONE_SECRET = { error: 'give either secret or secret_env (the name of the variable that holds it)' }

/** The secrets of an entry; several, separated by commas, while they rotate. */
export function secretsOf(entry: SecretEntry, environment: Readonly<Record<string, string | undefined>>): string[] {
  const text = entry.secret_env === undefined ? entry.secret : environment[entry.secret_env]
  return (text ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '')
}

/** Where the secret of an entry is missing, and why. The variable's name is not repeated: somebody may have put the secret there. */
export function missingSecret(entry: SecretEntry): string {
  return entry.secret_env === undefined ? 'secret: it is empty' : 'secret_env: the variable that it names is not set'
}

/**
 * Reads a file of settings that holds secrets.
 * @param variable the environment variable that names it, and `page` where its form is described: for the message
 * @throws ConfigError that never quotes the file
 */
export function readSettingsFile(variable: string, file: string, page: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new ConfigError(`${variable} ${file} cannot be read (${code}). Name a file as ${page} describes it, or unset the variable.`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    // The parser quotes what it stumbled over, and that can be a secret: only the place is passed on.
    const place = /line \d+ column \d+/.exec(error instanceof Error ? error.message : '')?.[0] ?? 'a place the parser does not name'
    throw new ConfigError(`${variable} ${file} is not JSON, at ${place}. Check for a missing comma or quote there.`)
  }
}

import { join, relative, resolve } from 'node:path'

/** The checkout. */
export const repoRoot = resolve(import.meta.dirname, '../..')

/** Everything the scripts write at run time: pids, logs, data, tools. Git-ignored. */
export const runDir = join(repoRoot, '.run')

/** The stack of `npm run stack`. */
export const devDir = join(runDir, 'dev')

/** A path as a person at the root of the checkout would type it. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}

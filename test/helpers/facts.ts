import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const FILE = '.run/test-facts.json'

/** Keeps a figure of this run for docs/test-results.md. */
export function recordFact(name: string, value: string): void {
  mkdirSync('.run', { recursive: true })
  const facts = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string>) : {}
  writeFileSync(FILE, JSON.stringify({ ...facts, [name]: value }, null, 2))
}

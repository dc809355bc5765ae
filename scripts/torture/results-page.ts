import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const HEAD = `# What \`npm run torture\` has seen

Each phase as it ran last, all of them on one machine with two cores that also carries HAPI, PostgreSQL and Redis.
`
const TABLE = '| what | seen | promises |\n|---|---|---|'

/** docs/torture-results.md: a section for each phase. Whoever runs one phase replaces its section and leaves the others. */
export class ResultsPage {
  readonly #file: string
  readonly #phases: readonly string[]

  constructor(file: string, phases: readonly string[]) {
    this.#file = file
    this.#phases = phases
  }

  /** @param how with which numbers, when, and whether to its end @param rows of the table, as far as the phase has come */
  write(phase: string, how: string, rows: readonly string[]): void {
    const sections = this.#sections()
    sections.set(phase, `${how}\n\n${[TABLE, ...rows].join('\n')}`)
    const all = this.#phases.map((name) => `\n## ${name}\n\n${sections.get(name) ?? 'Not run yet.'}\n`)
    writeFileSync(this.#file, HEAD + all.join(''))
  }

  #sections(): Map<string, string> {
    const text = existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : ''
    const [, ...sections] = text.split(/^## /m)
    return new Map(
      sections.map((section) => {
        const [name = '', ...lines] = section.split('\n')
        return [name, lines.join('\n').trim()]
      }),
    )
  }
}

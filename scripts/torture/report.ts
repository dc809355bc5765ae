import { say } from '../stack/console.ts'

/** Counts what was checked and remembers what was wrong. */
export class TortureReport {
  readonly #lines: string[] = []
  readonly #problems: string[] = []
  #passed = 0
  /** Told after each result: a run takes long, and may be ended before its end. */
  noted: () => void = () => undefined

  /** One result: how it went in a line, and what was wrong. Printed at once. */
  note(what: string, seen: string, problems: readonly string[]): void {
    const line = `${what}: ${seen}`
    this.#lines.push(`| ${what} | ${seen} | ${problems.length === 0 ? 'kept' : `**${problems.length} broken**`} |`)
    if (problems.length === 0) {
      this.#passed++
      say(`ok      ${line}`)
      this.noted()
      return
    }
    this.#problems.push(...problems.map((problem) => `${what}: ${problem}`))
    say(`FAILED  ${line}`)
    for (const problem of problems.slice(0, 10)) say(`          ${problem}`)
    this.noted()
  }

  get failed(): boolean {
    return this.#problems.length > 0
  }

  /** The last line of a run. */
  verdict(): string {
    return `Torture: ${this.#passed} checks passed, ${this.#lines.length - this.#passed} failed`
  }

  /** docs/torture-results.md. */
  page(head: readonly string[]): string {
    return `${['# Results of the last `npm run torture`', '', ...head, '', '| what | seen | promises |', '|---|---|---|', ...this.#lines].join('\n')}\n`
  }
}

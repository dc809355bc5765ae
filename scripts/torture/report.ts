import { say } from '../stack/console.ts'

/** Counts what was checked and remembers what was wrong. */
export class TortureReport {
  #rows: string[] = []
  #passed = 0
  #broken = 0
  /** Told after each result: a run takes long, and may be ended before its end. */
  noted: () => void = () => undefined

  /** The table begins anew; the counts go on. */
  beginTable(): void {
    this.#rows = []
  }

  /** One result: how it went in a line, and what was wrong. Printed at once. */
  note(what: string, seen: string, problems: readonly string[]): void {
    const isKept = problems.length === 0
    this.#rows.push(`| ${what} | ${seen} | ${isKept ? 'kept' : `**${problems.length} broken**`} |`)
    if (isKept) this.#passed++
    else this.#broken++
    say(`${isKept ? 'ok      ' : 'FAILED  '}${what}: ${seen}`)
    for (const problem of problems.slice(0, 10)) say(`          ${problem}`)
    this.noted()
  }

  /** Rows of a table `what | seen | promises`, since it began. */
  get rows(): readonly string[] {
    return this.#rows
  }

  get failed(): boolean {
    return this.#broken > 0
  }

  /** The last line of a run. */
  verdict(): string {
    return `Torture: ${this.#passed} checks passed, ${this.#broken} failed`
  }
}

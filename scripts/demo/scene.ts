import { colour, printColumns, printTitle, type Line } from './page.ts'

const SPEAKER_WIDTH = 14

/** Counts the checks of the story and remembers those that failed. */
export class Checks {
  passed = 0
  readonly failures: string[] = []

  note(claim: string, holds: boolean, seen: string): Line {
    if (holds) {
      this.passed += 1
      return { text: `ok      ${claim}`, tone: 'good', hang: 8 }
    }
    const failure = `${claim} (seen: ${seen})`
    this.failures.push(failure)
    return { text: `FAILED  ${failure}`, tone: 'bad', hang: 8 }
  }
}

/** A bit of the conversation, and what the EHR holds after it. */
interface Beat {
  readonly said: Line[]
  readonly seen: Line[]
}

/** One scene of the story: what was said on the left, what the EHR then holds on the right. */
export class Scene {
  readonly #checks: Checks
  readonly #beats: Beat[] = []

  constructor(checks: Checks) {
    this.#checks = checks
  }

  /** What happens, in a sentence. */
  tells(text: string): void {
    this.#say({ text, tone: 'dim' })
  }

  /** A request or an answer. */
  says(who: string, what: string): void {
    this.#say({ text: `${who.padEnd(SPEAKER_WIDTH)}${what}`, hang: SPEAKER_WIDTH })
  }

  /** Something that stands in the EHR. */
  shows(text: string): void {
    this.#current().seen.push({ text, hang: 2 })
  }

  /** A claim, checked. @param seen what there was instead, for when it fails */
  checks(claim: string, holds: boolean, seen: string): void {
    this.#current().seen.push(this.#checks.note(claim, holds, seen))
  }

  print(): void {
    for (const { said, seen } of this.#beats) printColumns(said, seen)
  }

  /** Speaking again after a look at the EHR begins a new beat, so that both columns stay beside each other. */
  #say(line: Line): void {
    if (this.#current().seen.length > 0) this.#beats.push({ said: [], seen: [] })
    this.#current().said.push(line)
  }

  #current(): Beat {
    const last = this.#beats.at(-1)
    if (last) return last
    const first: Beat = { said: [], seen: [] }
    this.#beats.push(first)
    return first
  }
}

/** Plays a scene and prints it, also when it breaks off in the middle. */
export async function play<T>(checks: Checks, title: string, action: (scene: Scene) => Promise<T>): Promise<T> {
  const scene = new Scene(checks)
  printTitle(title)
  try {
    return await action(scene)
  } finally {
    scene.print()
  }
}

/** The last lines of the demo. */
export function verdict(checks: Checks): string[] {
  const { passed, failures } = checks
  const last = `Demo: ${passed} checks passed, ${failures.length} failed`
  return [...failures.map((failure) => colour(`FAILED: ${failure}`, 'bad')), colour(last, failures.length === 0 ? 'good' : 'bad')]
}

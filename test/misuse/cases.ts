import { DATE_CASES } from './date-cases.ts'
import { ID_CASES } from './id-cases.ts'
import { PERSON_CASES } from './person-cases.ts'
import { REPEAT_CASES } from './repeat-cases.ts'
import { TEXT_CASES } from './text-cases.ts'
import type { Door, Told } from './doors.ts'
import type { Scene } from './scene.ts'

/** One way in which a language model or a hostile user goes wrong. */
export interface Misuse {
  readonly name: string
  /** Does it; the last answer counts. */
  readonly act: (scene: Scene) => Promise<Told>
  readonly outcome: string | Readonly<Record<Door['name'], string>>
  /** What the answer has to offer as next step, as a tool; none where the bot has to mend its own request. */
  readonly next?: string
  /** Live visits (holds too) on the desk afterwards. Left out: none. */
  readonly live?: number
  /** Fields that the answer must not have. */
  readonly without?: readonly string[]
  /** What else has to hold of the answer. */
  readonly body?: Readonly<Record<string, unknown>>
}

export const CASES: readonly Misuse[] = [...ID_CASES, ...DATE_CASES, ...REPEAT_CASES, ...PERSON_CASES, ...TEXT_CASES]

import type { SlotOperation } from './slot-history.ts'

/** Who has the Slot; nobody where it is free. */
export type Holder = string | undefined

/** What a search has used up of the operations that may have had no effect. */
export interface Used {
  readonly operations: bigint
  readonly spent: number
}

/** Whether who has used the one could still do everything that who has used the other could. */
export function isNoMore(one: Used, other: Used): boolean {
  return (one.operations & other.operations) === one.operations && one.spent <= other.spent
}

/** Whether the operation, with the answer it got, can happen while this one has the Slot. */
export function isPossible({ kind, appointment, outcome }: SlotOperation, holder: Holder): boolean {
  if (outcome === 'taken') return holder !== undefined && holder !== appointment
  return kind === 'take' ? holder === undefined : holder === appointment
}

/** Who has the Slot after it. */
export function holderAfter({ kind, appointment, outcome }: SlotOperation, holder: Holder): Holder {
  if (outcome === 'taken') return holder
  return kind === 'take' ? appointment : undefined
}

/**
 * The operations of a history that have no place in the order yet. Certain ones need a place; unknown ones may be left without, and are
 * offered last, because mostly nothing needs them. An operation can be next when no certain one without a place had ended before it began.
 */
export class OpenOperations {
  /** The certain ones first; each group by the time of its call. */
  readonly #operations: readonly SlotOperation[]
  readonly #certain: number
  readonly #unknownGives = new Map<string, number[]>()
  readonly #unknownTakes: readonly number[]
  /** Visits of which only an unknown take and an unknown give are known, by the place of the take. */
  readonly #passersBy: ReadonlyMap<string, number>
  readonly #placed: boolean[] = []
  /** Certain operations by the time of their answers. */
  readonly #byAnswer: readonly number[]
  readonly #answerRank: readonly number[]
  /** Up to these points everything certain has its place. */
  #calls = 0
  #answers = 0
  /** Unknown operations that were used, one bit each; without those of spent passers-by. */
  #used = 0n
  /** Passers-by that came and went. */
  #spent = 0
  #left: number
  /** Certain operations without a place that change who has the Slot. */
  #changesLeft: number
  /** By visit: the certain operations without a place in which it gives the Slot back, and those in which it is refused. */
  readonly #certainGives = new Map<string, number>()
  readonly #refusals = new Map<string, number>()

  constructor(operations: readonly SlotOperation[]) {
    const byCall = [...operations].sort((a, b) => a.invoked - b.invoked)
    const certain = byCall.filter(({ outcome }) => outcome !== 'unknown')
    this.#operations = [...certain, ...byCall.filter(({ outcome }) => outcome === 'unknown')]
    this.#certain = certain.length
    this.#left = certain.length
    this.#changesLeft = certain.filter(({ outcome }) => outcome === 'ok').length
    const unknown = [...this.#operations.keys()].slice(certain.length)
    for (const index of unknown) {
      const { kind, appointment } = this.at(index)
      if (kind === 'give') this.#unknownGives.set(appointment, [...(this.#unknownGives.get(appointment) ?? []), index])
    }
    this.#unknownTakes = unknown.filter((index) => this.at(index).kind === 'take').sort((a, b) => this.#endOf(a) - this.#endOf(b))
    for (const operation of certain) this.#count(operation, 1)
    this.#passersBy = this.#findPassersBy(new Set(certain.map(({ appointment }) => appointment)))
    this.#byAnswer = certain.map((_, index) => index).sort((a, b) => this.at(a).returned - this.at(b).returned)
    const ranks = new Map(this.#byAnswer.map((index, rank) => [index, rank]))
    this.#answerRank = certain.map((_, index) => ranks.get(index) ?? 0)
  }

  /** How many still need a place. */
  get left(): number {
    return this.#left
  }

  /** What of the unknown was used up. Passers-by who came and went are only counted: one is as good as another who may come and go by now. */
  get used(): Used {
    return { operations: this.#used, spent: this.#spent }
  }

  at(index: number): SlotOperation {
    const found = this.#operations[index]
    if (!found) throw new Error('no such operation')
    return found
  }

  /** Certain operations that nothing keeps from being next, whether their answer fits or not. */
  waiting(): number[] {
    const end = this.#firstAnswer()
    const found: number[] = []
    for (let index = this.#firstCall(); index < this.#certain && this.at(index).invoked <= end; index++)
      if (!this.#placed[index]) found.push(index)
    return found
  }

  /** What can be next while this one has the Slot. */
  candidates(holder: Holder): number[] {
    const end = this.#firstAnswer()
    const unknown = holder === undefined ? this.#unknownTakes : (this.#unknownGives.get(holder) ?? [])
    const begun = unknown.filter((index) => !this.#placed[index] && this.at(index).invoked <= end)
    const waiting = this.waiting()
    return [
      ...waiting.filter((index) => isPossible(this.at(index), holder)),
      ...(holder === undefined ? this.#usefulTakes(begun, waiting, end) : begun),
    ]
  }

  place(index: number): void {
    this.#mark(index, true)
    if (index >= this.#certain) this.#use(index, 1)
  }

  takeBack(index: number): void {
    this.#mark(index, false)
    if (index >= this.#certain) this.#use(index, -1)
    this.#calls = Math.min(this.#calls, index)
    this.#answers = Math.min(this.#answers, this.#answerRank[index] ?? this.#answers)
  }

  /** Names the set of certain operations that have their place. */
  certainPlaced(): string {
    const end = this.#firstAnswer()
    const first = this.#firstCall()
    let name = String(first)
    for (let index = first + 1; index < this.#certain && this.at(index).invoked <= end; index++) if (this.#placed[index]) name += `,${index}`
    return name
  }

  /**
   * Visits that took the Slot without anybody's knowledge explain two things: that they give it back later, and that others are refused
   * now. For a refusal one is as good as another, if it can be gone again at any moment; so only the first of those is tried (and those
   * that are refused themselves somewhere: they cannot explain that). One that stays for good comes after everything that changes who
   * has the Slot.
   */
  #usefulTakes(begun: readonly number[], waiting: readonly number[], end: number): number[] {
    const isRefusalNext = waiting.some((index) => this.at(index).outcome === 'taken')
    let isOneEnough = false
    return begun.filter((index) => {
      const { appointment } = this.at(index)
      if ((this.#certainGives.get(appointment) ?? 0) > 0) return true
      const gone = this.#endOf(index)
      if (!isRefusalNext || (gone === Infinity && this.#changesLeft > 0)) return false
      if ((gone > end && gone < Infinity) || (this.#refusals.get(appointment) ?? 0) > 0) return true
      const isFirst = !isOneEnough
      isOneEnough = true
      return isFirst
    })
  }

  #findPassersBy(known: ReadonlySet<string>): Map<string, number> {
    const takes = Map.groupBy(this.#unknownTakes, (index) => this.at(index).appointment)
    const alone = [...takes].flatMap(([appointment, [index, ...more]]): [string, number][] =>
      index !== undefined && more.length === 0 && !known.has(appointment) && this.#unknownGives.get(appointment)?.length === 1
        ? [[appointment, index]]
        : [],
    )
    return new Map(alone)
  }

  #use(index: number, by: 1 | -1): void {
    const { kind, appointment } = this.at(index)
    const came = kind === 'give' ? this.#passersBy.get(appointment) : undefined
    if (came !== undefined) this.#spent += by
    // A passer-by who leaves is counted instead of remembered.
    this.#used ^= 1n << BigInt((came ?? index) - this.#certain)
  }

  /** From when on a visit that took the Slot may be gone without anybody's knowledge. */
  #endOf(index: number): number {
    const gives = (this.#unknownGives.get(this.at(index).appointment) ?? []).filter((give) => this.#placed[give] !== true)
    return Math.min(Infinity, ...gives.map((give) => this.at(give).invoked))
  }

  #mark(index: number, placed: boolean): void {
    const by = placed ? -1 : 1
    this.#placed[index] = placed
    if (index >= this.#certain) return
    this.#count(this.at(index), by)
    this.#left += by
    if (this.at(index).outcome === 'ok') this.#changesLeft += by
  }

  #count({ kind, appointment, outcome }: SlotOperation, by: number): void {
    const counts = outcome === 'taken' ? this.#refusals : kind === 'give' ? this.#certainGives : undefined
    counts?.set(appointment, (counts.get(appointment) ?? 0) + by)
  }

  #firstCall(): number {
    while (this.#calls < this.#certain && this.#placed[this.#calls]) this.#calls++
    return this.#calls
  }

  /** When the first certain operation without a place had ended. */
  #firstAnswer(): number {
    while (this.#answers < this.#certain && this.#placed[this.#byAnswer[this.#answers] ?? 0]) this.#answers++
    const first = this.#byAnswer[this.#answers]
    return first === undefined ? Infinity : this.at(first).returned
  }
}

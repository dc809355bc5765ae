import { holderAfter, isNoMore, OpenOperations, type Holder, type Used } from './open-operations.ts'
import type { SlotOperation } from './slot-history.ts'

/** Whether a history of one Slot can be explained; if not, where it stops making sense. */
export type Verdict = { readonly linearizable: true } | { readonly linearizable: false; readonly explanation: string }

/** With more steps than this (some ten seconds), too much went on at once for a decision. */
const MAX_STEPS = 5_000_000

/**
 * Whether there is an order of the operations in which each happens at one moment between its call and its answer and in which all
 * answers are true: a free Slot can be taken, a taken one refuses everybody else, and only who has it gives it back
 * (Wing and Gong 1993, with Lowe's memory of what was tried).
 * @param holder who has the Slot at first
 * @throws Error when it cannot be decided in reasonable time
 */
export function checkSlot(operations: readonly SlotOperation[], holder?: string): Verdict {
  return new Search(operations, holder).run()
}

/** Where the search stands: who has the Slot, what can be next, and which operation led here. */
interface Place {
  readonly holder: Holder
  readonly candidates: number[]
  readonly cameBy: number | undefined
}

class Search {
  readonly #open: OpenOperations
  readonly #path: Place[]
  /**
   * What was tried: by the certain operations that had their place and by who had the Slot, what was used of the unknown ones. Whoever has
   * used more of them can do no better.
   */
  readonly #tried = new Map<string, Used[]>()
  /** The longest explanation so far. */
  #furthest = { left: Infinity, text: '' }

  constructor(operations: readonly SlotOperation[], holder: Holder) {
    this.#open = new OpenOperations(operations.filter(({ outcome }) => outcome !== 'failed'))
    this.#path = [{ holder, candidates: this.#open.candidates(holder).reverse(), cameBy: undefined }]
  }

  run(): Verdict {
    for (let steps = 0; this.#open.left > 0; steps++) {
      if (steps > MAX_STEPS) throw new Error(`not decided after ${MAX_STEPS} steps: too many operations went on at one time`)
      const place = this.#path.at(-1)
      if (!place) return { linearizable: false, explanation: this.#furthest.text }
      const next = place.candidates.pop()
      if (next === undefined) this.#goBack(place)
      else this.#goOn(place, next)
    }
    return { linearizable: true }
  }

  /** Puts the operation next, where that leads to something new. */
  #goOn(place: Place, index: number): void {
    const holder = holderAfter(this.#open.at(index), place.holder)
    this.#open.place(index)
    if (this.#isNew(holder)) this.#path.push({ holder, candidates: this.#open.candidates(holder).reverse(), cameBy: index })
    else this.#open.takeBack(index)
  }

  #goBack(place: Place): void {
    this.#remember(place.holder)
    this.#path.pop()
    if (place.cameBy !== undefined) this.#open.takeBack(place.cameBy)
  }

  #isNew(holder: Holder): boolean {
    const key = `${this.#open.certainPlaced()} ${holder ?? ''}`
    const { used } = this.#open
    const before = this.#tried.get(key) ?? []
    if (before.some((less) => isNoMore(less, used))) return false
    this.#tried.set(key, [...before, used])
    return true
  }

  #remember(holder: Holder): void {
    if (this.#open.left >= this.#furthest.left) return
    const waiting = this.#open.waiting().map((index) => describe(this.#open.at(index)))
    const state = holder === undefined ? 'free' : `held by ${holder}`
    this.#furthest = { left: this.#open.left, text: `the Slot is ${state}, and none of these can be next: ${waiting.join('; ')}` }
  }
}

function describe({ kind, appointment, outcome, invoked, returned }: SlotOperation): string {
  return `${kind}(${appointment}) ${outcome} [${invoked}, ${returned}]`
}

interface Waiting {
  readonly until: number
  take(): void
}

/**
 * Lets so many through at once; others wait in a line of limited length, each for as long as it has time. Whoever has the least
 * time left is next: so a call that is half done goes on before calls that have only come, and is not done for nothing.
 */
export class Bulkhead {
  readonly #places: number
  readonly #line: number
  #inside = 0
  readonly #waiting = new Set<Waiting>()

  /**
   * @param places how many may be inside
   * @param line how many may wait
   */
  constructor(places: number, line: number) {
    this.#places = places
    this.#line = line
  }

  /**
   * Waits for a place.
   * @param until `performance.now()` up to which waiting makes sense
   * @returns what gives the place back; `undefined` when the line is full or the time is over
   */
  async enter(until: number): Promise<(() => void) | undefined> {
    if (this.#inside < this.#places) {
      this.#inside++
      return this.#leaveOnce()
    }
    const timeLeft = until - performance.now()
    if (this.#waiting.size >= this.#line || timeLeft <= 0) return undefined
    return (await this.#wait(until, timeLeft)) ? this.#leaveOnce() : undefined
  }

  /** @returns whether a place was handed over */
  #wait(until: number, milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting)
        resolve(false)
      }, milliseconds)
      const take = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const waiting: Waiting = { until, take }
      this.#waiting.add(waiting)
    })
  }

  #leaveOnce(): () => void {
    let left = false
    return () => {
      if (!left) this.#leave()
      left = true
    }
  }

  /** The place goes straight to the next one in the line: nobody who comes now gets ahead of it. */
  #leave(): void {
    const next = this.#mostUrgent()
    if (next) {
      this.#waiting.delete(next)
      next.take()
    } else this.#inside--
  }

  #mostUrgent(): Waiting | undefined {
    let found: Waiting | undefined
    for (const waiting of this.#waiting) if (!found || waiting.until < found.until) found = waiting
    return found
  }
}

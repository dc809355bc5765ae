/**
 * Decides whether a reading that contradicts itself is to be read again. The queries of a batch are no snapshot, so a contradiction can
 * mean that another write came in between. One that the next reading shows unchanged means something else (a claim that is really
 * orphaned, a visit that has ended since): what is read after it was seen is newer than it. One that has changed is a new tear.
 */
export class TornReadings {
  #last: string | undefined

  /** @param contradictions each named so that the same one has the same name in every reading; `undefined` for none */
  isTorn(...contradictions: readonly (string | undefined)[]): boolean {
    const found = contradictions.filter((contradiction) => contradiction !== undefined).join(' ')
    const isNew = found !== '' && found !== this.#last
    this.#last = found
    return isNew
  }
}

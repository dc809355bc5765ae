/**
 * Lets one request of this process go ahead for a time; those that come meanwhile wait for it to end and then go on together,
 * reading its outcome. It saves the EHR the work of losing races, and nothing rests on it: between processes, and for
 * safety in general, `If-Match` decides.
 */
export class Turnstile {
  readonly #inside = new Map<string, Promise<void>>()

  /**
   * @param key what is tried for
   * @param deadline `performance.now()` up to which waiting makes sense
   */
  async pass<T>(key: string, deadline: number, attempt: () => Promise<T>): Promise<T> {
    const leader = this.#inside.get(key)
    if (leader) {
      await untilDeadline(leader, deadline)
      return attempt()
    }
    const running = attempt()
    const ended = running.then(
      () => undefined,
      () => undefined,
    )
    this.#inside.set(key, ended)
    try {
      return await running
    } finally {
      if (this.#inside.get(key) === ended) this.#inside.delete(key)
    }
  }
}

/** Half of what is left of the time goes into waiting at most, the other half is for the own attempt. */
async function untilDeadline(leader: Promise<void>, deadline: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, (deadline - performance.now()) / 2))
  })
  await Promise.race([leader, enough])
  clearTimeout(timer)
}

import type { Counters } from './booking/ports.ts'

/** More keys than this: those that have run out are dropped. */
const SWEEP_ABOVE = 10_000

/** Counts in this process alone: each replica for itself, and a restart forgets. */
export function countersInProcess(): Counters {
  const counts = new Map<string, { count: number; until: number }>()
  const dropOld = (now: number): void => {
    if (counts.size < SWEEP_ABOVE) return
    for (const [key, { until }] of counts) if (until <= now) counts.delete(key)
  }
  return {
    add: (key, windowSeconds) => {
      const now = performance.now()
      dropOld(now)
      const running = counts.get(key)
      const next =
        running && running.until > now ? { ...running, count: running.count + 1 } : { count: 1, until: now + windowSeconds * 1000 }
      counts.set(key, next)
      return Promise.resolve(next.count)
    },
    clear: (key) => {
      counts.delete(key)
      return Promise.resolve()
    },
  }
}

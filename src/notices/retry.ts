/**
 * Pauses before the second, third, … attempt, in seconds: the steps that Standard Webhooks gives as its example up to ten hours,
 * and that one twice. Eight attempts within 27 h 35 min, so that a receiver that is down overnight misses nothing.
 */
export const RETRY_DELAYS_SECONDS = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600] as const

/** How many times a notice is sent at most. */
export const MOST_ATTEMPTS = RETRY_DELAYS_SECONDS.length + 1

/** A receiver may ask for patience, but not for ever: the longest pause of the schedule. */
const LONGEST_PAUSE_SECONDS = Math.max(...RETRY_DELAYS_SECONDS)
/** How far a pause may be off its place, as a share of it: notices that failed together should not come back together. */
const JITTER = 0.1

/**
 * When to try again, in seconds; `undefined` when it has been tried often enough.
 * @param attempt how many attempts were made (1 after the first one)
 * @param retryAfterSeconds what the receiver asked for; never earlier than that
 * @param chance in [0, 1)
 */
export function retryDelaySeconds(attempt: number, retryAfterSeconds = 0, chance = Math.random()): number | undefined {
  const pause = RETRY_DELAYS_SECONDS[attempt - 1]
  if (pause === undefined) return undefined
  const asked = Math.min(retryAfterSeconds, LONGEST_PAUSE_SECONDS)
  return Math.max(pause * (1 + JITTER * (2 * chance - 1)), asked * (1 + JITTER * chance))
}

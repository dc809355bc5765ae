import type { Call } from './ports.ts'

/** A caller has an answer after this long, in milliseconds; the rest of the promised 5 s is for the way there and back. */
const ANSWER_WITHIN_MS = 4_500

/** A call that has the whole answer time before it. */
export function newCall(requestId: string, clientId: string): Call {
  return { requestId, clientId, deadline: performance.now() + ANSWER_WITHIN_MS, roundTrips: 0 }
}

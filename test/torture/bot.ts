import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Api } from '../helpers/api.ts'
import { unique } from '../helpers/clinic.ts'

/** What a bot knows in the end. `unknown`: nobody could tell it within its patience. */
export interface Told {
  readonly kind: 'ok' | 'refused' | 'unknown'
  /** The last answer; absent where none came. */
  readonly answer: Answer | undefined
  /** On this machine's monotonic clock, in milliseconds: when it was first sent, and when the last answer came. */
  readonly invoked: number
  readonly returned: number
  /** How many times it was sent. */
  readonly sent: number
}

/** Answers that decide nothing: ask again with the same key. */
const UNDECIDED = [202, 429, 500, 502, 503]
const PAUSE_MS = 250

/** Sends one request until its outcome is known, as docs/http-api.md asks of every bot: the same key each time, any gateway. */
export async function askUntilKnown(
  apis: readonly Api[],
  send: (api: Api, ask: { key: string }) => Promise<Answer>,
  options: { readonly patienceMs?: number; readonly seen?: (answer: Answer | undefined) => void | Promise<void> } = {},
): Promise<Told> {
  const key = unique('torture')
  const invoked = performance.now()
  const until = invoked + (options.patienceMs ?? 60_000)
  for (let sent = 1; ; sent++) {
    const api = apis[sent % apis.length]
    if (!api) throw new Error('no gateway to ask')
    const answer = await send(api, { key }).catch(() => undefined)
    await options.seen?.(answer)
    const returned = performance.now()
    if (answer && !UNDECIDED.includes(answer.status)) return { kind: answer.status < 300 ? 'ok' : 'refused', answer, invoked, returned, sent }
    if (returned > until) return { kind: 'unknown', answer, invoked, returned, sent }
    await sleep(PAUSE_MS)
  }
}

import { BookingError } from '../booking/errors.ts'
import type { Counters } from '../booking/ports.ts'
import type { ClinicMapping } from '../clinic/mapping.ts'
import { claimsDigest } from '../escalation/keys.ts'
import type { PatientClaims } from './identity-values.ts'

/** Conversations and details are counted for so long, clients for a minute; in seconds. */
const WINDOW_SECONDS = 30 * 60
const MINUTE_SECONDS = 60
/** Many people share a birth date. */
const BIRTH_DATES = 10

/** What limiting guesses needs. */
export interface AttemptDeps {
  readonly counters: Counters
  /** Keys the digests under which is counted, so that nobody who reads the counters can test a guess. */
  readonly secret: string
  readonly mapping: ClinicMapping
}

/** One try to be identified. */
export interface Attempt {
  readonly clientId: string
  readonly claims: PatientClaims
  /** Whatever the client calls the conversation. */
  readonly conversation?: string | undefined
}

/** What came of it. */
export type Looked<T> = { readonly isExhausted: true } | { readonly isExhausted: false; readonly found: T | undefined }

interface Counted {
  readonly key: string
  readonly limit: number
}

/**
 * Tries to identify somebody as often as the clinic allows. What is counted are failures: of a conversation, of each detail (so that nobody
 * finds out the birth date that goes with a name, in whatever conversations), and of a client in conversations it does not name.
 * A conversation that is named can therefore never keep others of its client out. The same details again are no new guess.
 * @param look the look-up. It counts before it is made, so that guesses in parallel count too, and a success is taken back
 * @returns what the look-up gives, or that there were too many, without asking the EHR
 * @throws BookingError `rate_limited`, and what the look-up throws
 */
export async function withinAttempts<T>(deps: AttemptDeps, attempt: Attempt, look: () => Promise<T | undefined>): Promise<Looked<T>> {
  const { counters, mapping } = deps
  const brake = `identity client ${claimsDigest(deps.secret, { client: attempt.clientId })}`
  const isNamed = attempt.conversation !== undefined
  if (!isNamed && (await counters.add(brake, MINUTE_SECONDS, 0)) >= mapping.identity.attempts.perMinute) throw tooMany()
  const counts = countsOf(deps, attempt)
  const isNew = (await counters.add(digest(deps, attempt, 'seen', attempt.claims), WINDOW_SECONDS)) === 1
  const add = (by: number): Promise<number[]> => Promise.all(counts.map(({ key }) => counters.add(key, WINDOW_SECONDS, by)))
  const reached = await add(isNew ? 1 : 0)
  if (reached.some((count, index) => count > (counts[index]?.limit ?? 0))) return { isExhausted: true }
  const found = await look().catch(async (error: unknown) => {
    if (isNew) await add(-1)
    throw error
  })
  if (found !== undefined && isNew) await add(-1)
  if (found === undefined && !isNamed) await counters.add(brake, MINUTE_SECONDS)
  return { isExhausted: false, found }
}

function countsOf(deps: AttemptDeps, attempt: Attempt): Counted[] {
  const { perConversation, perDetail } = deps.mapping.identity.attempts
  const { mrn, family_name, given_name, birth_date, phone, email } = attempt.claims
  const name = family_name === undefined ? undefined : `${family_name} ${given_name ?? ''}`
  const details = Object.entries({ mrn, name, birth_date, phone, email }).filter(([, value]) => value !== undefined)
  const conversation = { key: digest(deps, attempt, 'conversation', { id: attempt.conversation }), limit: perConversation }
  return [
    ...(attempt.conversation === undefined ? [] : [conversation]),
    ...details.map(([detail, value]) => ({
      key: digest(deps, attempt, 'detail', { [detail]: value }),
      limit: detail === 'birth_date' ? perDetail * BIRTH_DATES : perDetail,
    })),
  ]
}

/** One client cannot use up what another one has. */
function digest(deps: AttemptDeps, { clientId }: Attempt, what: string, values: Readonly<Record<string, string | undefined>>): string {
  return `identity ${what} ${claimsDigest(deps.secret, { ...values, client: clientId })}`
}

function tooMany(): BookingError {
  return new BookingError(
    'rate_limited',
    'Too many failed identities in this minute. Send X-Conversation-Id with every intake: then each conversation is counted for itself.',
    { retryAfterSeconds: MINUTE_SECONDS },
  )
}

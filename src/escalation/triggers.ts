import type { Caller } from '../booking/caller.ts'
import { BookingError } from '../booking/errors.ts'
import type { Call, Counters } from '../booking/ports.ts'
import type { BuiltInReason } from '../clinic/built-in-reasons.ts'
import { escalateOrKeep, type Placement } from './escalate-or-keep.ts'
import { claimsDigest, clinicDay, escalationKey } from './keys.ts'
import type { EscalationDeps, EscalationRequest } from './ports.ts'

/** What the gateway's own triggers need. */
export interface TriggerDeps extends EscalationDeps {
  readonly counters: Counters
  /** Keys the digest of what unidentified patients said. */
  readonly secret: string
}

/** What somebody said about himself; only digests of it are kept. */
type Claims = Readonly<Record<string, string | undefined>>

/** What an answer says of an escalation. */
export interface Told {
  readonly escalationId: string
  readonly spoken: string
}

/** A write that is being watched. */
export interface WatchedWrite {
  readonly caller: Caller
  readonly operation: 'hold' | 'book' | 'reschedule' | 'cancel' | 'release'
  /** What it is about: a Slot, a hold or a visit. */
  readonly target: string
  /** The hold or visit, where it exists already. */
  readonly appointmentId?: string
}

/** Who is told so many times in a row that a time is taken needs a person. */
const LOST_IN_A_ROW = 3
const RACE_WINDOW_SECONDS = 15 * 60
/** Nobody's list is to be filled by one client that guesses identities. */
const MOST_UNVERIFIED = 20
const UNVERIFIED_WINDOW_SECONDS = 15 * 60
/** An emergency is rare; a client that reports more of them in a quarter of an hour is misused, and its patients are told what to do all the same. */
const MOST_RED_FLAGS = 100
/** An escalation has its own time, in milliseconds; the caller waits for it as long as his own allows. */
const ESCALATE_WITHIN_MS = 4_000
/** What of the caller's time is left for the answer itself, in milliseconds. */
const ANSWER_RESERVE_MS = 100
/** How often on one day the same thing may be escalated anew after staff closed it. */
const MOST_RENEWALS = 5

/**
 * Runs a write of a caller. What needs a person (the EHR refused the change, or the patient lost race after race) is escalated,
 * and the error carries the escalation's id and what to tell the patient.
 * @throws what the write throws
 */
export async function watchWrite<T>(deps: TriggerDeps, watched: WatchedWrite, call: Call, write: () => Promise<T>): Promise<T> {
  const race = raceKey(watched)
  try {
    const result = await write()
    if (race !== undefined) void deps.counters.clear(race).catch(() => undefined)
    return result
  } catch (error) {
    if (!(error instanceof BookingError)) throw error
    const placed = await escalateFailure(deps, watched, error, call)
    if (!placed) throw error
    throw new BookingError(error.code, error.message, { ...error.extras, ...shown(placed) })
  }
}

/** Escalates that somebody could not be identified, or is new here. @returns what to tell him, where staff know of it */
export async function escalateUnverified(
  deps: TriggerDeps,
  claims: Claims,
  call: Call,
  reason: 'identity_unverified' | 'new_patient' = 'identity_unverified',
): Promise<Told | undefined> {
  if (await isTooMuch(deps, reason, MOST_UNVERIFIED, call)) return undefined
  const now = Date.now()
  const request = {
    reason: reason satisfies BuiltInReason,
    clientId: call.clientId,
    requestId: call.requestId,
    trail: [{ code: reason, at: now }],
    key: escalationKey(reason, call.clientId, today(deps, now), claimsDigest(deps.secret, claims)),
  }
  const placed = await inTime(deps, request, call)
  return placed && shown(placed)
}

/** Something that may be an emergency. */
export interface NoticedRedFlag {
  readonly ruleId: string
  readonly priority: NonNullable<EscalationRequest['priority']>
  /** `Patient/<id>` where the details given have identified somebody. */
  readonly patient: string | undefined
  /** What tells this emergency from another one of the same rule: who, or which conversation, or which request. */
  readonly of: Claims
}

/** Escalates a red flag: the rule's id, and nothing of what was said. */
export async function escalateRedFlag(
  deps: TriggerDeps,
  { ruleId, priority, patient, of }: NoticedRedFlag,
  call: Call,
): Promise<Told | undefined> {
  if (await isTooMuch(deps, 'red_flag', MOST_RED_FLAGS, call)) return undefined
  const now = Date.now()
  const request = {
    reason: 'red_flag' satisfies BuiltInReason,
    priority,
    clientId: call.clientId,
    requestId: call.requestId,
    ...(patient !== undefined && { patient }),
    trail: [{ code: ruleId, at: now }],
    key: escalationKey('red_flag', call.clientId, ruleId, today(deps, now), patient ?? claimsDigest(deps.secret, of)),
  }
  const placed = await inTime(deps, request, call)
  return placed && shown(placed)
}

/** Nobody's list is to be filled by one client. */
async function isTooMuch(deps: TriggerDeps, reason: BuiltInReason, most: number, call: Call): Promise<boolean> {
  const name = reason === 'identity_unverified' ? 'unverified' : reason
  const count = await deps.counters.add(`${name} ${escalationKey(call.clientId)}`, UNVERIFIED_WINDOW_SECONDS)
  if (count > most) deps.observe(reason, 'suppressed')
  return count > most
}

async function escalateFailure(deps: TriggerDeps, watched: WatchedWrite, error: BookingError, call: Call): Promise<Placement | undefined> {
  const reason = await reasonOf(deps, watched, error)
  if (reason === undefined) return undefined
  const { caller, operation, target, appointmentId } = watched
  const now = Date.now()
  const what = reason === 'race_lost' ? '' : `${operation} ${target}`
  const request = {
    reason,
    clientId: call.clientId,
    requestId: call.requestId,
    ...(caller.patient !== undefined && { patient: caller.patient }),
    ...(appointmentId !== undefined && { appointmentId }),
    trail: [{ code: `${operation}_${error.code}`, at: now }],
    key: escalationKey(reason, call.clientId, caller.patient ?? '', what, today(deps, now)),
  }
  return inTime(deps, request, call)
}

async function reasonOf(deps: TriggerDeps, watched: WatchedWrite, error: BookingError): Promise<BuiltInReason | undefined> {
  if (error.code === 'ehr_rejected') return 'ehr_rejected'
  const race = raceKey(watched)
  if (error.code !== 'slot_taken' || race === undefined) return undefined
  return (await deps.counters.add(race, RACE_WINDOW_SECONDS)) >= LOST_IN_A_ROW ? 'race_lost' : undefined
}

/** Only those who want time can lose a race, and only a known patient can lose several. */
function raceKey({ caller, operation }: WatchedWrite): string | undefined {
  if (caller.patient === undefined || operation === 'cancel' || operation === 'release') return undefined
  return `races ${escalationKey(caller.clientId, caller.patient)}`
}

/**
 * Escalates, and waits as long as the caller can. What takes longer goes on beside, and the answer does not speak of it:
 * a write that took all of its time must not cost the escalation.
 */
async function inTime(deps: TriggerDeps, request: EscalationRequest, call: Call): Promise<Placement | undefined> {
  const own: Call = { ...call, deadline: performance.now() + ESCALATE_WITHIN_MS, roundTrips: 0 }
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, call.deadline - ANSWER_RESERVE_MS - performance.now()), undefined)
  })
  const placed = await Promise.race([escalateAnew(deps, request, own), enough])
  clearTimeout(timer)
  call.roundTrips += own.roundTrips
  return placed
}

/** What staff have closed and what happens again on the same day is a new matter, with a key that follows from the old one. */
async function escalateAnew(deps: TriggerDeps, request: EscalationRequest, call: Call): Promise<Placement> {
  let key = request.key
  for (let renewal = 0; ; renewal++) {
    const placed = await escalateOrKeep(deps, { ...request, key }, call)
    if (placed.kind !== 'stands' || placed.escalation.open || renewal === MOST_RENEWALS) return placed
    key = escalationKey('again', key)
  }
}

/** What an answer says of it; of a lost one nothing, because nobody knows of it. */
function shown(placed: Placement): Told | undefined {
  if (placed.kind === 'lost') return undefined
  const { escalationId, message } = placed.kind === 'stands' ? placed.escalation : placed
  return { escalationId, spoken: message }
}

function today(deps: TriggerDeps, now: number): string {
  return clinicDay(now, deps.mapping.clinic.timeZone)
}

import type { Bundle, FhirResource } from 'fhir/r4.js'
import type { EpochMs } from '../fhir/instant.ts'
import type { EhrQuery } from '../fhir/query.ts'
import type { Directory } from '../scheduling/directory.ts'

/** One request of a caller on its way through the gateway: who, how long it may take, what it has cost so far. */
export interface Call {
  readonly requestId: string
  readonly clientId: string
  /** `performance.now()` by which the caller must have an answer. */
  readonly deadline: number
  /** The longest one reading may take, in milliseconds; left out: so long that a caller who waits can still be told in time. */
  readonly readWithinMs?: number
  /** FHIR round trips made for it. */
  roundTrips: number
}

/** The answers of one batch, by the names of its queries. */
export interface Reading {
  /** The EHR's clock when it answered. Expiry and notice are judged by it, so that replicas with skewed clocks agree. */
  readonly now: EpochMs
  /** The EHR's clock when it gave the last part of the answer: what runs out in between is neither live nor over in this reading. */
  readonly readUntil: EpochMs
  /** What a query found, included resources too; empty for a read of something that is not there. */
  all(name: string): readonly FhirResource[]
  /** Whether a search returned everything it matched. */
  isComplete(name: string): boolean
}

/** Named queries, answered together in one round trip. */
export type Queries = Readonly<Record<string, EhrQuery>>

/**
 * What became of a transaction. `unknown` promises nothing: it may have been executed, may still be, or never will;
 * `unavailable` means it was certainly not executed.
 */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly versions: ReadonlyMap<string, CommittedVersion> }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'rejected' }
  /** `retryAfterSeconds` where the EHR asked to be left alone for so long. */
  | { readonly kind: 'unknown'; readonly retryAfterSeconds?: number }
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number }

/** Id and `meta.versionId` of a resource after a commit. */
export interface CommittedVersion {
  readonly id: string
  readonly version: string
}

/** The system of record. The adapter in `ehr/` is the only place that speaks HTTP to it, and it never retries. */
export interface Ehr {
  /**
   * Reads fresh state, never from a search cache, in one round trip.
   * @param maxResults a search that matches more is cut there and reported as incomplete (1 to 500)
   * @throws BookingError `ehr_unavailable` when there is no usable answer before the deadline
   */
  batch(queries: Queries, call: Call, maxResults?: number): Promise<Reading>
  /** Sends one transaction. Versions are keyed by the entry's `fullUrl` or its `Type/id`. Never throws for what the EHR does. */
  commit(transaction: Bundle, call: Call): Promise<CommitOutcome>
}

/** Where the Schedules and their actors come from. */
export interface DirectorySource {
  /** The directory as last read, at most about a minute old; loads it when there is none. */
  current(call: Call): Promise<DirectorySnapshot>
  /**
   * Reads what has changed in it. Callers that ask at the same time share one reading.
   * @param contradicted the directory that the caller has seen to differ from the EHR: everything is read where no change explains that
   */
  refresh(call: Call, contradicted?: Directory): Promise<DirectorySnapshot>
}

/** A directory and the moment of the EHR's clock from which on changes may be missing in it. */
export interface DirectorySnapshot {
  readonly directory: Directory
  readonly asOf: EpochMs
}

/** Why a write needs another round: a lost race, no word of what became of it, a reading or a directory that does not hold, a fence. */
export type ExtraRound = 'conflict' | 'unknown' | 'torn' | 'stale-directory' | 'fenced'

/** Whether the EHR was found to keep what the promises need; writes are refused until it was. */
export interface WriteGate {
  /** @throws BookingError `ehr_unavailable` while writes are not safe */
  assertOpen(): void
}

/** What the EHR is asked for: each kind has a circuit breaker and connections of its own. */
export type ExchangeKind = 'read' | 'commit' | 'look-up' | 'directory'

/** Whether exchanges of a kind are made (`closed`), tried (`half-open`) or refused without asking the EHR (`open`). */
export type BreakerState = 'closed' | 'half-open' | 'open'

/** Sees what goes on between gateway and EHR, for metrics and traces. */
export interface EhrObserver {
  /** A round trip has ended. @param outcome the HTTP status, or `broken` */
  roundTrip(kind: ExchangeKind, outcome: string, seconds: number): void
  breaker(kind: ExchangeKind, state: BreakerState): void
  /** An exchange was not made: the breaker is open, or too many wait already. */
  refused(kind: ExchangeKind, why: 'open' | 'full'): void
}

/** What happened to a visit, for whoever is to be told of it. Ids and codes only. */
export interface VisitEvent {
  readonly kind: 'booked' | 'rescheduled' | 'cancelled' | 'expired'
  /** The gateway's id (`Appointment.identifier`). */
  readonly appointmentId: string
  /** `meta.versionId` that the change left behind. */
  readonly version: string
  /** The client through which it happened. */
  readonly clientId: string
}

/** A write whose outcome the EHR did not tell. */
export interface UnsettledWrite {
  readonly receiptId: string
  readonly clientId: string
  /** When it was sent, by this machine's clock. */
  readonly since: EpochMs
}

/**
 * Wakes the worker. Nothing rests on a call arriving: what is lost here, the sweep and the reconciliation find in the EHR by
 * themselves. Every method returns at once and never throws.
 */
export interface WakeUps {
  /** A hold was made; it is to be ended when it runs out. */
  holdMade(appointmentId: string, expires: EpochMs): void
  /** The outcome of a write is to be found out. */
  outcomeUnknown(write: UnsettledWrite): void
  /** Whoever asked for notices is to be told. */
  visitChanged(event: VisitEvent): void
}

/** Counts things for a while: in Redis where it answers, else in this process. Never a reason to fail or to wait long. */
export interface Counters {
  /**
   * Adds one, or `by`: 0 only looks, -1 takes one back. The window begins with the first one and lasts `windowSeconds`.
   * @returns the count within the window, this one included
   */
  add(key: string, windowSeconds: number, by?: number): Promise<number>
  /** Forgets the count. */
  clear(key: string): Promise<void>
}

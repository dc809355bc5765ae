import type { Registry } from 'prom-client'
import type { AuditTrail } from '../audit/audit-trail.ts'
import type { DeferralBacklog } from '../booking/deferred-write.ts'
import type { BookingDeps } from '../booking/deps.ts'
import type { Client } from '../config.ts'
import type { TriggerDeps } from '../escalation/triggers.ts'
import type { PatientTokens } from '../intake/patient-token.ts'
import type { PatientSearch } from '../intake/verify-identity.ts'
import type { OperationIds } from './operation-id.ts'

/** Counts what the doors do. */
export interface HttpMetrics {
  readonly registry: Registry
  request(route: string, status: number, code: string, seconds: number): void
  /** A request was refused because the event loop is late. */
  overloaded(): void
}

/** Everything the HTTP door needs. */
export interface Gateway {
  readonly booking: BookingDeps
  readonly deferrals: DeferralBacklog
  readonly escalation: TriggerDeps
  readonly patients: PatientSearch
  readonly audit: AuditTrail
  readonly clients: readonly Client[]
  readonly patientTokens: PatientTokens
  readonly operationIds: OperationIds
  readonly metrics: HttpMetrics
  readonly rateLimit: RateLimit
  /** Whether the gateway can serve now: the EHR answers and was found fit for writing; otherwise what is missing. */
  readiness(): Promise<Readiness>
}

/** Rate limiting per client. */
export interface RateLimit {
  readonly perMinute: number
  readonly counters: RateCounters
}

/** Counts requests within windows of time; it never fails. */
export interface RateCounters {
  /** Adds one. @returns the count, and the milliseconds until it begins anew */
  count(key: string, windowMs: number): Promise<{ readonly count: number; readonly leftMs: number }>
}

/** What `/health/ready` says. */
export interface Readiness {
  readonly ready: boolean
  readonly checks: Readonly<Record<string, string>>
}

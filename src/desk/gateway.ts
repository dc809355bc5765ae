import type { Registry } from 'prom-client'
import type { AuditTrail } from '../audit/audit-trail.ts'
import type { DeferralBacklog } from '../booking/deferred-write.ts'
import type { BookingDeps } from '../booking/deps.ts'
import type { ChannelSettings } from '../channel-settings.ts'
import type { Client } from '../config.ts'
import type { TriggerDeps } from '../escalation/triggers.ts'
import type { Screening } from '../intake/screening.ts'
import type { PatientTokens } from '../intake/patient-token.ts'
import type { PatientSearch } from '../intake/patient-search.ts'
import type { OperationIds } from './operation-id.ts'

/** Counts what the doors do. */
export interface HttpMetrics {
  readonly registry: Registry
  request(route: string, status: number, code: string, seconds: number): void
  /** A request was refused because the event loop is late. */
  overloaded(): void
  /** A tool was called at one of the doors for language models. */
  toolCall(door: string, tool: string, outcome: string): void
}

/** Everything the HTTP door needs. */
export interface Gateway {
  readonly booking: BookingDeps
  readonly deferrals: DeferralBacklog
  readonly escalation: TriggerDeps
  readonly patients: PatientSearch
  readonly audit: AuditTrail
  /** Free text of an intake is screened, then dropped. */
  readonly screening: Screening
  readonly clients: readonly Client[]
  /** Another way to be one of the clients; `undefined` where no issuer is configured. */
  readonly accessTokens: AccessTokens | undefined
  readonly origins: OriginRules
  /** Which platforms may call in a form of their own. */
  readonly channels: ChannelSettings<Client>
  /** Where the world reaches this gateway, without a slash at its end; `undefined`: what a request calls it. */
  readonly publicUrl: string | undefined
  readonly patientTokens: PatientTokens
  readonly operationIds: OperationIds
  readonly metrics: HttpMetrics
  readonly rateLimit: RateLimit
  /** Whether the gateway can serve now: the EHR answers and was found fit for writing; otherwise what is missing. */
  readiness(): Promise<Readiness>
}

/** From which web pages `/mcp` may be called. Programs send no `Origin` and are not meant. */
export interface OriginRules {
  /** As browsers send them: scheme, host, port. */
  readonly allowed: readonly string[]
  /** Pages from the developer's own machine too: never in production. */
  readonly local: boolean
}

/** Access tokens of an OAuth issuer (RFC 9068). */
export interface AccessTokens {
  readonly issuer: string
  /** The URL under which callers know this gateway: the audience of its tokens (RFC 8707). */
  readonly resource: string
  /**
   * What a token says that is genuine, was issued for this gateway and has not run out; `undefined` for any other.
   * @throws BookingError `ehr_unavailable` while the issuer's keys cannot be had
   */
  verify(token: string): Promise<TokenGrant | undefined>
}

/** What an access token says. */
export interface TokenGrant {
  /** `client_id` or `azp`: a client as the issuer calls it. */
  readonly clientId: string
  /** The issuer's words; those that are no scope of the gateway mean nothing. */
  readonly scopes: readonly string[]
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

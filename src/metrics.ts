import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { BreakerState, EhrObserver, ExtraRound } from './booking/ports.ts'
import type { HttpMetrics } from './http/gateway.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** The gateway's own metrics. Labels are routes, codes and kinds; never an id. */
export interface Metrics extends HttpMetrics {
  readonly ehr: EhrObserver
  extraRound(reason: ExtraRound): void
  auditLost(count: number): void
  holdsExpired(count: number): void
}

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 0.5, open: 1 }

/** Builds a registry of its own, so that several gateways fit into one process (tests). */
export function buildMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const requests = new Counter({
    name: 'fsg_http_requests_total',
    help: 'Requests by route, status and code',
    labelNames: ['route', 'status', 'code'],
    registers,
  })
  const seconds = new Histogram({
    name: 'fsg_http_request_duration_seconds',
    help: 'Time to answer',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  })
  const overloaded = new Counter({ name: 'fsg_overload_refusals_total', help: 'Requests refused while the event loop was late', registers })
  const rounds = new Counter({
    name: 'fsg_write_extra_rounds_total',
    help: 'Rounds of reading, deciding and committing after the first one of a write, by reason',
    labelNames: ['reason'],
    registers,
  })
  const lost = new Counter({
    name: 'fsg_audit_events_lost_total',
    help: 'AuditEvents of look-ups and denials that could not be stored',
    registers,
  })
  const expired = new Counter({ name: 'fsg_holds_expired_total', help: 'Expired holds ended by the sweep', registers })
  return {
    registry,
    request: (route, status, code, duration) => {
      requests.inc({ route, status: String(status), code })
      seconds.observe({ route }, duration)
    },
    overloaded: () => {
      overloaded.inc()
    },
    ehr: ehrMetrics(registers),
    extraRound: (reason) => {
      rounds.inc({ reason })
    },
    auditLost: (count) => {
      lost.inc(count)
    },
    holdsExpired: (count) => {
      expired.inc(count)
    },
  }
}

function ehrMetrics(registers: Registry[]): EhrObserver {
  const trips = new Histogram({
    name: 'fsg_ehr_round_trip_duration_seconds',
    help: 'FHIR round trips by kind and outcome',
    labelNames: ['kind', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  const breakers = new Gauge({
    name: 'fsg_ehr_breaker_state',
    help: 'Circuit breaker before the EHR by kind: 0 closed, 0.5 half-open, 1 open',
    labelNames: ['kind'],
    registers,
  })
  const refusals = new Counter({
    name: 'fsg_ehr_refusals_total',
    help: 'Round trips not made, by kind: the breaker is open, or too many wait (full)',
    labelNames: ['kind', 'reason'],
    registers,
  })
  return {
    roundTrip: (kind, outcome, duration) => {
      trips.observe({ kind, outcome }, duration)
    },
    breaker: (kind, state) => {
      breakers.set({ kind }, BREAKER_VALUES[state])
    },
    refused: (kind, reason) => {
      refusals.inc({ kind, reason })
    },
  }
}

import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'
import type { RoundTripObserver } from './booking/ports.ts'
import type { EscalationObserver } from './escalation/ports.ts'
import type { HttpMetrics } from './http/gateway.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** The gateway's own metrics. Labels are routes, codes and kinds; never an id. */
export interface Metrics extends HttpMetrics {
  readonly roundTrip: RoundTripObserver
  readonly escalated: EscalationObserver
  auditLost(count: number): void
  holdsExpired(count: number): void
}

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
  const trips = new Histogram({
    name: 'fsg_ehr_round_trip_duration_seconds',
    help: 'FHIR round trips by kind and outcome',
    labelNames: ['kind', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  const lost = new Counter({
    name: 'fsg_audit_events_lost_total',
    help: 'AuditEvents of look-ups and denials that could not be stored',
    registers,
  })
  const expired = new Counter({ name: 'fsg_holds_expired_total', help: 'Expired holds ended by the sweep', registers })
  const escalations = new Counter({
    name: 'fsg_escalations_total',
    help: 'Escalations by reason and what became of them',
    labelNames: ['reason', 'outcome'],
    registers,
  })
  return {
    registry,
    request: (route, status, code, duration) => {
      requests.inc({ route, status: String(status), code })
      seconds.observe({ route }, duration)
    },
    roundTrip: (kind, outcome, duration) => {
      trips.observe({ kind, outcome }, duration)
    },
    escalated: (reason, outcome) => {
      escalations.inc({ reason, outcome })
    },
    auditLost: (count) => {
      lost.inc(count)
    },
    holdsExpired: (count) => {
      expired.inc(count)
    },
  }
}

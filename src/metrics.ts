import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { BreakerState, EhrObserver, ExtraRound } from './booking/ports.ts'
import type { EscalationObserver } from './escalation/ports.ts'
import type { HttpMetrics } from './desk/gateway.ts'
import type { ReconcileObserver } from './jobs/reconcile.ts'
import type { LineState } from './queue/job-queue.ts'
import type { WorkerEvents } from './queue/job-worker.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** The gateway's own metrics. Labels are routes, codes and kinds; never an id. */
export interface Metrics extends HttpMetrics {
  readonly escalated: EscalationObserver
  readonly ehr: EhrObserver
  extraRound(reason: ExtraRound): void
  auditLost(count: number): void
  /** A job that Redis did not take. */
  readonly jobLost: () => void
  /** A hold was ended so many milliseconds after its expiry. */
  readonly holdExpired: (lateMs: number) => void
  readonly jobEnded: WorkerEvents['ended']
  readonly reconciled: ReconcileObserver
  /** Asks for the state of the queues whenever the metrics are read. */
  watchQueues(states: () => Promise<LineState[]>): void
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
  const toolCalls = new Counter({
    name: 'fsg_tool_calls_total',
    help: 'Calls of tools for language models by door, tool and outcome',
    labelNames: ['door', 'tool', 'outcome'],
    registers,
  })
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
  const jobsLost = new Counter({
    name: 'fsg_jobs_not_queued_total',
    help: 'Jobs that Redis did not take; sweep and reconciliation make up for them',
    registers,
  })
  const late = new Histogram({
    name: 'fsg_hold_expiry_late_seconds',
    help: 'How long after its expiry a hold was ended',
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300],
    registers,
  })
  const repairs = new Counter({ name: 'fsg_repairs_total', help: 'What the reconciliation repaired, by kind', labelNames: ['kind'], registers })
  const doubts = new Gauge({ name: 'fsg_reconciliation_doubts', help: 'What the last pass could not judge', labelNames: ['kind'], registers })
  const jobs = new Histogram({
    name: 'fsg_job_duration_seconds',
    help: 'Tries of jobs by name and outcome',
    labelNames: ['job', 'outcome'],
    buckets: SECONDS,
    registers,
  })
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
    overloaded: () => {
      overloaded.inc()
    },
    toolCall: (door, tool, outcome) => {
      toolCalls.inc({ door, tool, outcome })
    },
    ehr: ehrMetrics(registers),
    extraRound: (reason) => {
      rounds.inc({ reason })
    },
    escalated: (reason, outcome) => {
      escalations.inc({ reason, outcome })
    },
    auditLost: (count) => {
      lost.inc(count)
    },
    jobLost: () => {
      jobsLost.inc()
    },
    holdExpired: (lateMs) => {
      late.observe(lateMs / 1000)
    },
    reconciled: (report) => {
      for (const [kind, count] of Object.entries(report.repaired)) repairs.inc({ kind }, count)
      doubts.reset()
      for (const { kind } of report.doubts) doubts.inc({ kind })
    },
    jobEnded: (job, outcome, duration) => {
      jobs.observe({ job, outcome }, duration)
    },
    watchQueues: (states) => {
      watchQueues(registers, states)
    },
  }
}

function watchQueues(registers: Registry[], states: () => Promise<LineState[]>): void {
  const depth = new Gauge({ name: 'fsg_queue_jobs', help: 'Jobs by line and state', labelNames: ['line', 'state'], registers })
  // Collected together: one look at Redis gives both.
  const age = new Gauge({
    name: 'fsg_queue_oldest_seconds',
    help: 'How long the first waiting job is overdue',
    labelNames: ['line'],
    registers,
    collect: async () => {
      depth.reset()
      age.reset()
      for (const { line, oldestMs, ...counts } of await states().catch(() => [])) {
        age.set({ line }, oldestMs / 1000)
        for (const [state, count] of Object.entries(counts)) depth.set({ line, state }, count)
      }
    },
  })
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

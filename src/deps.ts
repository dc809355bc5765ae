import { Redis } from 'ioredis'
import { pino, type Logger } from 'pino'
import { AuditTrail } from './audit/audit-trail.ts'
import type { BookingDeps } from './booking/deps.ts'
import { SlotIds } from './booking/slot-id.ts'
import { Turnstile } from './booking/turnstile.ts'
import { loadMapping } from './clinic/load-mapping.ts'
import type { Config } from './config.ts'
import { Sealer } from './crypto/sealer.ts'
import { countersInProcess } from './counters-in-process.ts'
import { FhirDirectorySource } from './ehr/directory-source.ts'
import { examine, type Finding } from './ehr/doctor.ts'
import { FhirEhr } from './ehr/fhir-ehr.ts'
import { FhirHttp } from './ehr/fhir-http.ts'
import { FhirAuditSink, FhirPatientSearch } from './ehr/fhir-sinks.ts'
import { ProbedWriteGate } from './ehr/write-gate.ts'
import type { Gateway } from './http/gateway.ts'
import { OperationIds } from './http/operation-id.ts'
import { PatientTokens } from './intake/patient-token.ts'
import { noticeJobs, type NoticeDeps } from './notices/deliver.ts'
import { deferralBacklog, escalationBacklog } from './queue/backlogs.ts'
import { RedisEndpointStates } from './queue/endpoint-states.ts'
import { JobQueue } from './queue/job-queue.ts'
import { QueuedWakeUps } from './queue/wake-ups.ts'
import { WebhookSender } from './webhooks/sender.ts'
import { buildMetrics, type Metrics } from './metrics.ts'

/** Connections to the EHR; HAPI's own pool is not much larger, more would only wait there. */
const EHR_CONNECTIONS = 32

/** One process of the gateway, put together. */
export interface Assembly {
  readonly gateway: Gateway
  readonly booking: BookingDeps
  readonly metrics: Metrics
  readonly logger: Logger
  readonly queue: JobQueue
  /** Opens what jobs carry of a patient. */
  readonly sealer: Sealer
  readonly notices: NoticeDeps
  /** Probes the EHR and opens the way for writes; returns after the first attempt. */
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Constructs every client and adapter: the only place that does.
 * @throws MappingError when the clinic's mapping cannot be used
 */
export function assemble(config: Config): Assembly {
  const logger = pino({ level: config.logLevel, redact: { paths: ['req.headers', 'res.headers'], remove: true } })
  const mapping = loadMapping(config.mappingFile)
  const metrics = buildMetrics()
  const http = new FhirHttp({ baseUrl: config.fhirBaseUrl, connections: EHR_CONNECTIONS })
  const writes = new ProbedWriteGate(
    () => examine(http),
    (findings) => {
      reportFindings(logger, findings)
    },
  )
  const redis = connectRedis(config, logger)
  const audit = new AuditTrail(new FhirAuditSink(http), (count) => {
    metrics.auditLost(count)
  })
  const sealer = new Sealer(config.tokenSecrets)
  const queue = new JobQueue(config.redisUrl, () => undefined)
  const { endpoints, allowPrivateTargets } = config.webhooks
  const sender = new WebhookSender({ allowPrivateTargets })
  const wakeUps = new QueuedWakeUps(queue, (event) => noticeJobs(event, endpoints, Date.now()), metrics.jobLost)
  const booking: BookingDeps = {
    ehr: new FhirEhr(http, metrics.roundTrip),
    directories: new FhirDirectorySource(http),
    writes,
    mapping,
    slotIds: new SlotIds(config.tokenSecrets, mapping),
    turnstile: new Turnstile(),
    wakeUps,
  }
  const gateway: Gateway = {
    booking,
    deferrals: deferralBacklog(queue, sealer),
    escalation: {
      ...booking,
      observe: metrics.escalated,
      announce: (event) => {
        wakeUps.escalated(event)
      },
      backlog: escalationBacklog(queue, sealer),
      counters: countersInProcess(),
      secret: config.tokenSecrets[0] ?? '',
    },
    patients: new FhirPatientSearch(http),
    audit,
    clients: config.clients,
    patientTokens: new PatientTokens(config.tokenSecrets),
    operationIds: new OperationIds(config.tokenSecrets),
    metrics,
    rateLimit: { perMinute: config.rateLimitPerMinute, redis },
    readiness: readinessOf(booking, writes, redis),
  }
  return {
    gateway,
    booking,
    metrics,
    logger,
    queue,
    sealer,
    notices: { endpoints, states: new RedisEndpointStates(redis), sender },
    start: () => writes.open(),
    stop: async () => {
      writes.close()
      await audit.flush(2_000)
      redis.disconnect()
      await queue.close()
      await sender.close()
      await http.close()
    },
  }
}

const PING_WITHIN_MS = 2_000
/** Health checks come from everywhere; the EHR is asked once a second at most. */
const PING_KEPT_MS = 1_000

function readinessOf(booking: BookingDeps, writes: ProbedWriteGate, redis: Redis): Gateway['readiness'] {
  let asked = Number.NEGATIVE_INFINITY
  let answer: Promise<boolean> = Promise.resolve(false)
  return async () => {
    if (performance.now() - asked > PING_KEPT_MS) {
      asked = performance.now()
      answer = ping(booking)
    }
    const up = await answer
    return { ready: up && writes.state === 'open', checks: { ehr: up ? 'up' : 'down', writes: writes.state, redis: redis.status } }
  }
}

async function ping({ ehr }: BookingDeps): Promise<boolean> {
  const call = { requestId: 'health', clientId: 'health', deadline: performance.now() + PING_WITHIN_MS, roundTrips: 0 }
  const nothing = { kind: 'read', type: 'AuditEvent', id: 'no-such-receipt' } as const
  return ehr.batch({ nothing }, call).then(
    () => true,
    () => false,
  )
}

/** Commands fail at once while Redis is away: counters are not worth waiting for. */
function connectRedis(config: Config, logger: Logger): Redis {
  const redis = new Redis(config.redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 250,
    connectTimeout: 1_000,
  })
  let wasReady = true
  redis.on('error', (error: Error & { code?: string }) => {
    if (wasReady) logger.warn({ code: error.code }, 'Redis does not answer: rate limits are off until it is back, bookings go on')
    wasReady = false
  })
  redis.on('ready', () => {
    wasReady = true
  })
  return redis
}

function reportFindings(logger: Logger, findings: readonly Finding[]): void {
  const failed = findings.filter((finding) => !finding.ok)
  if (failed.length === 0) logger.info('the FHIR server keeps what safe booking needs')
  for (const { need, seen } of failed)
    logger.error({ need, seen }, 'the FHIR server does not keep what safe booking needs: nothing is written to it')
}

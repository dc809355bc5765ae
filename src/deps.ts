import { pino, type Logger } from 'pino'
import { AuditTrail } from './audit/audit-trail.ts'
import type { BookingDeps } from './booking/deps.ts'
import { SlotIds } from './booking/slot-id.ts'
import { Turnstile } from './booking/turnstile.ts'
import { loadMapping } from './clinic/load-mapping.ts'
import { loadRedFlags } from './clinic/load-red-flags.ts'
import type { EhrObserver } from './booking/ports.ts'
import type { Config } from './config.ts'
import { Sealer } from './crypto/sealer.ts'
import { connectRedis } from './counters/redis-connection.ts'
import { SharedCounters, type RedisState } from './counters/shared-counters.ts'
import { FhirDirectorySource } from './ehr/directory-source.ts'
import { examine, type Finding } from './ehr/doctor.ts'
import { FhirEhr } from './ehr/fhir-ehr.ts'
import { FhirHttp } from './ehr/fhir-http.ts'
import { FhirAuditSink, FhirPatientSearch } from './ehr/fhir-sinks.ts'
import { buildGuards, EHR_CONNECTIONS } from './ehr/guard.ts'
import { ProbedWriteGate } from './ehr/write-gate.ts'
import type { Gateway } from './desk/gateway.ts'
import { OperationIds } from './desk/operation-id.ts'
import { PatientTokens } from './intake/patient-token.ts'
import { Screening } from './intake/screening.ts'
import { JwtAccessTokens } from './oauth/access-tokens.ts'
import { IssuerKeys } from './oauth/issuer-keys.ts'
import { KeySetFetcher } from './oauth/key-set.ts'
import { noticeJobs, type NoticeDeps } from './notices/deliver.ts'
import { deferralBacklog, escalationBacklog } from './queue/backlogs.ts'
import { RedisEndpointStates } from './queue/endpoint-states.ts'
import { JobQueue } from './queue/job-queue.ts'
import { QueuedWakeUps } from './queue/wake-ups.ts'
import { WebhookSender } from './webhooks/sender.ts'
import { buildMetrics, type Metrics } from './metrics.ts'
import { traceRoundTrip } from './tracing.ts'

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
  const screening = new Screening(loadRedFlags(mapping.redFlags, config.mappingFile))
  const metrics = buildMetrics()
  const http = new FhirHttp({ baseUrl: config.fhirBaseUrl, connections: EHR_CONNECTIONS })
  const writes = new ProbedWriteGate(
    () => examine(http),
    (findings) => {
      reportFindings(logger, findings)
    },
  )
  const guards = buildGuards(observerOf(metrics))
  const counters = new SharedCounters(connectRedis(config.redisUrl), (state, reason) => {
    reportRedis(logger, state, reason)
  })
  const audit = new AuditTrail(new FhirAuditSink(http), (count) => {
    metrics.auditLost(count)
  })
  const sealer = new Sealer(config.tokenSecrets)
  const queue = new JobQueue(config.redisUrl, () => undefined)
  const { endpoints, allowPrivateTargets } = config.webhooks
  const sender = new WebhookSender({ allowPrivateTargets })
  const states = new RedisEndpointStates(config.redisUrl)
  const wakeUps = new QueuedWakeUps(queue, (event) => noticeJobs(event, endpoints, Date.now()), metrics.jobLost)
  const booking: BookingDeps = {
    ehr: new FhirEhr(http, guards),
    directories: new FhirDirectorySource(http, guards.directory),
    writes,
    mapping,
    slotIds: new SlotIds(config.tokenSecrets, mapping),
    turnstile: new Turnstile(),
    wakeUps,
    extraRound: (reason) => {
      metrics.extraRound(reason)
    },
  }
  const oauth = issuerOf(config)
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
      counters,
      secret: config.tokenSecrets[0] ?? '',
    },
    patients: new FhirPatientSearch(http, guards['look-up']),
    audit,
    screening,
    clients: config.clients,
    accessTokens: oauth && new JwtAccessTokens(oauth.settings, oauth.keys),
    origins: { allowed: config.allowedOrigins, local: !config.production },
    channels: config.channels,
    publicUrl: config.publicUrl,
    patientTokens: new PatientTokens(config.tokenSecrets),
    operationIds: new OperationIds(config.tokenSecrets),
    metrics,
    rateLimit: { perMinute: config.rateLimitPerMinute, counters },
    readiness: readinessOf(booking, writes, counters),
  }
  return {
    gateway,
    booking,
    metrics,
    logger,
    queue,
    sealer,
    notices: { endpoints, states, sender },
    start: async () => {
      // Before the first token comes; where the issuer does not answer yet, the first one asks again.
      void oauth?.keys.current().catch(() => undefined)
      await writes.open()
    },
    stop: async () => {
      writes.close()
      await audit.flush(2_000)
      counters.close()
      await queue.close()
      await sender.close()
      states.close()
      await oauth?.fetcher.close()
      await http.close()
    },
  }
}

/** The OAuth issuer, where one is configured. */
function issuerOf({ oauth: settings }: Config) {
  if (!settings) return undefined
  const fetcher = new KeySetFetcher(settings)
  return { settings, fetcher, keys: new IssuerKeys(() => fetcher.fetch()) }
}

const PING_WITHIN_MS = 2_000
/** Health checks come from everywhere; the EHR is asked once a second at most. */
const PING_KEPT_MS = 1_000

function readinessOf(booking: BookingDeps, writes: ProbedWriteGate, counters: SharedCounters): Gateway['readiness'] {
  let asked = Number.NEGATIVE_INFINITY
  let answer: Promise<boolean> = Promise.resolve(false)
  return async () => {
    if (performance.now() - asked > PING_KEPT_MS) {
      asked = performance.now()
      answer = ping(booking)
    }
    const up = await answer
    return { ready: up && writes.state === 'open', checks: { ehr: up ? 'up' : 'down', writes: writes.state, redis: counters.state } }
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

/** Metrics and traces of what goes on between gateway and EHR. */
function observerOf({ ehr }: Metrics): EhrObserver {
  return {
    ...ehr,
    roundTrip: (...trip) => {
      ehr.roundTrip(...trip)
      traceRoundTrip(...trip)
    },
  }
}

function reportRedis(logger: Logger, state: RedisState, reason: unknown): void {
  if (state === 'ready') logger.info('Redis answers again: requests are counted over all processes')
  else {
    const error = reason instanceof Error ? reason.message : undefined
    logger.warn({ error }, 'Redis does not answer: each process counts for itself until it is back, bookings go on')
  }
}

function reportFindings(logger: Logger, findings: readonly Finding[]): void {
  const failed = findings.filter(({ ok, isWarning }) => !ok && isWarning !== true)
  for (const { need, seen } of findings.filter(({ isWarning }) => isWarning))
    logger.warn({ need, seen }, 'the examination of the FHIR server')
  if (failed.length === 0) logger.info('the FHIR server keeps what safe booking needs')
  for (const { need, seen } of failed)
    logger.error({ need, seen }, 'the FHIR server does not keep what safe booking needs: nothing is written to it')
}

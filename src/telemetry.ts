import { context, diag, DiagLogLevel, propagation, trace } from '@opentelemetry/api'
import type { Logger } from 'pino'

/** Where traces go (OTLP over HTTP, JSON). Headers, time limits and sampling of the exporter: the OTEL_… variables of OpenTelemetry. */
export interface TelemetryOptions {
  readonly serviceName: string
  readonly logger: Logger
}

/** At the end of the process the last spans are sent within this time, or not at all; in milliseconds. */
const FLUSH_WITHIN_MS = 1_000

/**
 * Loads the OpenTelemetry SDK and lets the spans of tracing.ts go out. Called only where `OTEL_EXPORTER_OTLP_ENDPOINT` is set:
 * nobody else should pay for it. No instrumentation of libraries is loaded, because those write URLs into spans.
 * @returns sends what is left and stops
 */
export async function startTelemetry({ serviceName, logger }: TelemetryOptions): Promise<() => Promise<void>> {
  const { BatchSpanProcessor, TracerProvider, OTLPTraceExporter, AsyncLocalStorageContextManager, W3CTraceContextPropagator, resource } =
    await load(serviceName)
  const failed = (): void => {
    logger.warn('traces could not be delivered to OTEL_EXPORTER_OTLP_ENDPOINT')
  }
  const silent = (): void => undefined
  diag.setLogger({ error: failed, warn: silent, info: silent, debug: silent, verbose: silent }, DiagLogLevel.ERROR)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const provider = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })] })
  trace.setGlobalTracerProvider(provider)
  return () => Promise.race([provider.shutdown(), new Promise<void>((resolve) => setTimeout(resolve, FLUSH_WITHIN_MS))])
}

async function load(serviceName: string) {
  const [sdk, exporter, hooks, core, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
  ])
  return { ...sdk, ...exporter, ...hooks, ...core, resource: resources.resourceFromAttributes({ 'service.name': serviceName }) }
}

import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api'
import type { EhrObserver } from './booking/ports.ts'

/**
 * Traces, by the OpenTelemetry API only: without an SDK (telemetry.ts) every call here does nothing. Spans name routes, codes
 * and kinds. No URL, no query string, no header and no id of a patient or visit ever stands in one.
 */
const tracer = trace.getTracer('fhir-scheduling-gateway')

/**
 * @param traceparent of a caller that traces too (W3C Trace Context). Its `tracestate` is left out: that is text of the
 * caller's own, and would be sent on.
 */
export function startRequestSpan(method: string, route: string, traceparent: string | undefined): Span {
  const parent = propagation.extract(ROOT_CONTEXT, { traceparent })
  const attributes = { 'http.request.method': method, 'http.route': route }
  return tracer.startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent)
}

/** Runs what follows inside the span. */
export function inSpan(span: Span | undefined, follow: () => void): void {
  if (span) context.with(trace.setSpan(context.active(), span), follow)
  else follow()
}

/** @param end `clientId`: the client of the request, as the operator named it; `tool`: the one that was called */
export function endRequestSpan(
  span: Span | undefined,
  end: { readonly status: number; readonly code: string; readonly clientId: string | undefined; readonly tool?: string | undefined },
): void {
  if (!span) return
  span.setAttributes({ 'http.response.status_code': end.status, 'fsg.code': end.code })
  if (end.clientId !== undefined) span.setAttribute('fsg.client', end.clientId)
  if (end.tool !== undefined) span.setAttribute('fsg.tool', end.tool)
  if (end.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

/** A round trip to the EHR that has just ended, as a child of the request it was made for. */
export const traceRoundTrip: EhrObserver['roundTrip'] = (kind, outcome, seconds) => {
  const now = Date.now()
  const attributes = { 'fsg.ehr.kind': kind, 'fsg.ehr.outcome': outcome }
  const span = tracer.startSpan(`ehr ${kind}`, { kind: SpanKind.CLIENT, attributes, startTime: now - seconds * 1000 })
  if (outcome === 'broken' || outcome.startsWith('5')) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end(now)
}

/** Id of the trace that a span belongs to; `undefined` while nothing is traced. */
export function traceIdOf(span: Span | undefined): string | undefined {
  const spanContext = span?.spanContext()
  return spanContext !== undefined && trace.isSpanContextValid(spanContext) ? spanContext.traceId : undefined
}

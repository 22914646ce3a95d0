/**
 * OpenTelemetry: one span per request that is sampled, under the caller's own, and under it what the command waited and what
 * the database took. Sent by OTLP over HTTP, in the background; a collector that is away costs spans, nothing else.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Span, type TextMapGetter, type Tracer } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { parseTraceparent, type WriteTiming } from '../domain/trace.ts';

export interface TracingOptions {
  /** Base address of the collector, such as `http://otel-collector:4318`. */
  endpoint: string;
  /** Which part of the traces is kept when the caller has not decided, 0 to 1. */
  ratio: number;
  region: string;
  instance: string;
}

type Headers = Record<string, string | string[] | undefined>;

const exportTimeoutMs = 5_000;
/** Beyond this many spans the newest are dropped: memory stays bounded while the collector is away. */
const queueMax = 2_048;
/** Only a traceparent that is one. Never tracestate: free text that would go on to the collector. */
const headers: TextMapGetter<Headers> = { keys: () => ['traceparent'], get: (carrier, key) => (key === 'traceparent' && parseTraceparent(carrier[key]) ? carrier[key] : undefined) };

export class Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #propagator = new W3CTraceContextPropagator();

  constructor({ endpoint, ratio, region, instance }: TracingOptions) {
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: exportTimeoutMs });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'ledger', 'service.instance.id': instance, 'cloud.region': region }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
      spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: queueMax, scheduledDelayMillis: 1_000, exportTimeoutMillis: exportTimeoutMs })],
    });
    this.#tracer = this.#provider.getTracer('ledger');
  }

  /** Undefined when this one is not sampled. `route` is the pattern, never the path. */
  request(method: string, route: string, carrier: Headers): RequestSpan | undefined {
    const parent = this.#propagator.extract(ROOT_CONTEXT, carrier, headers);
    const span = this.#tracer.startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes: { 'http.request.method': method, 'http.route': route } }, parent);
    return span.isRecording() ? new RequestSpan(this.#tracer, span) : undefined;
  }

  /** Sends what is left. */
  async close(): Promise<void> {
    await this.#provider.shutdown().catch(() => undefined); // the collector is away: its loss
  }
}

export class RequestSpan {
  readonly #tracer: Tracer;
  readonly #span: Span;

  constructor(tracer: Tracer, span: Span) {
    this.#tracer = tracer;
    this.#span = span;
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  /** What became of a command: its wait, and the statement that wrote the batch it was in. */
  written({ queuedAtMs, sentAtMs, committedAtMs, batchRows }: WriteTiming): void {
    const parent = trace.setSpan(ROOT_CONTEXT, this.#span);
    const at = (ms: number) => performance.timeOrigin + ms;
    this.#tracer.startSpan('ledger.decide', { startTime: at(queuedAtMs) }, parent).end(at(sentAtMs));
    const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': 'ledger.append', 'db.operation.batch.size': batchRows };
    this.#tracer.startSpan('ledger.append', { kind: SpanKind.CLIENT, startTime: at(sentAtMs), attributes }, parent).end(at(committedAtMs));
  }

  end(status: number, requestId: string, tenant: string | undefined): void {
    this.#span.setAttributes({ 'http.response.status_code': status, 'airpay.request_id': requestId, ...(tenant !== undefined && { 'airpay.tenant': tenant }) });
    if (status >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end();
  }
}

import { Counter, Histogram, Registry } from 'prom-client';

/** Seconds; brackets the latency objective of slo.yaml. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5];

/** Every metric of this service. Names are used by slo.yaml: change both or neither. */
export function createMetrics(region: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service: '${{ values.name }}', region });
  const registers = [registry];
  return {
    registry,
    requests: new Counter({
      name: 'http_requests_total',
      help: 'Answered requests',
      labelNames: ['method', 'route', 'code'] as const,
      registers,
    }),
    durations: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from request to answer',
      labelNames: ['method', 'route', 'code'] as const,
      buckets: DURATION_BUCKETS,
      registers,
    }),
    payments: new Counter({
      name: 'payments_total',
      help: 'Payments by what became of them',
      labelNames: ['result', 'currency'] as const,
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

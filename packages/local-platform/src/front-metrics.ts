/**
 * The front's own figures. `http_requests_total` counts only what the front answered in the
 * ledger's place: the ledger cannot count requests that never reached it, and callers saw them fail.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type FrontMetrics = ReturnType<typeof frontMetrics>;

/** A fresh set of metrics with its registry. */
export function frontMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    requests: new Counter({
      name: 'front_requests_total',
      help: 'Requests by the region they were sent to and the status callers saw',
      labelNames: ['region', 'code'] as const,
      registers,
    }),
    duration: new Histogram({
      name: 'front_request_duration_seconds',
      help: 'Time from request to the end of the answer, as callers see it',
      labelNames: ['region'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    activeRegion: new Gauge({
      name: 'front_active_region',
      help: '1 for the region the DNS record names, else 0',
      labelNames: ['region'] as const,
      registers,
    }),
    backends: new Gauge({
      name: 'front_backends',
      help: 'Ledger processes by region and health',
      labelNames: ['region', 'health'] as const,
      registers,
    }),
    faults: new Counter({
      name: 'front_injected_faults_total',
      help: 'Requests failed on purpose by the test fault',
      registers,
    }),
    ownAnswers: new Counter({
      name: 'http_requests_total',
      help: 'Requests the front answered in the place of the ledger',
      labelNames: ['service', 'region', 'instance', 'method', 'route', 'code'] as const,
      registers,
    }),
  };
}

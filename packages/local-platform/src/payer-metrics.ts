/** The payer's figures, seen from the side of somebody who pays. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type PayerMetrics = ReturnType<typeof payerMetrics>;

/** A fresh set of metrics with its registry. */
export function payerMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const metrics = {
    registry,
    synthetic: new Counter({
      name: 'synthetic_payments_total',
      help: 'Synthetic payments by result; one result every interval, also when none could be made',
      labelNames: ['result'] as const,
      registers,
    }),
    syntheticDuration: new Histogram({
      name: 'synthetic_payment_duration_seconds',
      help: 'Read balances, pay, read back and verify',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    requests: new Counter({
      name: 'payer_requests_total',
      help: 'Requests by kind and status; code 0 when there was no answer',
      labelNames: ['kind', 'code'] as const,
      registers,
    }),
    payments: new Counter({
      name: 'payer_payments_total',
      help: 'Payments by intent and how they ended',
      labelNames: ['intent', 'result'] as const,
      registers,
    }),
    inFlight: new Gauge({ name: 'payer_in_flight', help: 'Payments without a final answer yet', registers }),
    skipped: new Counter({
      name: 'payer_skipped_total',
      help: 'Payments not started because too many had no answer yet',
      registers,
    }),
  };
  // Zero, not absent: a rate over an absent series is no number at all.
  for (const result of ['ok', 'failed']) metrics.synthetic.inc({ result }, 0);
  return metrics;
}

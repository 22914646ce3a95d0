/** What Prometheus reads of the relay. Lag is read from the database, so every instance tells it, whichever one sends. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { WebhookReadings } from '../domain/webhook.ts';

export type DeliveryResult = 'delivered' | 'failed' | 'dead';
const results: DeliveryResult[] = ['delivered', 'failed', 'dead'];
/** One look serves all gauges of a scrape. */
const readingsAgeMs = 2_000;

export class WebhookMetrics {
  readonly #deliveries: Counter<'result'>;

  /** @param read the readings; undefined when they are not to be had, then the gauges are absent */
  constructor(registry: Registry, read: () => Promise<WebhookReadings | undefined>) {
    const registers = [registry];
    this.#deliveries = new Counter({ name: 'ledger_webhook_deliveries_total', help: 'Attempts to deliver an event: delivered, failed (will be tried again), dead (was the last one)', labelNames: ['result'], registers });
    for (const result of results) this.#deliveries.inc({ result }, 0);

    let at = -Infinity;
    let last: Promise<WebhookReadings | undefined> = Promise.resolve(undefined);
    const recent = () => {
      if (performance.now() - at > readingsAgeMs) {
        at = performance.now();
        last = read().catch(() => undefined); // ledger_database_up tells
      }
      return last;
    };
    const gauge = (name: string, help: string, pick: (readings: WebhookReadings) => number) =>
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          this.reset();
          const readings = await recent();
          if (readings) this.set(pick(readings));
          else this.remove();
        },
      });
    gauge('ledger_outbox_lag_positions', 'Journal rows that no relay has read yet', one => one.lagPositions);
    gauge('ledger_outbox_lag_seconds', 'Age of the oldest unread journal row, or how long the oldest due delivery has waited, whichever is more', one => one.lagSeconds);
    gauge('ledger_webhook_pending', 'Deliveries that wait, for a retry too; counting stops at 100,000', one => one.pending);
    gauge('ledger_webhook_dead', 'Deliveries given up after their last attempt; counting stops at 100,000', one => one.dead);
  }

  count(result: DeliveryResult): void {
    this.#deliveries.inc({ result });
  }
}

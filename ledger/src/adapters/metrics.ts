/** What Prometheus reads. The names stand here only; docs/ledger.md lists them and a test holds both equal. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5];

/** `declined` reasons are error codes with underscores. */
export type TransferResult = 'posted' | 'insufficient_funds' | 'same_account' | 'unknown_account' | 'currency_mismatch' | 'balance_overflow';
const results: TransferResult[] = ['posted', 'insufficient_funds', 'same_account', 'unknown_account', 'currency_mismatch', 'balance_overflow'];

export interface Labels {
  region: string;
  instance: string;
}

export interface Readings {
  /** Within a second or two; false when the database cannot be reached. */
  databaseUp(): Promise<boolean>;
  /** Debits minus credits per currency in minor units; undefined when it is not known. */
  trialBalance(): Promise<ReadonlyMap<string, bigint> | undefined>;
}

export class Metrics {
  readonly registry = new Registry();
  readonly httpRequests: Counter<'method' | 'route' | 'code'>;
  readonly httpDuration: Histogram<'method' | 'route' | 'code'>;
  readonly transfers: Counter<'result' | 'currency'>;
  readonly transferred: Counter<'currency'>;
  readonly replays: Counter;
  readonly conflictRetries: Counter;

  constructor(labels: Labels, currencies: readonly string[]) {
    this.registry.setDefaultLabels({ service: 'ledger', ...labels });
    const registers = [this.registry];
    const http = ['method', 'route', 'code'] as const;
    this.httpRequests = new Counter({ name: 'http_requests_total', help: 'HTTP requests answered', labelNames: http, registers });
    this.httpDuration = new Histogram({ name: 'http_request_duration_seconds', help: 'Time from request to answer', labelNames: http, buckets: seconds, registers });
    this.transfers = new Counter({ name: 'ledger_transfers_total', help: 'Transfers decided, replays left out', labelNames: ['result', 'currency'], registers });
    this.transferred = new Counter({ name: 'ledger_transferred_minor_total', help: 'Minor units moved', labelNames: ['currency'], registers });
    this.replays = new Counter({ name: 'ledger_idempotent_replays_total', help: 'Answers given from the store', registers });
    this.conflictRetries = new Counter({ name: 'ledger_conflict_retries_total', help: 'Transactions tried again after a deadlock, a serialization failure or a lost connection', registers });
    // From the first scrape on, so that a rate is 0 and not absent.
    for (const currency of currencies) {
      this.transferred.inc({ currency }, 0);
      for (const result of results) this.transfers.inc({ result, currency }, 0);
    }
  }

  /** Gauges that are read when they are scraped. */
  addReadings(readings: Readings): void {
    const registers = [this.registry];
    new Gauge({
      name: 'ledger_database_up',
      help: '1 when the database answers',
      registers,
      async collect() {
        this.set((await readings.databaseUp()) ? 1 : 0);
      },
    });
    new Gauge({
      name: 'ledger_trial_balance_minor',
      help: 'Debits minus credits; anything but 0 is an incident. Absent when the database cannot be read',
      labelNames: ['currency'],
      registers,
      async collect() {
        this.reset();
        for (const [currency, difference] of (await readings.trialBalance()) ?? []) this.set({ currency }, Number(difference));
      },
    });
  }
}

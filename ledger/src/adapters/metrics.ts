/** What Prometheus reads. The names stand here only; docs/ledger.md lists them and a test holds both equal. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Outcome } from '../domain/batching.ts';
import { posts, type Command } from '../domain/model.ts';
import { exponentOf } from '../domain/money.ts';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5];

const rowCounts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000, 2_000];
/** Results are `posted` or the code of the refusal with underscores. These have a series from the first scrape on. */
const usualResults = ['posted', 'insufficient_funds', 'same_account', 'unknown_account', 'currency_mismatch', 'balance_overflow'];

export interface Labels {
  region: string;
  instance: string;
}

export interface Readings {
  /** Within a second or two; false when the database cannot be reached. */
  databaseUp(): Promise<boolean>;
  /** Debits minus credits per currency in minor units; undefined when it is not known. */
  trialBalance(): Promise<ReadonlyMap<string, bigint> | undefined>;
  /** End of the chain, and what was posted per currency since the beginning; undefined when it is not known. */
  chainHead(): Promise<{ n: string; position: string; totals: Record<string, string> } | undefined>;
  /** Commands that wait to be written. */
  queued(): number;
}

export class Metrics {
  readonly registry = new Registry();
  readonly httpRequests: Counter<'method' | 'route' | 'code'>;
  readonly httpDuration: Histogram<'method' | 'route' | 'code'>;
  readonly transfers: Counter<'result' | 'currency'>;
  readonly transferred: Counter<'currency'>;
  readonly replays: Counter;
  readonly conflictRetries: Counter;
  readonly commands: Counter<'kind' | 'result'>;
  readonly batchRows: Histogram;
  readonly batchSeconds: Histogram<'way'>;
  readonly queueSeconds: Histogram;
  readonly holdsExpired: Counter;
  readonly settlements: Counter;
  readonly choresLeader: Gauge;

  readonly #requests = new Map<string, { count: { inc(): void }; duration: { observe(seconds: number): void } }>();
  readonly #commands = new Map<string, { inc(): void }>();
  readonly #posted = new Map<string, { transfers: { inc(): void }; minor: { inc(by: number): void } }>();

  constructor(labels: Labels, currencies: readonly string[]) {
    this.registry.setDefaultLabels({ service: 'ledger', ...labels });
    const registers = [this.registry];
    const http = ['method', 'route', 'code'] as const;
    this.httpRequests = new Counter({ name: 'http_requests_total', help: 'HTTP requests answered', labelNames: http, registers });
    this.httpDuration = new Histogram({ name: 'http_request_duration_seconds', help: 'Time from request to answer', labelNames: http, buckets: seconds, registers });
    this.transfers = new Counter({ name: 'ledger_transfers_total', help: 'Transfers decided, replays left out', labelNames: ['result', 'currency'], registers });
    this.transferred = new Counter({ name: 'ledger_transferred_minor_total', help: 'Minor units moved', labelNames: ['currency'], registers });
    this.replays = new Counter({ name: 'ledger_idempotent_replays_total', help: 'Answers given from the store', registers });
    this.conflictRetries = new Counter({ name: 'ledger_conflict_retries_total', help: 'Batches tried again after a conflict with another process, a deadlock or a lost connection', registers });
    this.commands = new Counter({ name: 'ledger_commands_total', help: 'Commands decided, replays left out', labelNames: ['kind', 'result'], registers });
    this.batchRows = new Histogram({ name: 'ledger_batch_rows', help: 'Journal rows written by one statement', buckets: rowCounts, registers });
    this.batchSeconds = new Histogram({ name: 'ledger_batch_seconds', help: 'From sending a batch to its commit', labelNames: ['way'], buckets: [0.0005, 0.001, 0.0025, ...seconds], registers });
    this.queueSeconds = new Histogram({ name: 'ledger_queue_wait_seconds', help: 'How long the oldest command of a batch had waited', buckets: [0.0005, 0.001, 0.0025, ...seconds], registers });
    this.holdsExpired = new Counter({ name: 'ledger_holds_expired_total', help: 'Holds released because their time had passed', registers });
    this.settlements = new Counter({ name: 'ledger_settlements_total', help: 'Scheduled settlements posted', registers });
    this.choresLeader = new Gauge({ name: 'ledger_chores_leader', help: '1 on the process that expires holds and settles', registers });
    // From the first scrape on, so that a rate is 0 and not absent.
    for (const currency of currencies) {
      this.transferred.inc({ currency }, 0);
      for (const result of usualResults) this.transfers.inc({ result, currency }, 0);
    }
  }

  /** One answered request. `route` is the pattern, so that there are only so many series. */
  countRequest(method: string, route: string, status: number, seconds: number): void {
    const key = `${method} ${route} ${status}`;
    let series = this.#requests.get(key);
    if (!series) {
      // Finding a series by its labels costs more than counting in it, and every payment comes by here.
      const labels = { method, route, code: String(status) };
      series = { count: this.httpRequests.labels(labels), duration: this.httpDuration.labels(labels) };
      this.#requests.set(key, series);
    }
    series.count.inc();
    series.duration.observe(seconds);
  }

  countOutcome(command: Command, { replayed, refused, rows }: Outcome): void {
    if (replayed) return void this.replays.inc();
    const result = refused ? refused.replaceAll('-', '_') : 'posted';
    this.#commandSeries(command.kind, result).inc();
    if (refused) {
      if (command.kind === 'transfer') this.transfers.inc({ result, currency: labelOf(command.postings[0]!.currency) });
      return;
    }
    for (const row of rows) {
      if (!posts(row.kind)) continue;
      const posted = this.#postedSeries(row.currency!);
      posted.transfers.inc();
      posted.minor.inc(Number(row.amountMinor));
    }
  }

  #commandSeries(kind: string, result: string): { inc(): void } {
    const key = `${kind} ${result}`;
    let series = this.#commands.get(key);
    if (!series) this.#commands.set(key, (series = this.commands.labels({ kind, result })));
    return series;
  }

  #postedSeries(currency: string): { transfers: { inc(): void }; minor: { inc(by: number): void } } {
    let series = this.#posted.get(currency);
    if (!series) this.#posted.set(currency, (series = { transfers: this.transfers.labels({ result: 'posted', currency }), minor: this.transferred.labels({ currency }) }));
    return series;
  }

  /** What the single worker tells of itself. */
  ofChores() {
    return {
      expired: (count: number) => this.holdsExpired.inc(count),
      settled: (count: number) => this.settlements.inc(count),
      leading: (leads: boolean) => this.choresLeader.set(leads ? 1 : 0),
    };
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
    new Gauge({
      name: 'ledger_queue_depth',
      help: 'Commands that wait to be written',
      registers,
      collect() {
        this.set(readings.queued());
      },
    });
    new Gauge({
      name: 'ledger_chain_position',
      help: 'Rows in the journal. Absent when the database cannot be read',
      registers,
      async collect() {
        this.remove();
        const head = await readings.chainHead();
        if (head) this.set(Number(head.position));
      },
    });
    new Gauge({
      name: 'ledger_posted_minor',
      help: 'Minor units posted since the beginning, from the end of the hash chain',
      labelNames: ['currency'],
      registers,
      async collect() {
        this.reset();
        for (const [currency, total] of Object.entries((await readings.chainHead())?.totals ?? {})) this.set({ currency }, Number(total));
      },
    });
  }
}

/** An unknown currency is the client's text: as a label it would let anyone grow the number of series. */
function labelOf(currency: string): string {
  return exponentOf(currency) === undefined ? 'other' : currency;
}

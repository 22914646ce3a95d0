/** From what a payment costs to what a rate needs. Pure arithmetic: docs/ledger-capacity.md is written with it. */

/** Processor time per payment, microseconds, of all processes of a kind together. */
export interface Cost {
  /** The ledger's own process: HTTP, checks, decisions. */
  serviceUs: number;
  /** PostgreSQL on the primary. */
  databaseUs: number;
}

export interface Demand {
  paymentsPerS: number;
  /** Of a busy day, for storage; at most `paymentsPerS`. */
  meanPerS: number;
  /** How busy a core may be at the peak, 0 to 1: the rest is for failover, checkpoints and what was not foreseen. */
  utilisation: number;
}

export interface Need {
  serviceCores: number;
  /** A process uses one core; one more is there, so that one can be lost. */
  processes: number;
  databaseCores: number;
  /**
   * Ledgers beside each other, each with its own journal, head and chain. The head's lock lets one batch write at a time, so one
   * ledger's database work for writes is one core's.
   */
  ledgers: number;
  /** A primary and a synchronous standby each. */
  databaseNodes: number;
  storedGbPerDay: number;
  /** Write-ahead log at the peak: what the standbys and the archive have to take. */
  walMbPerS: number;
}

/** Bytes per payment: of journal, indexes and chain, and of write-ahead log. Held by test/capacity.test.ts. */
export const bytesPerPayment = { stored: 430, wal: 710 };

/** Throws a RangeError for what can be no demand. */
export function need({ paymentsPerS, meanPerS, utilisation }: Demand, { serviceUs, databaseUs }: Cost): Need {
  if (!(utilisation > 0 && utilisation <= 1)) throw new RangeError('utilisation is above 0 and at most 1');
  if (!(paymentsPerS > 0 && meanPerS > 0 && meanPerS <= paymentsPerS)) throw new RangeError('rates are above 0, the mean at most the peak');
  if (!(serviceUs > 0 && databaseUs > 0)) throw new RangeError('a payment costs something');
  const serviceCores = (paymentsPerS * serviceUs) / 1e6 / utilisation;
  const databaseCores = (paymentsPerS * databaseUs) / 1e6 / utilisation;
  const ledgers = Math.ceil(databaseCores);
  return {
    serviceCores,
    processes: Math.max(2, Math.ceil(serviceCores) + 1),
    databaseCores,
    ledgers,
    databaseNodes: ledgers * 2,
    storedGbPerDay: (meanPerS * 86_400 * bytesPerPayment.stored) / 1e9,
    walMbPerS: (paymentsPerS * bytesPerPayment.wal) / 1e6,
  };
}

/** What one core does in a second, decisions and database together. */
export function paymentsPerCoreS({ serviceUs, databaseUs }: Cost): number {
  return 1e6 / (serviceUs + databaseUs);
}

export interface Hop {
  name: string;
  budgetMs: number;
  /** Its share in the answer to one payment, as a histogram tells it. */
  metric: string;
}

/** Where the 250 ms of the latency objective (99.9 % of requests) may go; in the order of a request. docs/ledger-capacity.md shows it. */
export const latencyTargetMs = 250;
export const latencyBudget: readonly Hop[] = [
  { name: 'client to load balancer to process, and back', budgetMs: 50, metric: 'the synthetic payer, less `http_request_duration_seconds`' },
  { name: 'reading, checks, authentication, limit', budgetMs: 10, metric: '`http_request_duration_seconds` less the two below' },
  { name: 'waiting for the batch before', budgetMs: 90, metric: '`ledger_queue_wait_seconds`' },
  { name: 'the batch: read, decide, write, commit on the synchronous standby', budgetMs: 90, metric: '`ledger_batch_seconds`' },
  { name: 'answering', budgetMs: 10, metric: '`http_request_duration_seconds` less the two above' },
];

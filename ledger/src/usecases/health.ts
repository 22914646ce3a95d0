/** Whether this process can take payments now. */
import type { Database } from '../adapters/db.ts';
import { LedgerError } from '../domain/errors.ts';
import type { Readings } from '../adapters/metrics.ts';
import { incompatibility, type AppliedMigration } from '../adapters/migrations.ts';
import * as reads from '../adapters/reads.ts';

export interface Readiness {
  ready: boolean;
  /** `ready`, or why not: for people and logs. */
  reason: string;
}

const readinessAgeMs = 500;
const trialBalanceAgeMs = 15_000;
const headAgeMs = 1_000;

export class Health implements Readings {
  readonly #database: Database;
  readonly #known: readonly AppliedMigration[];
  readonly #queued: () => number;
  #draining = false;
  readonly #readiness = new Cached<Readiness & { databaseUp: boolean }>(readinessAgeMs);
  readonly #head = new Cached<{ n: string; position: string; totals: Record<string, string> } | undefined>(headAgeMs);
  readonly #balance = new Cached<ReadonlyMap<string, bigint> | undefined>(trialBalanceAgeMs);

  constructor(database: Database, known: readonly AppliedMigration[], queued: () => number) {
    this.#database = database;
    this.#known = known;
    this.#queued = queued;
  }

  /** From now on not ready: balancers shall send no more. */
  drain(): void {
    this.#draining = true;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Asks the database, at most twice a second however often it is called. Never throws. */
  async readiness(): Promise<Readiness> {
    if (this.#draining) return { ready: false, reason: 'shutting down' };
    const { ready, reason } = await this.#readiness.get(() => this.#look());
    return { ready, reason };
  }

  async databaseUp(): Promise<boolean> {
    return (await this.#readiness.get(() => this.#look())).databaseUp;
  }

  async trialBalance(): Promise<ReadonlyMap<string, bigint> | undefined> {
    if (!(await this.databaseUp())) return undefined;
    return this.#balance.get(async () => {
      try {
        const rows = await this.#database.probe(reads.selectWholeTrialBalance());
        return new Map(rows.map(row => [row['currency'] as string, BigInt(row['debit_minor'] as string) - BigInt(row['credit_minor'] as string)]));
      } catch {
        return undefined; // ledger_database_up tells
      }
    });
  }

  async chainHead() {
    if (!(await this.databaseUp())) return undefined;
    return this.#head.get(async () => {
      try {
        const [row] = await this.#database.probe(reads.selectHead());
        return { n: row!['n'] as string, position: row!['position'] as string, totals: row!['totals'] as Record<string, string> };
      } catch {
        return undefined; // ledger_database_up tells
      }
    });
  }

  queued(): number {
    return this.#queued();
  }

  async #look(): Promise<Readiness & { databaseUp: boolean }> {
    try {
      const [row] = await this.#database.probe(reads.selectReadiness());
      const wrong = row?.['read_only'] ? 'the database is read-only' : incompatibility(this.#known, (row?.['migrations'] ?? []) as AppliedMigration[]);
      return { ready: !wrong, reason: wrong ?? 'ready', databaseUp: true };
    } catch (error) {
      if (error instanceof LedgerError) return { ready: false, reason: error.message, databaseUp: false };
      // It answered, but not what was asked: no schema yet, or no right to read it.
      return { ready: false, reason: `the database refuses: ${(error as Error).message}`, databaseUp: true };
    }
  }
}

/** The last value for a while; callers that come at the same time share one look. */
class Cached<T> {
  readonly #ageMs: number;
  #value: Promise<T> | undefined;
  #at = 0;

  constructor(ageMs: number) {
    this.#ageMs = ageMs;
  }

  get(look: () => Promise<T>): Promise<T> {
    if (!this.#value || performance.now() - this.#at > this.#ageMs) {
      this.#at = performance.now();
      this.#value = look();
    }
    return this.#value;
  }
}

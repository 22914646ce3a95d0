/**
 * What only one process at a time does: release holds whose time has passed, and settle accounts once a day. Whoever has the
 * lease does it. Nothing here needs the lease to be right: every command has a key that is the same for all processes, so
 * two of them have one effect; the lease saves the work. A process that was stopped and wakes up is refused by the lease's epoch.
 */
import { hash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../adapters/db.ts';
import { giveUpLease, selectDueHolds, takeLease } from '../adapters/reads.ts';
import type { Outcome } from '../domain/batching.ts';
import type { SettlementSchedule } from '../domain/config.ts';
import { publicId } from '../domain/ids.ts';
import type { Command, CommandContext } from '../domain/model.ts';

export const choresLease = 'chores';
/** Per turn: what is left comes with the next one, at once. */
const holdsMax = 500;
const daysKept = 2;

export interface ChoresOptions {
  /** Unlike that of any other process, also of this one before its restart. */
  holder: string;
  intervalMs: number;
  leaseTtlMs: number;
  settlements: readonly SettlementSchedule[];
}

export interface ChoresParts {
  database: Pick<Database, 'query' | 'write'>;
  submit(command: Command, context: CommandContext, lease: { name: string; epoch: bigint }): Promise<Outcome>;
  metrics: { expired(count: number): void; settled(count: number): void; leading(leads: boolean): void };
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Settlements whose hour has come on the database's day, each with the key that makes it one per day. */
export function dueSettlements(schedules: readonly SettlementSchedule[], now: Date): { schedule: SettlementSchedule; key: string }[] {
  const [day, time] = [now.toISOString().slice(0, 10), now.toISOString().slice(11, 16)];
  return schedules.filter(schedule => schedule.at <= time).map(schedule => ({ schedule, key: `system/settle/${schedule.accountId}/${day}` }));
}

export class Chores {
  readonly #parts: ChoresParts;
  readonly #options: ChoresOptions;
  readonly #stopping = new AbortController();
  /** Settlement -> its day. */
  readonly #done = new Map<string, string>();
  #running: Promise<void> | undefined;
  #troubled = false;

  constructor(parts: ChoresParts, options: ChoresOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the turn that is under way and gives the lease to the next. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#parts.database.write(giveUpLease(choresLease, this.#options.holder)).catch(() => undefined); // it runs out by itself
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      let again = false;
      try {
        again = await this.turn();
        this.#troubled = false;
      } catch (error) {
        // The database is away or fenced: the next turn may find it back. Told once, not every second.
        this.#parts.metrics.leading(false);
        if (!this.#troubled) this.#parts.log.warn({ reason: (error as Error).message }, 'chores wait');
        this.#troubled = true;
      }
      if (!again) await sleep(this.#options.intervalMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** One look. True when more is due already. Throws what the database and the writer throw. */
  async turn(): Promise<boolean> {
    const [row] = await this.#parts.database.write(takeLease(choresLease, this.#options.holder, this.#options.leaseTtlMs));
    const epoch = row?.['epoch'] as string | null | undefined;
    this.#parts.metrics.leading(Boolean(epoch));
    if (!epoch) return false;
    const lease = { name: choresLease, epoch: BigInt(epoch) };
    const now = row!['at'] as Date;
    await this.#settle(now, lease);
    return this.#expire(now, lease);
  }

  async #expire(now: Date, lease: { name: string; epoch: bigint }): Promise<boolean> {
    // A decline stays the answer to its key. With the hour in it, a hold that was not due by another server's clock is asked for again.
    const hour = now.toISOString().slice(0, 13);
    const due = await this.#parts.database.query(selectDueHolds(holdsMax));
    const outcomes = await Promise.all(due.map(row => {
      const hold = { position: BigInt(row['position'] as string), atUs: BigInt(row['at_us'] as string) };
      return this.#submit({ kind: 'expiry', hold }, row['tenant'] as string, `system/expire/${publicId('ho', hold)}/${hour}`, lease);
    }));
    const released = outcomes.filter(outcome => outcome.status === 200 && !outcome.replayed).length;
    if (released > 0) this.#parts.metrics.expired(released);
    return due.length === holdsMax && released > 0;
  }

  async #settle(now: Date, lease: { name: string; epoch: bigint }): Promise<void> {
    for (const { schedule, key } of dueSettlements(this.#options.settlements, now)) {
      if (this.#done.has(`${schedule.tenant}/${key}`)) continue;
      const { accountId, payoutAccountId } = schedule;
      const outcome = await this.#submit({ kind: 'settlement', accountId, payoutAccountId, description: null, metadata: {} }, schedule.tenant, key, lease);
      this.#done.set(`${schedule.tenant}/${key}`, now.toISOString().slice(0, 10));
      if (!outcome.replayed) {
        if (outcome.status === 201) this.#parts.metrics.settled(1);
        this.#parts.log.info({ tenant: schedule.tenant, account: accountId, status: outcome.status, refused: outcome.refused }, 'settlement');
      }
    }
    const oldest = new Date(now.getTime() - daysKept * 86_400_000).toISOString().slice(0, 10);
    for (const [key, day] of this.#done) if (day < oldest) this.#done.delete(key);
  }

  #submit(command: Command, tenant: string, key: string, lease: { name: string; epoch: bigint }): Promise<Outcome> {
    return this.#parts.submit(command, { tenant, actor: 'system', key, requestHash: hash('sha256', key), requestId: randomUUID() }, lease);
  }
}

/**
 * Keeps the cache right from the journal, whatever got lost on the way: every process asks twice a second which history the
 * database writes and how far it is, and one of them applies to the cache what the journal says since the mark. The mark
 * stands in Redis beside what it speaks of, so a Redis that was flushed, or came back with an older state, has no mark or
 * an older one, and what is missing is applied again. docs/adr/0075.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheMeter, CacheStore } from '../domain/cache.ts';
import { epochOf, type Epoch, type NamedBalance } from '../domain/cached.ts';
import { RedisUnavailable } from '../domain/redis.ts';

export interface RepairStatement {
  name: string;
  text: string;
  values: unknown[];
}

type Rows = Record<string, unknown>[];

/** The database as this worker needs it. Both have a time limit, and throw when it cannot be asked. */
export interface RepairDatabase {
  /** On a connection of its own that is made anew now and then, so that it soon finds the way to a new primary. */
  probe(statement: RepairStatement): Promise<Rows>;
  query(statement: RepairStatement): Promise<Rows>;
}

export interface RepairOptions {
  /** Names this process among those that could do the work. */
  holder: string;
  everyMs: number;
  leadTtlMs: number;
  /** How far back to begin where there is no mark: as long as an entry is good for. */
  rewindSeconds: number;
  /** Rows of the journal, or accounts, per step. */
  stepRows: number;
  /** Steps before the marks and the history are looked at again. */
  stepsMax: number;
  /** Told once when the work stops going on and once when it does again; undefined: it does. */
  onTrouble: (error: Error | undefined) => void;
}

export const repairDefaults: Omit<RepairOptions, 'holder' | 'onTrouble'> = {
  everyMs: 500,
  leadTtlMs: 2_000,
  rewindSeconds: 60,
  stepRows: 1_000,
  stepsMax: 20,
};

const epochStatement: RepairStatement = { name: 'cache_epoch', text: 'SELECT epoch, seal_key, position FROM ledger.cache_epoch()', values: [] };

/** A moment and how far the journal had come by then. */
interface Observation {
  atMs: number;
  position: bigint;
}

const observationsMax = 64;

export class CacheRepair {
  readonly #database: RepairDatabase;
  readonly #store: CacheStore;
  readonly #meter: CacheMeter;
  readonly #options: RepairOptions;
  readonly #stopping = new AbortController();
  readonly #bornAtMs = performance.now();
  #running: Promise<void> | undefined;
  #epoch: Epoch | undefined;
  #observations: Observation[] = [];
  #completeAsOfMs: number | undefined;
  #mark = 0n;
  #troubled = false;

  constructor(database: RepairDatabase, store: CacheStore, meter: CacheMeter, options: Partial<RepairOptions> & Pick<RepairOptions, 'holder' | 'onTrouble'>) {
    this.#database = database;
    this.#store = store;
    this.#meter = meter;
    this.#options = { ...repairDefaults, ...options };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** One look at the database and, if it falls to this process, all the work there is. Throws when either side cannot be asked. */
  async tick(): Promise<void> {
    const atMs = performance.now();
    const [row] = await this.#database.probe(epochStatement);
    if (!row) {
      this.#store.look(undefined);
      return;
    }
    const position = BigInt(row['position'] as string);
    const epoch = this.#recognise(row['epoch'] as string, row['seal_key'] as Buffer);
    this.#observations.push({ atMs, position });
    if (this.#observations.length > observationsMax) this.#observations.shift();
    // Before anything is asked of Redis: that the history is this one holds without it.
    this.#store.look({ epoch, epochAsOfMs: atMs, completeAsOfMs: this.#completeAsOfMs });
    try {
      const mark = await this.#advance(epoch, position);
      // Not the latest ever seen: a mark that went back says that Redis did.
      this.#completeAsOfMs = mark === undefined ? undefined : this.#observations.findLast(seen => seen.position <= mark)?.atMs;
      if (mark !== undefined) this.#mark = mark;
      this.#store.look({ epoch, epochAsOfMs: atMs, completeAsOfMs: this.#completeAsOfMs });
    } finally {
      const behind = position > this.#mark ? Number(position - this.#mark) : 0;
      this.#meter.lag(behind, (performance.now() - (this.#completeAsOfMs ?? this.#bornAtMs)) / 1_000);
    }
  }

  /**
   * Goes over all accounts and makes the cache say what the database says, also where it says something newer that is not so.
   * Safe at any time: payments go on, and what they write meanwhile is newer. Throws when either side cannot be asked.
   */
  async rebuild(): Promise<{ accounts: number; written: number; untrue: number }> {
    const [row] = await this.#database.probe(epochStatement);
    if (!row) throw new Error('this database is no primary: it has no history of its own to cache');
    const epoch = this.#recognise(row['epoch'] as string, row['seal_key'] as Buffer);
    const done = { accounts: 0, written: 0, untrue: 0 };
    for (let after = '0'; ; ) {
      const rows = await this.#database.query({ name: 'cache_page', text: 'SELECT * FROM ledger.cache_page($1, $2)', values: [after, this.#options.stepRows] });
      const last = rows.at(-1);
      if (!last) return done;
      const page = rows.map(toBalance);
      done.untrue += await this.#refute(epoch, page);
      done.written += (await this.#store.apply(epoch, page)).filter(one => one.outcome === 'written').length;
      done.accounts += page.length;
      after = last['number'] as string;
    }
  }

  /** The same object for the same name, so that others can compare. */
  #recognise(name: string, sealKey: Buffer): Epoch {
    if (this.#epoch?.name !== name) {
      this.#epoch = epochOf(name, sealKey);
      this.#observations = [];
      this.#completeAsOfMs = undefined;
      this.#mark = 0n;
    }
    return this.#epoch;
  }

  /** Applies the journal up to `position`, or as far as one turn goes. Returns the mark; undefined when there is none. */
  async #advance(epoch: Epoch, position: bigint): Promise<bigint | undefined> {
    const { holder, leadTtlMs, rewindSeconds, stepRows, stepsMax } = this.#options;
    let mark = await this.#store.readMark(epoch);
    if (!(await this.#store.lead(epoch, holder, leadTtlMs))) return mark;
    const found = mark;
    mark ??= BigInt((await this.#database.query({ name: 'cache_begin', text: 'SELECT ledger.cache_begin($1) AS "begin"', values: [rewindSeconds] }))[0]!['begin'] as string);
    for (let steps = 0; mark < position && steps < stepsMax; steps++) {
      const upto: bigint = mark + BigInt(stepRows) < position ? mark + BigInt(stepRows) : position;
      const rows = await this.#database.query({ name: 'cache_changes', text: 'SELECT * FROM ledger.cache_changes($1, $2)', values: [mark, upto] });
      await this.#apply(epoch, rows.map(toBalance));
      mark = upto;
    }
    if (mark !== found) await this.#store.writeMark(epoch, mark);
    return mark;
  }

  async #apply(epoch: Epoch, balances: NamedBalance[]): Promise<void> {
    const applied = await this.#store.apply(epoch, balances);
    this.#meter.repaired(applied.filter(one => one.outcome === 'written').length);
    // Mostly payments that came in between; each could also be an untruth that keeps the right entry out.
    const newer = balances.filter((balance, index) => {
      const one = applied[index];
      return one?.outcome === 'kept' && one.version > BigInt(balance.version);
    });
    await this.#refute(epoch, newer);
  }

  /**
   * Overrules entries that cannot be true. The cache is read first and the database afterwards: a true entry was committed
   * before it was written, so the database then has its version or a newer one. Returns how many were overruled.
   */
  async #refute(epoch: Epoch, names: readonly { tenant: string; id: string }[]): Promise<number> {
    const said = (await this.#store.peek(epoch, names)).filter(one => one !== undefined);
    if (said.length === 0) return 0;
    const values = [said.map(one => one.tenant), said.map(one => one.id)];
    const rows = await this.#database.query({ name: 'cache_accounts', text: 'SELECT * FROM ledger.cache_accounts($1, $2)', values });
    const actual = new Map(rows.map(toBalance).map(one => [`${one.tenant}:${one.id}`, one]));
    const wrong = said.flatMap(one => {
      const truth = actual.get(`${one.tenant}:${one.id}`);
      return truth && (one.version > truth.version || (one.version === truth.version && !sameBalance(one, truth))) ? [truth] : [];
    });
    await this.#store.overrule(epoch, wrong);
    return wrong.length;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.tick().then(
        () => this.#tell(undefined),
        (error: Error) => {
          // Redis has its own gauge and log line; a database that cannot be asked has others too, but then nothing is repaired.
          if (!(error instanceof RedisUnavailable)) this.#tell(error);
        },
      );
      await sleep(this.#options.everyMs, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => undefined);
    }
  }

  #tell(error: Error | undefined): void {
    if ((error !== undefined) === this.#troubled) return;
    this.#troubled = error !== undefined;
    this.#options.onTrouble(error);
  }
}

/** bigint columns come as strings. */
function toBalance(row: Record<string, unknown>): NamedBalance {
  const whole = (column: string) => BigInt(row[column] as string);
  return { tenant: row['tenant'] as string, id: row['id'] as string, version: Number(row['version']), postedMinor: whole('posted'), pendingOutMinor: whole('pending_out'), pendingInMinor: whole('pending_in') };
}

function sameBalance(a: NamedBalance, b: NamedBalance): boolean {
  return a.postedMinor === b.postedMinor && a.pendingOutMinor === b.pendingOutMinor && a.pendingInMinor === b.pendingInMinor;
}

/**
 * Writes commands in batches. There is no timer: a batch is what arrived while the one before was on its way, so an idle ledger
 * answers at once and a busy one shares each commit among hundreds.
 *
 * The fast way: what the book does not know is read (keys that were used before, accounts, payments), the commands are decided
 * in order of arrival, one statement writes them. While it is being written the next batch is read and decided, on the outcome
 * of the first; it is sent when that one is in. The database refuses a batch whose accounts are not at the versions it was decided on.
 *
 * The careful way, whenever the fast one did not end well: inside a transaction that holds the head of the journal everything
 * is read afresh, keys first, so that a batch whose commit was never confirmed is found if it took effect. For a second after
 * a conflict with another process all batches go this way.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, isConflict, isConnectionLoss, translate, type Database } from '../adapters/db.ts';
import { appendStatement, loadStatement, toLoaded, type Loaded } from '../adapters/journal.ts';
import { answerFormat } from '../domain/answers.ts';
import { accountsNamed, decideBatch, needsFeeAccounts, outcomesOf, paymentOf, rowsOf, totalsOf, type Decided, type Outcome, type Request } from '../domain/batching.ts';
import { balancesOf, Book } from '../domain/book.ts';
import { batchDigest } from '../domain/chain.ts';
import { LedgerError } from '../domain/errors.ts';
import type { Account, Balances, Command, CommandContext, PlacedRow } from '../domain/model.ts';
import { currencies } from '../domain/money.ts';

export interface CommittedBatch {
  firstPosition: bigint;
  atUs: bigint;
  rows: readonly PlacedRow[];
  /** As this batch left them. */
  accounts: (Balances & { account: Account })[];
}

export interface WriterObserver {
  /** After its commit. `waitedMs`: the longest that one of its commands was queued. */
  batch(batch: CommittedBatch, way: 'fast' | 'careful', waitedMs: number, writeMs: number): void;
  retried(code: string): void;
}

export interface WriterOptions {
  region: string;
  instance: string;
  /** Rows of one batch. */
  batchMax: number;
  /** Batches under way: one is being written, the others are decided on its outcome. */
  lanes: number;
  /** Commands that may wait. */
  queueMax: number;
  /** How long one may wait before it is refused unseen, and how long a repeated key waits for the first one's answer. */
  waitMaxMs: number;
  accountCacheMax: number;
  observer: WriterObserver;
}

/** A lease under which a worker's commands are written, or not at all. */
export interface Lease {
  name: string;
  epoch: bigint;
}

interface Pending extends Request {
  lease: Lease | null;
  queuedAtMs: number;
  settle(outcome: Outcome): void;
  fail(error: unknown): void;
}

/** A second batch is decided while the first is written only if it carries something. */
const secondLaneMin = 8;
const carefulMs = 1_000;
/** A failed batch is tried again for so long; its clients do better with a 503 than with waiting. */
const retryBudgetMs = 4_000;
const attemptsMax = 20;

const nothingLoaded: Loaded = { stored: new Map(), accounts: [], payments: [] };

export class Writer {
  readonly #database: Database;
  readonly #options: WriterOptions;
  readonly #book = new Book();
  /** Of the database, when the book was empty last. */
  #generation: number;
  #queue: Pending[] = [];
  /** Key -> the first request with it, until it is answered. */
  readonly #running = new Map<string, Promise<Outcome> & { hash?: string }>();
  readonly #inFlight = new Set<Decided<Pending>>();
  /** Of the batch sent last: whether it was written. */
  #lastWritten: Promise<boolean> | undefined;
  #failed: Pending[][] = [];
  #reading = false;
  #scheduled = false;
  #carefulUntilMs = 0;
  #recovering = false;
  #idle: (() => void)[] = [];

  constructor(database: Database, options: WriterOptions) {
    this.#database = database;
    this.#options = options;
    this.#generation = database.generation;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /**
   * Decides and writes one command, exactly once per (tenant, key). Throws LedgerError where nothing was decided: 409 while the
   * first request with the key runs, 422 for a key used for something else, 503.
   */
  async submit(command: Command, context: CommandContext, lease: Lease | null = null): Promise<Outcome> {
    const id = `${context.tenant}/${context.key}`;
    const first = this.#running.get(id);
    if (first) return this.#join(first, context);
    if (this.#queue.length >= this.#options.queueMax) throw new LedgerError('overloaded', 'Too many requests wait already.');
    const running: Promise<Outcome> & { hash?: string } = new Promise<Outcome>((settle, fail) => {
      this.#queue.push({ command, context, lease, queuedAtMs: performance.now(), settle, fail });
    });
    running.hash = context.requestHash;
    this.#running.set(id, running);
    this.#schedule();
    try {
      return await running;
    } finally {
      this.#running.delete(id);
    }
  }

  /** Until everything that waits is answered. */
  async drained(): Promise<void> {
    if (this.#queue.length > 0 || this.#busy()) await new Promise<void>(settle => this.#idle.push(settle));
  }

  async #join(first: Promise<Outcome> & { hash?: string }, context: CommandContext): Promise<Outcome> {
    if (first.hash !== context.requestHash) throw new LedgerError('idempotency-key-reused', 'This Idempotency-Key is in use for a request with another path or body.');
    const late = new AbortController();
    const outcome = await Promise.race([first, sleep(this.#options.waitMaxMs, undefined, { signal: late.signal }).catch(() => undefined)]).finally(() => late.abort());
    if (!outcome) throw new LedgerError('idempotency-key-in-flight', 'The first request with this key has not been answered yet.');
    return { ...outcome, replayed: true };
  }

  #busy(): boolean {
    return this.#reading || this.#recovering || this.#inFlight.size > 0 || this.#failed.length > 0;
  }

  /** Once per turn of the event loop, after all requests of this turn were read. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#failed.length > 0) {
      if (this.#inFlight.size === 0 && !this.#reading && !this.#recovering) void this.#recover();
      return;
    }
    if (this.#queue.length === 0) {
      if (!this.#busy()) for (const settle of this.#idle.splice(0)) settle();
      return;
    }
    if (this.#reading || this.#recovering || this.#inFlight.size >= this.#options.lanes) return;
    if (this.#inFlight.size > 0 && this.#queue.length < secondLaneMin) return;
    const careful = performance.now() < this.#carefulUntilMs;
    if (careful && this.#inFlight.size > 0) return;
    const taken = this.#take();
    if (taken.length === 0) return this.#schedule();
    if (careful) {
      this.#failed.push(taken);
      void this.#recover();
    } else {
      void this.#launch(taken);
    }
  }

  /** As many as one batch holds; commands under a lease go with their own kind only. */
  #take(): Pending[] {
    const taken: Pending[] = [];
    const oldest = performance.now() - this.#options.waitMaxMs;
    // An even share for each lane: else all that wait go together, and nothing is decided while they are written.
    const lanesFree = this.#options.lanes - this.#inFlight.size;
    const share = Math.min(this.#options.batchMax, Math.max(secondLaneMin, Math.ceil(this.#queue.length / lanesFree)));
    let rows = 0;
    let index = 0;
    for (; index < this.#queue.length && taken.length < share; index++) {
      const pending = this.#queue[index]!;
      if (pending.queuedAtMs < oldest) {
        pending.fail(new LedgerError('overloaded', 'The request waited too long.'));
        continue;
      }
      rows += rowsOf(pending.command);
      if (taken.length > 0 && (rows > this.#options.batchMax || !sameLease(taken[0]!.lease, pending.lease))) break;
      taken.push(pending);
    }
    this.#queue = this.#queue.slice(index);
    return taken;
  }

  async #launch(requests: Pending[]): Promise<void> {
    this.#reading = true;
    let decided: Decided<Pending>;
    try {
      const reading = this.#readUnknown(requests);
      const loaded = reading ? await reading : nothingLoaded;
      if (this.#failed.length > 0 || this.#generation !== this.#database.generation) {
        // The batch before did not end well, or a failover took back what the book knows: what it says is not so.
        this.#failed.push(requests);
        return;
      }
      for (const account of loaded.accounts) this.#book.addAccount(account);
      for (const payment of loaded.payments) this.#book.addPayment(payment);
      decided = decideBatch(this.#book, loaded.stored, requests);
    } catch (error) {
      this.#failed.push(requests);
      this.#noteFailure(error);
      return;
    } finally {
      this.#reading = false;
      this.#schedule();
    }
    this.#answerKnown(decided);
    this.#queue.unshift(...decided.later);
    if (decided.batch.rows.length > 0) await this.#writeFast(decided);
  }

  /** Undefined: nothing has to be asked. */
  #readUnknown(requests: Pending[]): Promise<Loaded> | undefined {
    // Before it is asked what is known, or what was known a moment ago could go.
    this.#book.shrink(this.#options.accountCacheMax, account => [...this.#inFlight].some(one => one.batch.accounts.has(account)));
    const { accounts, payments } = wantedBy(requests, this.#book);
    const known = accounts.length === 0 && payments.length === 0;
    // One or two commands over known accounts: the unique index tells of a used key, at no cost for the many that are new.
    if (known && requests.length <= 2) return undefined;
    if (payments.length > 0) this.#book.forgetPayments(payment => [...this.#inFlight].some(one => one.batch.payments.has(payment)));
    return this.#database.query(loadStatement({ keys: requests.map(one => one.context), accounts, payments, lockHead: false })).then(toLoaded);
  }

  async #writeFast(decided: Decided<Pending>): Promise<void> {
    const { batch, fresh } = decided;
    this.#inFlight.add(decided);
    // All of it is made now: the next batch is decided on these same accounts, and moves them on.
    const accounts = batch.moved().map(([account]) => ({ account, ...balancesOf(account) }));
    const generation = this.#generation;
    const before = this.#lastWritten;
    let written = (_well: boolean): void => undefined;
    this.#lastWritten = new Promise(settle => (written = settle));
    try {
      const statement = this.#statement(decided);
      // Sent when the one before is in: two at once would wait for each other in the database, in either order.
      const decidedOnTruth = (await before) ?? true;
      const startedAtMs = performance.now();
      const [row] = decidedOnTruth ? await this.#database.write(statement, generation) : [];
      written(row !== undefined);
      // The next one leaves before the answers to this one are rendered.
      if (this.#inFlight.size > 1) await new Promise(setImmediate);
      this.#inFlight.delete(decided);
      if (row) this.#finish(decided, row, accounts, 'fast', startedAtMs);
      else this.#failed.push(fresh.map(one => one.request));
    } catch (error) {
      written(false);
      this.#inFlight.delete(decided);
      if (codeOf(error) === 'outcome-unknown') {
        // Written, and not confirmed by the standby: looking again would only wait for it once more.
        for (const { request } of fresh) request.fail(error);
      } else {
        this.#failed.push(fresh.map(one => one.request));
        this.#noteFailure(error);
      }
    }
    this.#schedule();
  }

  #statement(decided: Decided<Pending>) {
    const { region, instance } = this.#options;
    const { batch, fresh } = decided;
    const written = { region, instance, format: answerFormat };
    return appendStatement(batch, { ...written, digest: batchDigest(batch.rows, written), lease: fresh[0]!.request.lease }, totalsOf(batch));
  }

  #noteFailure(error: unknown): void {
    this.#options.observer.retried(codeOf(error));
    if (codeOf(error) === 'AP001') this.#carefulUntilMs = performance.now() + carefulMs;
  }

  /** All failed batches in order, after everything else came to an end. */
  async #recover(): Promise<void> {
    this.#recovering = true;
    try {
      this.#book.clear();
      // Nothing is on its way now: the next batch follows none that was not written.
      this.#lastWritten = undefined;
      this.#generation = this.#database.generation;
      while (this.#failed.length > 0) await this.#writeCarefully(this.#failed.shift()!);
    } finally {
      this.#recovering = false;
      this.#schedule();
    }
  }

  async #writeCarefully(requests: Pending[]): Promise<void> {
    const startedAtMs = performance.now();
    for (let made = 1; ; made++) {
      try {
        return await this.#attempt(requests);
      } catch (error) {
        const again = isConflict(error) || isConnectionLoss(error);
        if (again && made < attemptsMax && performance.now() - startedAtMs < retryBudgetMs) {
          this.#options.observer.retried(codeOf(error));
          // 5, 10, 20 … 320 ms, anywhere between half and the whole of it: those who collided must not meet again.
          await sleep(5 * 2 ** Math.min(made - 1, 6) * (0.5 + Math.random() / 2));
        } else if (!again && translate(error) === undefined && requests.length > 1) {
          // One of them is more than the database takes: the others must not suffer.
          const half = requests.length >> 1;
          await this.#writeCarefully(requests.slice(0, half));
          return this.#writeCarefully(requests.slice(half));
        } else {
          for (const request of requests) request.fail(translate(error) ?? error);
          return;
        }
      }
    }
  }

  async #attempt(requests: Pending[]): Promise<void> {
    const book = new Book();
    const startedAtMs = performance.now();
    const { decided, row } = await this.#database.transaction(async transaction => {
      const wanted = wantedBy(requests, book);
      const loaded = toLoaded(await transaction.query(loadStatement({ ...wanted, keys: requests.map(one => one.context), lockHead: true })));
      for (const account of loaded.accounts) book.addAccount(account);
      for (const payment of loaded.payments) book.addPayment(payment);
      const made = decideBatch(book, loaded.stored, requests);
      const [written] = made.batch.rows.length > 0 ? await transaction.query(this.#statement(made)) : [undefined];
      return { decided: made, row: written };
    });
    this.#answerKnown(decided);
    this.#queue.unshift(...decided.later);
    if (row) this.#finish(decided, row, decided.batch.moved().map(([account]) => ({ account, ...balancesOf(account) })), 'careful', startedAtMs);
  }

  #answerKnown(decided: Decided<Pending>): void {
    for (const { request, outcome } of decided.known) {
      if (outcome instanceof LedgerError) request.fail(outcome);
      else request.settle(outcome);
    }
  }

  #finish(decided: Decided<Pending>, row: Record<string, unknown>, accounts: CommittedBatch['accounts'], way: 'fast' | 'careful', startedAtMs: number): void {
    const firstPosition = BigInt(row['first_position'] as string);
    const atUs = BigInt(row['at_us'] as string);
    const committedAtMs = performance.now();
    const batchRows = decided.batch.rows.length;
    for (const { request, outcome } of outcomesOf(decided, firstPosition, atUs, this.#options.region)) {
      outcome.timing = { queuedAtMs: request.queuedAtMs, sentAtMs: startedAtMs, committedAtMs, batchRows };
      request.settle(outcome);
    }
    const waitedMs = startedAtMs - Math.min(...decided.fresh.map(one => one.request.queuedAtMs));
    this.#options.observer.batch({ firstPosition, atUs, rows: decided.batch.rows as PlacedRow[], accounts }, way, waitedMs, committedAtMs - startedAtMs);
  }
}

function sameLease(a: Lease | null, b: Lease | null): boolean {
  return a?.name === b?.name && a?.epoch === b?.epoch;
}

/** What the commands need and the book does not have, each once. */
function wantedBy(requests: readonly Pending[], book: Book): { accounts: { tenant: string; id: string }[]; payments: bigint[] } {
  const accounts = new Map<string, { tenant: string; id: string }>();
  const payments = new Set<bigint>();
  for (const { command, context: { tenant } } of requests) {
    const ids = needsFeeAccounts(command) ? currencies.map(currency => `fees:${currency.toLowerCase()}`) : accountsNamed(command);
    for (const id of ids) if (!book.account(tenant, id)) accounts.set(`${tenant}/${id}`, { tenant, id });
    const payment = paymentOf(command);
    if (payment !== undefined) payments.add(payment);
  }
  return { accounts: [...accounts.values()], payments: [...payments] };
}

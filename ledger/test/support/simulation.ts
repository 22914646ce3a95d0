/**
 * Time, chance and a database under control: everything that a writer waits for goes through one queue of events in an order
 * that a seed decides, so that a history that went wrong can be had again. Import before the writer: it replaces the clocks.
 */
import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import type { Database, Queryable, Statement } from '../../src/adapters/db.ts';
import { LedgerError } from '../../src/domain/errors.ts';
import { databaseError, type MemoryJournal } from './memory.ts';

const realImmediate = globalThis.setImmediate;
const settled = () => new Promise<void>(settle => realImmediate(settle));

/** mulberry32: small, and good enough to choose faults. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Event {
  atMs: number;
  order: number;
  run: () => void;
}

/** The world of one seed. Only one at a time. */
export class Simulation {
  readonly random: () => number;
  nowMs = 0;
  #events: Event[] = [];
  #order = 0;

  constructor(seed: number) {
    this.random = randomOf(seed);
    current = this;
  }

  after(ms: number, run: () => void): Event {
    const event = { atMs: this.nowMs + ms, order: this.#order++, run };
    this.#events.push(event);
    return event;
  }

  cancel(event: Event): void {
    this.#events = this.#events.filter(one => one !== event);
  }

  wait(ms: number): Promise<void> {
    return new Promise(settle => this.after(ms, settle));
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Until `done` is. Throws when nothing more can happen before it. */
  async run(done: Promise<unknown>): Promise<void> {
    let [over, failure] = [false, undefined as unknown];
    done.then(() => (over = true), error => ([over, failure] = [true, error]));
    for (let steps = 0; ; steps++) {
      await settled();
      if (over) break;
      let next: Event | undefined;
      for (const event of this.#events) if (!next || event.atMs < next.atMs || (event.atMs === next.atMs && event.order < next.order)) next = event;
      if (!next) throw new Error('everybody waits for ever');
      if (steps > 100_000) throw new Error('it does not come to an end');
      this.cancel(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    if (failure) throw failure;
  }
}

let current: Simulation | undefined;

/** From now on this process has no clock and no chance of its own. */
export function takeClocks(): void {
  globalThis.setImmediate = ((run: (...args: unknown[]) => void, ...args: unknown[]) => current!.after(0, () => run(...args))) as unknown as typeof setImmediate;
  performance.now = () => current!.nowMs;
  Math.random = () => current!.random();
  timersPromises.setTimeout = ((ms: number, value: unknown, options?: { signal?: AbortSignal }) => new Promise<unknown>((settle, fail) => {
    const event = current!.after(ms, () => settle(value));
    options?.signal?.addEventListener('abort', () => (current!.cancel(event), fail(new Error('aborted'))));
  })) as typeof timersPromises.setTimeout;
  syncBuiltinESMExports();
}

export interface Faults {
  /** Probability that a statement meets one of them. */
  rate: number;
  met: Record<string, number>;
}

const lost = () => databaseError('', 'Connection terminated unexpectedly');

/** What the writer knows as its database: one memory, one head to be locked, connections that break. */
export class SimulatedDatabase {
  readonly #simulation: Simulation;
  readonly #journal: MemoryJournal;
  readonly #faults: Faults;
  readonly #head: Head;
  /** As Database.generation. */
  generation = 0;

  constructor(simulation: Simulation, journal: MemoryJournal, head: Head, faults: Faults) {
    this.#simulation = simulation;
    this.#journal = journal;
    this.#head = head;
    this.#faults = faults;
  }

  asDatabase(): Database {
    return this as unknown as Database;
  }

  /** As Database.query: a lost connection was tried once more and became an error with a name. */
  async query({ values }: Statement): Promise<Record<string, unknown>[]> {
    await this.#delay();
    const read = this.#journal.load(values!);
    await this.#delay(); // meanwhile it grows old
    if (this.#meets('read lost')) throw new LedgerError('database-unavailable', 'simulated');
    return read;
  }

  async write({ name, values }: Statement, decidedIn?: number): Promise<Record<string, unknown>[]> {
    await this.#delay();
    // Nothing is lost here, but what is remembered of the server before must not be trusted.
    if (this.#meets('failover')) this.generation++;
    if (decidedIn !== undefined && decidedIn !== this.generation) throw databaseError('AP001', 'decided on another history');
    if (this.#meets('write lost before')) throw lost();
    if (this.#meets('write abandoned')) {
      // The connection is gone, the server has not noticed: it is written later, when others have gone on.
      void (async () => {
        await this.#delay(40);
        const release = await this.#head.lock();
        try {
          this.#journal.write(name!, values!);
        } catch {
          // Refused, and nobody is there to be told.
        } finally {
          release();
        }
      })();
      throw lost();
    }
    for (const [what, code] of [['serialization failure', '40001'], ['deadlock', '40P01'], ['statement timeout', '57014'], ['fenced', '25006'], ['lock timeout', '55P03']] as const) if (this.#meets(what)) throw databaseError(code, what);
    const release = await this.#head.lock();
    try {
      await this.#delay();
      const written = this.#journal.write(name!, values!);
      await this.#delay();
      if (this.#meets('write lost after')) throw lost();
      return written;
    } finally {
      release();
    }
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    await this.#delay();
    if (this.#meets('begin lost')) throw lost();
    let release: (() => void) | undefined;
    let append: Statement | undefined;
    const query = async (statement: Statement) => {
      await this.#delay();
      if (this.#meets('lost in a transaction')) throw lost();
      if (this.#meets('deadlock in a transaction')) throw databaseError('40P01', 'deadlock');
      if (statement.name === 'load') {
        if (statement.values![5] === true) release ??= await this.#head.lock();
        return this.#journal.load(statement.values!);
      }
      if (!release) throw new Error('a transaction wrote without the head of the journal');
      append = statement;
      // Nobody else writes meanwhile, so what it answers can be told before it is so.
      return this.#journal.write(statement.name!, statement.values!);
    };
    const before = this.#journal.rows.length;
    try {
      const result = await work({ query });
      await this.#delay();
      if (this.#meets('commit lost after')) throw lost();
      return result;
    } catch (error) {
      // Only a lost answer leaves the rows where they are.
      if (append && this.#journal.rows.length > before && (error as Error).message !== lost().message) throw new Error('a transaction failed after it had written', { cause: error });
      throw error;
    } finally {
      release?.();
    }
  }

  #delay(most = 6): Promise<void> {
    return this.#simulation.wait(this.#simulation.chance(0.3) ? 0 : this.#simulation.random() * most);
  }

  #meets(what: string): boolean {
    if (!this.#simulation.chance(this.#faults.rate)) return false;
    this.#faults.met[what] = (this.#faults.met[what] ?? 0) + 1;
    return true;
  }
}

/** The row lock that makes writers queue: first come, first served. */
export class Head {
  #free: Promise<void> = Promise.resolve();

  async lock(): Promise<() => void> {
    const before = this.#free;
    let release!: () => void;
    this.#free = new Promise(settle => (release = settle));
    await before;
    return release;
  }
}

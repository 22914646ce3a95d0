/** Every variant, in the order of a round: those that are set against each other stand side by side. */
import { join } from 'node:path';
import { assertDurable, type BenchServer } from './database.ts';
import type { Measurement } from './goals.ts';
import { Driver, measureHttp, measurePgbench, type HttpOrder } from './load.ts';
import { apiKey, environment, httpPath, batchPath } from './ours.ts';
import { databases, loadBaselines, loadLedger, merchant } from './prepare.ts';
import type { Plan } from './plan.ts';
import { clients, preparePgbench } from './pgbench.ts';
import { startServer, stopServer, type Server } from './processes.ts';
import { Books } from './verify.ts';
import { freePort } from '../test/support/postgres.ts';

/** What has to be there before a variant can run; made once per run. */
export type Part = 'tpcb' | 'function' | 'inProcess' | 'usual' | 'http';

export interface Variant {
  name: string;
  title: string;
  /** Requests under way, over how many connections. */
  inFlight: (bench: Bench) => string;
  part: Part;
  latencyOnly?: boolean;
  longOnly?: boolean;
  run(bench: Bench, turn: Turn): Promise<Omit<Measurement, 'variant'>>;
}

/** One run of one variant. */
export interface Turn {
  /** Begins the keys of everything that this turn pays; no other turn has it. */
  prefix: string;
  /** Whole seconds. */
  warmupS: number;
  measureS: number;
}

/** Connections of the two baselines to PostgreSQL; the ledger's own pool stays as it is configured. */
const baselineConnections = 16;
/** Connections over HTTP among which the usual handler is given the one it does best with. */
const usualCandidates = [8, 16, 64];
/** Accounts that a quiet ledger sees again and again; with one in flight, those of all would not come twice in a run. */
const familiar = 500;
const batchSize = 100;
const batchConnections = 4;

/** Processes that stay over all rounds, and what they have acknowledged. */
export class Bench {
  readonly server: BenchServer;
  readonly plan: Plan;
  readonly books: Books;
  transactions = 0;
  /** By 'uniform' and 'hot'. */
  readonly usualConnections = new Map<string, number>();
  functionDriver?: Driver;
  ledgerDriver?: Driver;
  usual?: Server;
  ledger?: Server;

  constructor(server: BenchServer, plan: Plan) {
    this.server = server;
    this.plan = plan;
    this.books = new Books(server);
  }

  async prepare(parts: ReadonlySet<Part>): Promise<void> {
    const { server, plan } = this;
    const ledger = parts.has('inProcess') || parts.has('http');
    const baselines = async () => {
      if (parts.has('tpcb')) await preparePgbench(server);
      await loadBaselines(server, { usual: parts.has('usual'), function: parts.has('function') }, plan.accounts);
    };
    await Promise.all([baselines(), ledger && loadLedger(server, plan.accounts)]);
    if (parts.has('function')) this.functionDriver = await Driver.start(server, './baseline/function.ts', { url: server.postgres.url('postgres', databases.function), connections: baselineConnections });
    if (parts.has('inProcess')) this.ledgerDriver = await Driver.start(server, './inProcess.ts', { url: server.postgres.url('ledger_app', databases.inProcess) }, this.#profile('in-process'));
    if (parts.has('usual')) {
      const port = await freePort();
      const env = { PORT: String(port), DATABASE_URL: server.postgres.url('postgres', databases.usual), API_KEY: apiKey, POOL_MAX: String(baselineConnections) };
      this.usual = await startServer(join(import.meta.dirname, 'baseline/usual.ts'), port, '/health', env);
    }
    if (parts.has('http')) {
      const port = await freePort();
      const env = environment(server.postgres.url('ledger_app', databases.http), port);
      this.ledger = await startServer(join(import.meta.dirname, '../src/main.ts'), port, '/readyz', env, this.#profile('http'));
    }
    if (ledger) for (const database of [databases.inProcess, databases.http]) await assertDurable(server, 'ledger_app', database);
    await assertDurable(server, 'postgres', 'postgres');
    if (parts.has('usual')) await this.#findUsualConnections();
    const settling = { warmupS: 0, measureS: plan.settleS };
    if (parts.has('inProcess')) await this.payInProcess({ prefix: 'settle', ...settling }, { inFlight: 256 });
    if (parts.has('http')) await this.payHttp({ prefix: 'settle-http', ...settling }, { connections: 256 });
  }

  /** Profiles are written when a process ends in order. */
  #profile(name: string): string[] {
    const folder = this.plan.profileFolder;
    return folder === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}.cpuprofile`];
  }

  /** More connections than a design can use only make it wait for its own locks: it is measured with the number it does best with. */
  async #findUsualConnections(): Promise<void> {
    const long = this.plan.name === 'long';
    await this.payUsual({ prefix: 'try-first', warmupS: 0, measureS: long ? 5 : 2 }, undefined, usualCandidates[1]!);
    for (const [kind, hot] of [['uniform', undefined], ['hot', merchant]] as const) {
      let best = 0;
      for (const connections of usualCandidates) {
        const turn = { prefix: `try-${kind}-${connections}`, warmupS: 0, measureS: long ? 5 : 1 };
        const { perSecond } = await this.payUsual(turn, hot, connections);
        if (perSecond > best) {
          best = perSecond;
          this.usualConnections.set(kind, connections);
        }
      }
    }
  }

  async payUsual(turn: Turn, hot: string | undefined, connections: number) {
    const { figures, ids } = await measureHttp(this.server, this.usual!, this.#httpOrder(turn, { path: '/transfers', hot, connections }));
    this.books.usual.push(ids);
    return figures;
  }

  async payHttp(turn: Turn, over: Partial<HttpOrder> & { connections: number }) {
    const { figures, ids } = await measureHttp(this.server, this.ledger!, this.#httpOrder(turn, { path: httpPath, ...over }));
    this.books.http.push(ids);
    return figures;
  }

  async payFunction(turn: Turn, over: { inFlight: number; hot?: string; accounts?: number }) {
    const { figures, sent } = await this.functionDriver!.measure({ ...this.#loopOrder(turn), ...over });
    this.books.function.push({ prefix: turn.prefix, sent });
    return figures;
  }

  async payInProcess(turn: Turn, over: { inFlight: number; hot?: string; accounts?: number }) {
    const { figures, sent } = await this.ledgerDriver!.measure({ ...this.#loopOrder(turn), ...over });
    this.books.inProcess.push({ prefix: turn.prefix, sent });
    return figures;
  }

  /** In order, so that profiles are written; the servers are ended with the run. */
  async close(): Promise<void> {
    await Promise.all([this.functionDriver?.close(), this.ledgerDriver?.close()]);
    if (this.ledger) await stopServer(this.ledger);
  }

  async payPgbench(turn: Turn, hot: boolean) {
    const { figures, total } = await measurePgbench(this.server, hot, turn.warmupS, turn.measureS);
    this.transactions += total;
    return figures;
  }

  #loopOrder({ prefix, warmupS, measureS }: Turn) {
    // A fifth of a second at least, so that a loop is under way when the time begins; the other two begin from rest.
    return { prefix, accounts: this.plan.accounts, warmupMs: Math.max(200, warmupS * 1000), measureMs: measureS * 1000 };
  }

  #httpOrder(turn: Turn, over: Partial<HttpOrder> & { path: string; connections: number }): HttpOrder {
    return { ...turn, apiKey, accounts: this.plan.accounts, paymentsPerRequest: 1, ...over };
  }
}

const times = (connections: number) => () => String(connections);
const pooled = (inFlight: number) => () => `${inFlight}, ${baselineConnections} connections`;
const usualInFlight = (kind: string) => (bench: Bench) => `${bench.usualConnections.get(kind)} (best of ${usualCandidates.join(', ')})`;

export const variants: Variant[] = [
  { name: 'tpcb', title: 'pgbench TPC-B', inFlight: times(clients), part: 'tpcb', run: (bench, turn) => bench.payPgbench(turn, false) },
  { name: 'ledger-uniform', title: 'ledger in process, uniform', inFlight: times(256), part: 'inProcess', run: (bench, turn) => bench.payInProcess(turn, { inFlight: 256 }) },
  { name: 'tpcb-hot', title: 'pgbench TPC-B, one hot branch', inFlight: times(clients), part: 'tpcb', run: (bench, turn) => bench.payPgbench(turn, true) },
  { name: 'ledger-hot', title: 'ledger in process, one hot account', inFlight: times(256), part: 'inProcess', run: (bench, turn) => bench.payInProcess(turn, { inFlight: 256, hot: merchant }) },
  { name: 'function-uniform', title: 'one stored function per payment, uniform', inFlight: pooled(64), part: 'function', latencyOnly: true, run: (bench, turn) => bench.payFunction(turn, { inFlight: 64 }) },
  { name: 'function-hot-64', title: 'one stored function per payment, one hot account', inFlight: pooled(64), part: 'function', latencyOnly: true, run: (bench, turn) => bench.payFunction(turn, { inFlight: 64, hot: merchant }) },
  { name: 'ledger-hot-64', title: 'ledger in process, one hot account', inFlight: times(64), part: 'inProcess', latencyOnly: true, run: (bench, turn) => bench.payInProcess(turn, { inFlight: 64, hot: merchant }) },
  { name: 'function-one', title: `one stored function per payment, ${familiar} accounts`, inFlight: times(1), part: 'function', latencyOnly: true, run: (bench, turn) => bench.payFunction(turn, { inFlight: 1, accounts: familiar }) },
  { name: 'ledger-one', title: `ledger in process, ${familiar} accounts`, inFlight: times(1), part: 'inProcess', latencyOnly: true, run: (bench, turn) => bench.payInProcess(turn, { inFlight: 1, accounts: familiar }) },
  { name: 'function-one-uniform', title: 'one stored function per payment, uniform', inFlight: times(1), part: 'function', latencyOnly: true, longOnly: true, run: (bench, turn) => bench.payFunction(turn, { inFlight: 1 }) },
  { name: 'ledger-one-uniform', title: 'ledger in process, uniform', inFlight: times(1), part: 'inProcess', latencyOnly: true, longOnly: true, run: (bench, turn) => bench.payInProcess(turn, { inFlight: 1 }) },
  { name: 'usual-uniform', title: 'express + knex over HTTP, uniform', inFlight: usualInFlight('uniform'), part: 'usual', run: (bench, turn) => bench.payUsual(turn, undefined, bench.usualConnections.get('uniform')!) },
  { name: 'http-uniform', title: 'ledger over HTTP, uniform', inFlight: times(256), part: 'http', run: (bench, turn) => bench.payHttp(turn, { connections: 256 }) },
  { name: 'usual-hot', title: 'express + knex over HTTP, one hot account', inFlight: usualInFlight('hot'), part: 'usual', run: (bench, turn) => bench.payUsual(turn, merchant, bench.usualConnections.get('hot')!) },
  { name: 'http-hot', title: 'ledger over HTTP, one hot account', inFlight: times(256), part: 'http', run: (bench, turn) => bench.payHttp(turn, { connections: 256, hot: merchant }) },
  { name: 'http-batch', title: `ledger over HTTP, ${batchSize} payments a request, uniform`, inFlight: () => `${batchConnections} × ${batchSize}`, part: 'http', latencyOnly: true, run: (bench, turn) => bench.payHttp(turn, { connections: batchConnections, path: batchPath, paymentsPerRequest: batchSize }) },
];

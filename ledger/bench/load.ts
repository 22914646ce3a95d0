/** The three ways of putting load on: pgbench, a loop inside a Node process, wrk over HTTP. Each yields one measurement. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchServer } from './database.ts';
import type { Order, Report } from './drive.ts';
import type { Measurement } from './goals.ts';
import { endedChildrenUs, processUs, treeUs } from './machine.ts';
import { parseWrk, type WrkResult } from './parse.ts';
import { runPgbench } from './pgbench.ts';
import { forkProgram, run, type Server } from './processes.ts';

type Figures = Omit<Measurement, 'variant'>;

/** Processor time used while `work` runs, divided by what it acknowledged. */
async function metered<T>(server: BenchServer, service: number | undefined, work: () => Promise<T>): Promise<{ result: T; perPayment: (payments: number) => Measurement['cpuUs'] }> {
  const read = () => ({ postgres: treeUs(server.pid), service: service === undefined ? 0 : processUs(service), load: endedChildrenUs() });
  const before = read();
  const result = await work();
  const after = read();
  const perPayment = (payments: number) => ({
    postgres: (after.postgres - before.postgres) / payments,
    service: service === undefined ? undefined : (after.service - before.service) / payments,
    load: (after.load - before.load) / payments,
  });
  return { result, perPayment };
}

/** All transactions of the run and of its warm-up count towards `total`, which the caller checks against the tables. */
export async function measurePgbench(server: BenchServer, hot: boolean, warmupS: number, measureS: number): Promise<{ figures: Figures; total: number }> {
  const warmup = warmupS > 0 ? (await runPgbench(server, hot, warmupS)).transactions : 0;
  const { result, perPayment } = await metered(server, undefined, () => runPgbench(server, hot, measureS));
  const { postgres, load } = perPayment(result.transactions);
  return {
    // pgbench tells the mean; with the number of clients fixed it says no more than the rate.
    figures: { perSecond: result.perSecond, payments: result.transactions, cpuUs: { postgres, load } },
    total: warmup + result.transactions,
  };
}

/** A Node process with a loop in it, kept over all rounds so that its code stays compiled. */
export class Driver {
  readonly #child: ChildProcess;
  readonly #server: BenchServer;
  /** Told but not asked for yet. */
  #reports: Report[] = [];
  #onReport: () => void = () => undefined;
  #ended = false;

  private constructor(child: ChildProcess, server: BenchServer) {
    this.#child = child;
    this.#server = server;
    const take = (report: Report) => {
      this.#reports.push(report);
      this.#onReport();
    };
    child.on('message', report => take(report as Report));
    child.once('exit', (code, signal) => {
      this.#ended = true;
      take({ type: 'failed', message: `the load process ended with ${code ?? signal}` });
    });
  }

  static async start(server: BenchServer, module: string, options: object, execArgv: string[] = []): Promise<Driver> {
    const driver = new Driver(forkProgram(join(import.meta.dirname, 'drive.ts'), [module, JSON.stringify(options)], execArgv), server);
    await driver.#until('ready', 60_000);
    return driver;
  }

  /** Throws when a single payment was not acknowledged. */
  async measure(order: Order): Promise<{ figures: Figures; sent: number }> {
    this.#child.send(order);
    await this.#until('begin', order.warmupMs + 30_000);
    const before = { postgres: treeUs(this.#server.pid), service: processUs(this.#child.pid!) };
    await this.#until('end', order.measureMs + 30_000);
    const after = { postgres: treeUs(this.#server.pid), service: processUs(this.#child.pid!) };
    const done = await this.#until('done', 60_000);
    if (done.type !== 'done') throw new Error('unreachable');
    const cpuUs = { postgres: (after.postgres - before.postgres) / done.payments, service: (after.service - before.service) / done.payments };
    return { figures: { perSecond: (done.payments / done.tookMs) * 1000, payments: done.payments, p50Us: done.p50Us, p99Us: done.p99Us, cpuUs }, sent: done.sent };
  }

  /** In order, so that a profile is written. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise(settle => this.#child.once('exit', settle));
    this.#child.send('close');
    await ended;
  }

  #until(type: Report['type'], timeoutMs: number): Promise<Report> {
    return new Promise((settle, fail) => {
      const end = (conclude: () => void) => {
        clearTimeout(timer);
        this.#onReport = () => undefined;
        conclude();
      };
      const timer = setTimeout(() => end(() => fail(new Error(`the load process did not say "${type}" within ${timeoutMs} ms`))), timeoutMs);
      this.#onReport = () => {
        const failed = this.#reports.find(report => report.type === 'failed');
        if (failed?.type === 'failed') return end(() => fail(new Error(failed.message)));
        const wanted = this.#reports.shift();
        if (wanted?.type === type) end(() => settle(wanted));
      };
      this.#onReport();
    });
  }
}

/** wrk hangs up in the middle of its last requests: what is still being answered must not meet what comes next. */
const settleMs = 300;

export interface HttpOrder {
  prefix: string;
  path: string;
  apiKey: string;
  accounts: number;
  hot?: string;
  connections: number;
  paymentsPerRequest: number;
  /** Whole seconds: wrk counts in them. */
  warmupS: number;
  measureS: number;
}

/** `ids`: of every payment that was acknowledged, warm-up included. */
export async function measureHttp(server: BenchServer, target: Server, order: HttpOrder): Promise<{ figures: Figures; ids: string[] }> {
  const file = join(server.folder, `acknowledged-${order.prefix}`);
  const wrk = async (part: string, seconds: number): Promise<WrkResult> => {
    const options = ['-t', '1', '-c', String(order.connections), '-d', `${seconds}s`, '--timeout', '30s', '-s', join(import.meta.dirname, 'payments.lua'), '-H', `Authorization: Bearer ${order.apiKey}`, '-H', 'Content-Type: application/json'];
    const args = [`${order.prefix}${part}`, order.path, '1', String(order.accounts), order.hot ?? '-', String(order.paymentsPerRequest), `${file}-${part}`];
    return parseWrk(await run('wrk', [...options, `http://127.0.0.1:${target.port}`, '--', ...args], (seconds + 60) * 1000));
  };
  const warmup = order.warmupS > 0 ? (await wrk('w', order.warmupS)).acknowledged : 0;
  if (order.warmupS > 0) await sleep(settleMs);
  const { result, perPayment } = await metered(server, target.pid, () => wrk('m', order.measureS));
  await sleep(settleMs);
  const payments = result.acknowledged * order.paymentsPerRequest;
  const ids = takeIds(server.folder, `acknowledged-${order.prefix}-`);
  const expected = (warmup + result.acknowledged) * order.paymentsPerRequest;
  // An answer that acknowledges but carries no id, or a batch of which a part was declined.
  if (ids.length !== expected) throw new Error(`${expected} payments were to be acknowledged, ${ids.length} ids came back`);
  return {
    figures: { perSecond: (payments / result.durationUs) * 1e6, payments, p50Us: result.p50Us, p99Us: result.p99Us, cpuUs: perPayment(payments) },
    ids,
  };
}

function takeIds(folder: string, prefix: string): string[] {
  const files = readdirSync(folder).filter(name => name.startsWith(prefix)).map(name => join(folder, name));
  const ids = files.flatMap(file => readFileSync(file, 'utf8').split('\n').filter(Boolean));
  for (const file of files) rmSync(file);
  return ids;
}

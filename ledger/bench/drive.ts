/**
 * Closed-loop load from within one Node process, as a process of its own so that its processor time stands alone.
 * Started by the bench; spoken to over its channel. Usage: node drive.ts <module with open()> <JSON of its options>
 */
import { resolve } from 'node:path';
import type { Payment } from './baseline/function.ts';
import { percentile } from './stats.ts';

/** What is measured. `pay` resolves when the payment is acknowledged, now or (`replayed`) before, and throws on anything else. */
export interface Target {
  pay(payment: Payment): Promise<{ replayed: boolean }>;
  close(): Promise<void>;
}

export interface Order {
  prefix: string;
  /** Account that every payment goes to; undefined: two random accounts. */
  hot?: string;
  accounts: number;
  inFlight: number;
  warmupMs: number;
  measureMs: number;
}

export type Report =
  | { type: 'ready' | 'begin' | 'end' }
  /** All payments `<prefix>:1` to `<prefix>:<sent>` were acknowledged; the figures are those of the measured time. */
  | { type: 'done'; sent: number; payments: number; tookMs: number; p50Us: number; p99Us: number }
  | { type: 'failed'; message: string };

/** Of each run, sent again at its end: each must be answered as a repetition. */
const repeatedCount = 50;

const tell = (report: Report) => process.send!(report);

function randomPayment(order: Order, n: number): Payment {
  const payer = 1 + Math.floor(Math.random() * order.accounts);
  let payee = 1 + Math.floor(Math.random() * (order.accounts - 1));
  if (payee >= payer) payee++;
  return {
    key: `${order.prefix}:${n}`,
    debitAccountId: `acct-${payer}`,
    creditAccountId: order.hot ?? `acct-${payee}`,
    amountMinor: BigInt(1 + Math.floor(Math.random() * 1000)),
    currency: 'USD',
  };
}

/** Keeps `inFlight` payments under way until the time is over, then lets them end. */
async function drive(target: Target, order: Order): Promise<void> {
  let sent = 0;
  let phase: 'warmup' | 'measure' | 'over' = 'warmup';
  let failure: unknown;
  let took = new Float64Array(1 << 16);
  let payments = 0;
  const first: Payment[] = [];
  const lane = async () => {
    while (phase !== 'over' && failure === undefined) {
      const payment = randomPayment(order, ++sent);
      if (sent <= repeatedCount) first.push(payment);
      const startedAt = performance.now();
      const { replayed } = await target.pay(payment);
      if (replayed) throw new Error(`${payment.key} was answered as a repetition`);
      if (phase !== 'measure') continue;
      if (payments === took.length) {
        const larger = new Float64Array(took.length * 2);
        larger.set(took);
        took = larger;
      }
      took[payments++] = (performance.now() - startedAt) * 1000;
    }
  };
  const lanes = Array.from({ length: order.inFlight }, () => lane().catch(error => (failure ??= error)));
  const wait = (ms: number) => new Promise(settle => setTimeout(settle, ms));
  await wait(order.warmupMs);
  phase = 'measure';
  tell({ type: 'begin' });
  const beganAt = performance.now();
  await wait(order.measureMs);
  phase = 'over';
  const tookMs = performance.now() - beganAt;
  tell({ type: 'end' });
  await Promise.all(lanes);
  if (failure !== undefined) throw failure;
  const repeated = await Promise.all(first.map(payment => target.pay(payment)));
  if (repeated.length === 0 || repeated.some(one => !one.replayed)) throw new Error('a payment that was sent again was not recognised');
  if (payments === 0) throw new Error('no payment was acknowledged in the measured time');
  const sorted = took.subarray(0, payments).sort();
  tell({ type: 'done', sent, payments, tookMs, p50Us: percentile(sorted, 0.5), p99Us: percentile(sorted, 0.99) });
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined); // it ends with the bench
  process.on('disconnect', () => process.exit(0));
  const [file, options] = process.argv.slice(2) as [string, string];
  const { open } = (await import(resolve(import.meta.dirname, file))) as { open: (options: unknown) => Promise<Target> };
  const target = await open(JSON.parse(options));
  process.on('message', (order: Order | 'close') => {
    const work = order === 'close' ? target.close().then(() => process.disconnect()) : drive(target, order);
    work.catch(error => tell({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }));
  });
  tell({ type: 'ready' });
}

await main().catch(error => {
  tell({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
});

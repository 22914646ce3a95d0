/** What the ledger is to reach, each as a ratio of two variants of the same run: pure. */
import { ratioByRound, round3, type Spread } from './stats.ts';

/** One variant in one round. Latencies are undefined where the load generator does not tell them. */
export interface Measurement {
  variant: string;
  /** Payments (for pgbench: transactions) acknowledged per second. */
  perSecond: number;
  payments: number;
  p50Us?: number;
  p99Us?: number;
  /** Processor time per payment, in µs: the PostgreSQL processes, the Node process that holds the logic, the load generator. */
  cpuUs: { postgres: number; service?: number; load?: number };
}

export interface Goal {
  name: string;
  text: string;
  over: string;
  under: string;
  of: 'perSecond' | 'p50Us' | 'p99Us';
  atLeast?: number;
  atMost?: number;
}

export const goals: Goal[] = [
  { name: 'uniformOverTpcb', text: 'in process, 256 in flight, uniform, against pgbench TPC-B', over: 'ledger-uniform', under: 'tpcb', of: 'perSecond', atLeast: 3 },
  { name: 'hotOverHotTpcb', text: 'in process, 256 in flight, one hot account, against TPC-B on one branch', over: 'ledger-hot', under: 'tpcb-hot', of: 'perSecond', atLeast: 9 },
  { name: 'httpUniformOverUsual', text: 'over HTTP, uniform, against the usual handler', over: 'http-uniform', under: 'usual-uniform', of: 'perSecond', atLeast: 10 },
  { name: 'httpHotOverUsual', text: 'over HTTP, one hot account, against the usual handler', over: 'http-hot', under: 'usual-hot', of: 'perSecond', atLeast: 20 },
  { name: 'hotP99OverPerRequest', text: 'p99 of a hot account at 64 in flight, against one transaction per request', over: 'ledger-hot-64', under: 'function-hot-64', of: 'p99Us', atMost: 0.125 },
  { name: 'oneInFlightOverFunction', text: 'p50 at 1 in flight, against one call of a stored function', over: 'ledger-one', under: 'function-one', of: 'p50Us', atMost: 1.3 },
];

export interface Result {
  goal: Goal;
  ratio: Spread;
  met: boolean;
  /** Share of the goal by which the median misses it; 0 when met. */
  missedBy: number;
}

/** Undefined when a round lacks one of the two variants' figures: then there is nothing to compare. */
export function judge(goal: Goal, measured: readonly Measurement[]): Result | undefined {
  const figures = (variant: string) => measured.filter(one => one.variant === variant).map(one => one[goal.of]);
  const over = figures(goal.over);
  const under = figures(goal.under);
  if (over.length === 0 || over.length !== under.length || [...over, ...under].includes(undefined)) return undefined;
  const ratio = ratioByRound(over as number[], under as number[]);
  const missedBy = goal.atLeast !== undefined ? 1 - ratio.median / goal.atLeast : ratio.median / goal.atMost! - 1;
  return { goal, ratio, met: missedBy <= 0, missedBy: Math.max(0, missedBy) };
}

/** The last line of a run. */
export function summaryLine(results: readonly Result[]): string {
  return JSON.stringify(Object.fromEntries(results.map(result => [result.goal.name, round3(result.ratio.median)])));
}

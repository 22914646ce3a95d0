/** How long a run takes, and of what it consists. */

export interface Plan {
  name: 'short' | 'long';
  rounds: number;
  /** Rows in the accounts table of every design. */
  accounts: number;
  /** Whole seconds, since pgbench and wrk count in them. */
  measureS: number;
  /** Of variants that are only measured for their latency. */
  latencyS: number;
  /** Before the first measurement of a variant. */
  firstWarmupS: number;
  /** Before each later one: code is compiled by then, caches are warm. */
  warmupS: number;
  /** Uniform load on the ledger before the first round: it then knows most accounts, as after some minutes of work. */
  settleS: number;
  /** Variants by name, or by the beginning of it; empty: all. */
  only: string[];
  /** Where to put a processor profile of the ledger's processes; empty: none is taken. */
  profileFolder: string;
  /** Write docs/benchmarks.md when everything was measured. */
  write: boolean;
}

const short = { name: 'short', rounds: 3, accounts: 200_000, measureS: 2, latencyS: 2, firstWarmupS: 1, warmupS: 0, settleS: 6 } as const;
const long = { name: 'long', rounds: 5, accounts: 1_000_000, measureS: 15, latencyS: 8, firstWarmupS: 5, warmupS: 2, settleS: 60 } as const;

export const usage = `Usage: node ledger/bench/main.ts [--long] [--only=variant,…] [--rounds=N] [--profile=folder] [--no-write]
  --only      variants by name or the beginning of it (tpcb, usual, function, ledger, http); docs are then not written
  --profile   also write processor profiles of the ledger's processes into this folder`;

/** Throws with the usage on anything it does not know. */
export function readPlan(args: readonly string[]): Plan {
  const value = (name: string) => args.find(arg => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  const unknown = args.find(arg => !/^--(long|no-write|only=[a-z0-9,-]+|rounds=[1-9]\d?|profile=.+)$/.test(arg));
  if (unknown !== undefined) throw new Error(`${unknown} is not known.\n${usage}`);
  const form = args.includes('--long') ? long : short;
  return {
    ...form,
    rounds: Number(value('rounds') ?? form.rounds),
    only: value('only')?.split(',').filter(Boolean) ?? [],
    profileFolder: value('profile') ?? '',
    write: !args.includes('--no-write'),
  };
}

/** Odd rounds run backwards, so that a load that grows or fades within a round does not favour the same variant each time. */
export function orderOf<T>(variants: readonly T[], round: number): T[] {
  return round % 2 === 0 ? [...variants] : [...variants].reverse();
}

/** Figures for people, and the section of docs/benchmarks.md: pure. */
import type { Measurement, Result } from './goals.ts';
import type { Machine } from './machine.ts';
import { median, ratioByRound, spread } from './stats.ts';

export interface Line {
  name: string;
  title: string;
  inFlight: string;
  measured: Measurement[];
}

export interface Facts {
  date: string;
  form: string;
  rounds: number;
  accounts: number;
  scale: number;
  settleS: number;
  machine: Machine;
  versions: string;
  settings: Record<string, string>;
  checkpoints: number;
  checked: number;
  audited: string;
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
const columns = ['variant', 'in flight', 'payments/s', 'min – max', '÷ TPC-B', 'p50 ms', 'p99 ms', 'CPU µs', 'PostgreSQL', 'Node', 'load'];

/** One row per variant. Rates and latencies are medians over the rounds; a figure that was not measured is a dash. */
function cells(line: Line, yardstick: Line | undefined): string[] {
  const rate = spread(line.measured.map(one => one.perSecond));
  const middle = (of: (one: Measurement) => number | undefined) => {
    const values = line.measured.map(of).filter(value => value !== undefined);
    return values.length === 0 ? undefined : median(values);
  };
  const shown = (value: number | undefined, digits: number) => (value === undefined ? '–' : value.toFixed(digits));
  const ms = (value: number | undefined) => shown(value === undefined ? undefined : value / 1000, 2);
  const cpu = [middle(one => one.cpuUs.postgres), middle(one => one.cpuUs.service), middle(one => one.cpuUs.load)];
  const total = middle(one => one.cpuUs.postgres + (one.cpuUs.service ?? 0) + (one.cpuUs.load ?? 0));
  const ratio = yardstick && yardstick.measured.length === line.measured.length ? ratioByRound(line.measured.map(one => one.perSecond), yardstick.measured.map(one => one.perSecond)).median.toFixed(2) : '–';
  return [line.title, line.inFlight, whole(rate.median), `${whole(rate.min)} – ${whole(rate.max)}`, ratio, ms(middle(one => one.p50Us)), ms(middle(one => one.p99Us)), shown(total, 0), ...cpu.map(value => shown(value, 0))];
}

const rows = (lines: readonly Line[]) => lines.map(line => cells(line, lines.find(one => one.name === 'tpcb')));

export function table(lines: readonly Line[]): string {
  const all = [columns, ...rows(lines)];
  const widths = columns.map((_, index) => Math.max(...all.map(row => row[index]!.length)));
  return all.map(row => row.map((cell, index) => (index < 2 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!))).join('  ').trimEnd()).join('\n');
}

function goalText({ goal, ratio, met, missedBy }: Result): string[] {
  const digits = goal.atLeast === undefined ? 3 : 2;
  const wanted = goal.atLeast === undefined ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  return [goal.text, wanted, ratio.median.toFixed(digits), `${ratio.min.toFixed(digits)} – ${ratio.max.toFixed(digits)}`, met ? 'met' : `missed by ${(missedBy * 100).toFixed(0)} %`];
}

export function goalLines(results: readonly Result[]): string {
  return results.map(goalText).map(([text, wanted, value, range, verdict]) => `${verdict === 'met' ? '✓' : '✗'} ${value} (${range}; goal ${wanted}) ${text}${verdict === 'met' ? '' : `: ${verdict}`}`).join('\n');
}

export function conditions(facts: Facts): string {
  const { machine } = facts;
  const settings = Object.entries(facts.settings).map(([name, value]) => `${name}=${value}`).join(', ');
  return [
    `${facts.date}, ${facts.form} form: ${facts.rounds} interleaved rounds in one run; ${facts.versions}.`,
    `Machine: ${machine.cores} cores (${machine.model}), ${machine.memoryGb} GB; write and fdatasync of 8 kB ${machine.fsyncUs.median} µs (p99 ${machine.fsyncUs.p99} µs); load average ${machine.loadAtStart.toFixed(1)} at the start, ${machine.loadAtEnd.toFixed(1)} at the end, load of this run included.`,
    `PostgreSQL: ${settings}. Checkpoints within the rounds: ${facts.checkpoints}. Load, service and database share the cores.`,
    `${whole(facts.accounts)} accounts in each design; pgbench at scale ${facts.scale} (${whole(facts.scale * 100_000)} rows), -M prepared. Before the first round the ledger had ${facts.settleS} s of uniform load, so that it remembers most accounts, as after some minutes of work.`,
    `${whole(facts.checked)} acknowledged payments were looked up, each is there exactly once. ${facts.audited}`,
  ].join('\n');
}

const row = (values: readonly string[]) => `| ${values.join(' | ')} |`;

/** Markdown between the markers. */
export function section(facts: Facts, lines: readonly Line[], results: readonly Result[]): string {
  const ruler = columns.map((_, index) => (index < 2 ? '---' : '--:'));
  return [
    conditions(facts).split('\n').join('\n\n'),
    [row(['goal', 'wanted', 'ratio', 'min – max', '']), row(['---', '--:', '--:', '--:', '---']), ...results.map(goalText).map(row)].join('\n'),
    'A ratio is the median over the rounds of two neighbours in the same round.',
    [row(columns), row(ruler), ...rows(lines).map(row)].join('\n'),
    'CPU µs: processor time per payment of all processes together, then of PostgreSQL, of the Node process that holds the logic, and of the load generator (in process, and for the stored function, the loop runs in the Node process itself).',
  ].join('\n\n');
}

export const markers = { begin: '<!-- bench-ledger:begin -->', end: '<!-- bench-ledger:end -->' };

/** The document with what stands between the markers replaced. Throws when there are not exactly one of each, in order. */
export function replaceSection(document: string, text: string): string {
  const [before, rest, ...tooMany] = document.split(markers.begin);
  const [, after, ...tooManyEnds] = rest?.split(markers.end) ?? [];
  if (rest === undefined || after === undefined || tooMany.length > 0 || tooManyEnds.length > 0) throw new Error(`the document must hold ${markers.begin} and then ${markers.end}, once each`);
  return `${before}${markers.begin}\n\n${text}\n\n${markers.end}${after}`;
}

/** `node bench/capacity.ts`: writes the figures of docs/ledger-capacity.md from the measurements in docs/benchmarks.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bytesPerPayment, latencyBudget, latencyTargetMs, need, paymentsPerCoreS, type Cost } from '../src/domain/capacity.ts';

const docs = resolve(import.meta.dirname, '../../docs');
export const pagePath = resolve(docs, 'ledger-capacity.md');
export const measurementsPath = resolve(docs, 'benchmarks.md');
export const markers = { begin: '<!-- capacity:begin -->', end: '<!-- capacity:end -->' };

/** How a row of docs/benchmarks.md is known: `bench/variants.ts` names it so. */
const measuredVariants = [
  ['one payment a request', /^ledger over HTTP, uniform$/],
  ['many payments a request', /^ledger over HTTP, \d+ payments a request, uniform$/],
] as const;
const examples = [
  { paymentsPerS: 1_000, meanPerS: 300, utilisation: 0.6 },
  { paymentsPerS: 5_000, meanPerS: 1_500, utilisation: 0.6 },
  { paymentsPerS: 45_000, meanPerS: 15_000, utilisation: 0.6 },
];

/** Of the row with such a title; undefined when it was not measured. */
export function costOf(measurements: string, title: RegExp): Cost | undefined {
  const rows = measurements.split('\n').filter(line => line.startsWith('|')).map(line => line.split('|').slice(1, -1).map(cell => cell.trim()));
  const columns = rows.find(row => row[0] === 'variant');
  const found = rows.find(row => title.test(row[0] ?? ''));
  if (!columns || !found) return undefined;
  const [databaseUs, serviceUs] = ['PostgreSQL', 'Node'].map(name => Number(found[columns.indexOf(name)]));
  return databaseUs && serviceUs ? { databaseUs, serviceUs } : undefined;
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** Markdown between the markers. */
export function figures(measurements: string): string {
  const costs = measuredVariants.flatMap(([name, title]) => {
    const cost = costOf(measurements, title);
    return cost ? [{ name, cost }] : [];
  });
  const [single] = costs;
  const budget = [row(['hop', 'budget', 'told by']), row(['---', '--:', '---']), ...latencyBudget.map(({ name, budgetMs, metric }) => row([name, `${budgetMs} ms`, metric])), row(['**all**', `**${latencyTargetMs} ms**`, '`http_request_duration_seconds`'])];
  const latency = `## Latency budget\n\nWhere the ${latencyTargetMs} ms of the objective (99.9 % of requests) may go:\n\n${budget.join('\n')}`;
  if (!single) return `The figures are not measured yet: run \`make bench-ledger\`.\n\n${latency}`;
  const measured = [row(['', 'service µs', 'database µs', 'payments/s per core']), row(['---', '--:', '--:', '--:']), ...costs.map(({ name, cost }) => row([name, whole(cost.serviceUs), whole(cost.databaseUs), whole(paymentsPerCoreS(cost))]))];
  const needs = examples.map(demand => ({ demand, of: need(demand, single.cost) }));
  const planned = [
    row(['payments/s, peak', 'mean', 'service cores', 'processes', 'database cores', 'ledgers', 'database nodes', 'GB a day', 'WAL MB/s']), row(Array(9).fill('--:')),
    ...needs.map(({ demand, of }) => row([whole(demand.paymentsPerS), whole(demand.meanPerS), of.serviceCores.toFixed(1), whole(of.processes), of.databaseCores.toFixed(1), whole(of.ledgers), whole(of.databaseNodes), whole(of.storedGbPerDay), whole(of.walMbPerS)])),
  ];
  return [
    '## What a payment costs', 'Processor time, from [the measurements](benchmarks.md):', measured.join('\n'),
    `A payment stores ${bytesPerPayment.stored} bytes (journal, its indexes, chain) and writes ${bytesPerPayment.wal} bytes of log, at batches of 1,000 with keys of 36 characters.`,
    '## What a rate needs', `Cores at most ${examples[0]!.utilisation * 100} % busy at the peak, one payment a request. On paper: only what [the measurements](benchmarks.md) show was run.`, planned.join('\n'), latency,
  ].join('\n\n');
}

/** The page with what stands between the markers replaced. */
export function withFigures(page: string, measurements: string): string {
  const [before, rest] = page.split(markers.begin);
  const after = rest?.split(markers.end)[1];
  if (after === undefined) throw new Error(`docs/ledger-capacity.md must hold ${markers.begin} and ${markers.end}`);
  return `${before}${markers.begin}\n\n${figures(measurements)}\n\n${markers.end}${after}`;
}

export function writeCapacityPage(): void {
  writeFileSync(pagePath, withFigures(readFileSync(pagePath, 'utf8'), readFileSync(measurementsPath, 'utf8')));
}

if (process.argv[1] === import.meta.filename) writeCapacityPage();

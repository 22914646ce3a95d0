/**
 * What a load test of the claimed peak would take, from what was measured: writes the section of README.md between its markers. The
 * arithmetic of the ledger's own part is ledger/src/domain/capacity.ts. On paper, and it says so: a rate that was not run is not claimed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { costOf } from '../../ledger/bench/capacity.ts';
import { need } from '../../ledger/src/domain/capacity.ts';
import type { Objectives } from './objectives.ts';
import { profiles, seconds } from './profiles.js';

export const page = join(import.meta.dirname, 'README.md');
const measurements = join(import.meta.dirname, '../../docs/benchmarks.md');
const markers = { begin: '<!-- plan:begin -->', end: '<!-- plan:end -->' };
export const claimedPeak = 45_000;
const utilisation = 0.6;
/** Of the load, as the bench's own row tells it: processor time of the generator per payment. */
const variant = /^ledger over HTTP, uniform$/;

interface Measured {
  perSecond: number;
  generatorUs: number;
  machine: string;
}

/** The highest rate that was measured one payment a request, and what the generator used. @throws Error when there is none */
export function measuredIn(text: string): Measured {
  const rows = text.split('\n').filter(line => line.startsWith('|')).map(line => line.split('|').slice(1, -1).map(cell => cell.trim()));
  const columns = rows.find(row => row[0] === 'variant');
  const found = rows.find(row => variant.test(row[0] ?? ''));
  const machine = /^Machine: (.+?);/m.exec(text)?.[1];
  if (!columns || !found || !machine) throw new Error('docs/benchmarks.md has no measurement of the ledger over HTTP');
  const cell = (name: string) => Number(found[columns.indexOf(name)]!.replaceAll(',', ''));
  return { perSecond: cell('payments/s'), generatorUs: cell('load'), machine };
}

export interface Plan {
  measured: Measured;
  shareOfPeakPercent: number;
  paymentsInFlight: number;
  generatorCores: number;
  requestsOfRamp: number;
  service: ReturnType<typeof need>;
}

/** @throws Error when something was not measured */
export function planOf(text: string, objectives: Objectives, peak = claimedPeak): Plan {
  const measured = measuredIn(text);
  const cost = costOf(text, variant);
  if (!cost) throw new Error('docs/benchmarks.md tells no processor time');
  const requests = profiles.ramp.stages.reduce(({ sum, from }, [part, length]) => ({ sum: sum + ((from + part) / 2) * length * peak, from: part }), { sum: 0, from: profiles.ramp.stages[0]![0] }).sum;
  return {
    measured,
    shareOfPeakPercent: (measured.perSecond / peak) * 100,
    // Little's law, at the latency that the objective just allows.
    paymentsInFlight: Math.ceil((peak * objectives.latencyMs) / 1000),
    generatorCores: Math.ceil((peak * measured.generatorUs) / 1e6 / utilisation),
    requestsOfRamp: Math.round(requests),
    service: need({ paymentsPerS: peak, meanPerS: peak / 3, utilisation }, cost),
  };
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');

/** The text between the markers. */
export function section(text: string, objectives: Objectives): string {
  const plan = planOf(text, objectives);
  return [
    `**Measured:** ${whole(plan.measured.perSecond)} payments/s, one a request, on ${plan.measured.machine}, load, service and database together ([the measurements](../../docs/benchmarks.md)).`,
    `That is ${plan.shareOfPeakPercent.toFixed(0)} % of ${whole(claimedPeak)}. **${whole(claimedPeak)} payments/s were never run here, and nothing below says that they would pass.**`,
    '',
    `| to test ${whole(claimedPeak)} payments/s | needed | from |`, '|---|--:|---|',
    `| payments waiting for an answer | ${whole(plan.paymentsInFlight)} | the peak × ${objectives.latencyMs} ms that the objective allows |`,
    `| virtual users of k6 | ${whole(plan.paymentsInFlight)} to ${whole(plan.paymentsInFlight * 2)} | \`profiles.js\` |`,
    `| cores of generators | ${whole(plan.generatorCores)} | ${plan.measured.generatorUs} µs per payment of wrk, cores at most ${utilisation * 100} % busy; k6 needs several times that, to be measured before |`,
    `| cores of the service | ${plan.service.serviceCores.toFixed(1)} in ${plan.service.processes} processes | measured cost per payment |`,
    `| ledgers, database nodes | ${plan.service.ledgers}, ${plan.service.databaseNodes} | the writes of one ledger are one core's work |`,
    `| payments of one ramp (${whole(seconds('ramp') / 60)} minutes) | ${whole(plan.requestsOfRamp)} | the shape below |`,
    `| log a second to standbys and archive | ${whole(plan.service.walMbPerS)} MB | 710 bytes a payment |`,
  ].join('\n');
}

export function render(current: string): string {
  const objectives = JSON.parse(readFileSync(join(import.meta.dirname, 'objectives.json'), 'utf8')) as Objectives;
  const [before, rest] = current.split(markers.begin);
  const after = rest?.split(markers.end)[1];
  if (after === undefined) throw new Error(`infra/load/README.md must hold ${markers.begin} and ${markers.end}`);
  return `${before}${markers.begin}\n\n${section(readFileSync(measurements, 'utf8'), objectives)}\n\n${markers.end}${after}`;
}

if (import.meta.main) writeFileSync(page, render(readFileSync(page, 'utf8')));

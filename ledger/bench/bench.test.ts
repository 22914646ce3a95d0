/** The pure parts of the bench: a wrong median would be a wrong claim. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { goals, judge, summaryLine, type Measurement } from './goals.ts';
import { parseStat } from './machine.ts';
import { parsePgbench, parseWrk } from './parse.ts';
import { orderOf, readPlan } from './plan.ts';
import { markers, replaceSection, table } from './report.ts';
import { median, percentile, ratioByRound, round3, spread } from './stats.ts';
import { variants } from './variants.ts';

const measurement = (variant: string, over: Partial<Measurement> = {}): Measurement => ({ variant, perSecond: 100, payments: 300, p50Us: 1000, p99Us: 5000, cpuUs: { postgres: 40, service: 20 }, ...over });

test('the median is the middle value, or the mean of two; of nothing there is none', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.throws(() => median([]), /no median/);
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 }), values => {
      const middle = median(values);
      assert.ok(values.filter(value => value < middle).length <= values.length / 2);
      assert.ok(values.filter(value => value > middle).length <= values.length / 2);
    }),
  );
});

test('a percentile is a value that was measured, by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(percentile(hundred, 0.99), 99);
  assert.equal(percentile(hundred, 0.5), 50);
  assert.equal(percentile([7], 0.99), 7);
  assert.throws(() => percentile([], 0.5), /no percentile/);
});

test('a spread is median, least and most; figures are rounded to three decimals', () => {
  assert.deepEqual(spread([5, 1, 3]), { median: 3, min: 1, max: 5 });
  assert.equal(round3(2.99951), 3);
  assert.equal(round3(0.12349), 0.123);
});

test('a ratio is taken round by round', () => {
  // The machine was twice as slow in the second round: the ratio does not know.
  assert.deepEqual(ratioByRound([300, 150, 330], [100, 50, 100]), { median: 3, min: 3, max: 3.3 });
  assert.throws(() => ratioByRound([300, 150], [100]), /2 rounds cannot be set against 1/);
  for (const bad of [0, NaN, Infinity, -1]) assert.throws(() => ratioByRound([bad], [100]), /not a measurement/);
});

const pgbench = `pgbench (15.20 (Debian 15.20-1))
transaction type: <builtin: TPC-B (sort of)>
scaling factor: 50
query mode: prepared
number of clients: 16
number of threads: 2
maximum number of tries: 1
duration: 3 s
number of transactions actually processed: 16876
number of failed transactions: 0 (0.000%)
latency average = 2.838 ms
initial connection time = 21.338 ms
tps = 5637.480823 (without initial connection time)
`;

test('what pgbench prints is read, and a run that lost something is refused', () => {
  assert.deepEqual(parsePgbench(pgbench), { transactions: 16876, perSecond: 5637.480823, latencyMs: 2.838 });
  assert.throws(() => parsePgbench(pgbench.replace('failed transactions: 0', 'failed transactions: 3')), /3 failed/);
  assert.throws(() => parsePgbench(`${pgbench}pgbench: error: client 3 aborted in command 5`), /lost a client/);
  assert.throws(() => parsePgbench(pgbench.replace('processed: 16876', 'processed: 0')), /no transaction/);
  assert.throws(() => parsePgbench('pgbench: error: connection refused'), /printed nothing like/);
});

const wrk = (over: object = {}) => `Running 3s test\n  1 threads and 256 connections\nbench ${JSON.stringify({ durationUs: 3001000, requests: 900, acknowledged: 899, refused: 0, socketErrors: 0, p50Us: 900, p99Us: 4000, firstRefusal: '', ...over })}\n`;

test('what wrk reports is read, and a run with a refusal or an error is refused', () => {
  assert.deepEqual(parseWrk(wrk()), { durationUs: 3001000, requests: 900, acknowledged: 899, refused: 0, p50Us: 900, p99Us: 4000 });
  assert.throws(() => parseWrk(wrk({ refused: 2, firstRefusal: '503 overloaded' })), /2 of 900 requests were refused, the first with: 503 overloaded/);
  assert.throws(() => parseWrk(wrk({ socketErrors: 1 })), /1 socket errors/);
  assert.throws(() => parseWrk(wrk({ acknowledged: 0 })), /no acknowledged payment/);
  assert.throws(() => parseWrk('unable to connect'), /did not report/);
});

test('a process may have any name: its times are read all the same', () => {
  const stat = '4711 (node (a) b) S 4242 4711 4242 0 -1 4194304 100 0 0 0 150 50 7 3 20 0 11 0 1 2 3';
  assert.deepEqual(parseStat(stat), { parent: 4242, ownUs: 2_000_000, endedChildrenUs: 100_000 });
});

test('a goal is judged by the median ratio, and a miss says by how much', () => {
  const goal = goals.find(one => one.name === 'uniformOverTpcb')!;
  const figures = (ledger: number) => [measurement('tpcb'), measurement('ledger-uniform', { perSecond: ledger })];
  assert.equal(judge(goal, figures(300))!.met, true);
  const missed = judge(goal, figures(150))!;
  assert.equal(missed.met, false);
  assert.equal(missed.missedBy, 0.5);
  const latency = goals.find(one => one.name === 'oneInFlightOverFunction')!;
  const slow = judge(latency, [measurement('function-one'), measurement('ledger-one', { p50Us: 2600 })])!;
  assert.ok(Math.abs(slow.missedBy - 1) < 1e-9);
  // Nothing is judged by half.
  assert.equal(judge(goal, [measurement('tpcb')]), undefined);
  assert.equal(judge(goal, [...figures(300), measurement('tpcb')]), undefined);
});

test('every goal names variants that are measured, and the last line is one JSON object of all', () => {
  for (const goal of goals) for (const name of [goal.over, goal.under]) assert.ok(variants.some(variant => variant.name === name), name);
  const measured = variants.map(variant => measurement(variant.name));
  const line = JSON.parse(summaryLine(goals.map(goal => judge(goal, measured)!)));
  assert.deepEqual(Object.keys(line), ['uniformOverTpcb', 'hotOverHotTpcb', 'httpUniformOverUsual', 'httpHotOverUsual', 'hotP99OverPerRequest', 'oneInFlightOverFunction']);
  assert.ok(Object.values(line).every(value => value === 1));
});

test('options are read, and an unknown one is refused with the usage', () => {
  assert.equal(readPlan([]).rounds, 3);
  assert.ok(readPlan(['--long']).rounds >= 5);
  assert.deepEqual(readPlan(['--only=tpcb,http', '--rounds=1']).only, ['tpcb', 'http']);
  for (const bad of ['--lnog', '--only=', '--rounds=0', 'tpcb']) assert.throws(() => readPlan([bad]), /Usage/);
});

test('every other round runs backwards', () => {
  assert.deepEqual(orderOf(['a', 'b', 'c'], 0), ['a', 'b', 'c']);
  assert.deepEqual(orderOf(['a', 'b', 'c'], 1), ['c', 'b', 'a']);
});

test('only what stands between the markers is replaced', () => {
  const document = `# Title\n${markers.begin}\nold\n${markers.end}\nafter\n`;
  const replaced = replaceSection(document, 'new');
  assert.equal(replaced, `# Title\n${markers.begin}\n\nnew\n\n${markers.end}\nafter\n`);
  assert.equal(replaceSection(replaced, 'new'), replaced);
  assert.throws(() => replaceSection('# Title\n', 'new'), /must hold/);
  assert.throws(() => replaceSection(document + document, 'new'), /once each/);
});

test('docs/benchmarks.md has the markers', () => {
  assert.doesNotThrow(() => replaceSection(readFileSync(resolve(import.meta.dirname, '../../docs/benchmarks.md'), 'utf8'), 'new'));
});

test('the table shows a dash where nothing was measured', () => {
  const line = { name: 'tpcb', title: 'pgbench TPC-B', inFlight: '16', measured: [measurement('tpcb', { p50Us: undefined, cpuUs: { postgres: 170, load: 40 } })] };
  const row = table([line]).split('\n')[1]!;
  assert.match(row, /pgbench TPC-B\s+16\s+100\s+100 – 100\s+1\.00\s+–\s+5\.00\s+210\s+170\s+–\s+40$/);
});

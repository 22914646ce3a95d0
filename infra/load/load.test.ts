import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { drive, judge, schedule } from './drive.ts';
import { objectivesOf, render as renderObjectives, target, type Objectives } from './objectives.ts';
import { payment } from './payments.js';
import { claimedPeak, measuredIn, page, planOf, render, section } from './plan.ts';
import { options, profiles, rateAt, seconds, shortened } from './profiles.js';
import { declined, failed, holds, made, share, slow, thresholds } from './sli.js';

const folder = import.meta.dirname;
const slo = () => parse(readFileSync(join(folder, '../slo/ledger.yaml'), 'utf8'));
const objectives = JSON.parse(readFileSync(target, 'utf8')) as Objectives;
const names = Object.keys(profiles) as (keyof typeof profiles)[];

test('k6 is held to the objectives of infra/slo, neither looser nor tighter', () => {
  assert.equal(readFileSync(target, 'utf8'), renderObjectives(), 'run node infra/load/objectives.ts');
  const promised = Object.fromEntries(slo().spec.slos.map((one: any) => [one.name, one.objective]));
  assert.deepEqual(thresholds(objectives), { ledger_failed: [`rate<=${share(promised.availability)}`], ledger_slow: [`rate<=${share(promised.latency)}`] });
  assert.deepEqual([share(99.99), share(99.9), share(99), share(99.999)], ['0.0001', '0.001', '0.01', '0.00001']);
  const other = slo();
  other.spec.slos[0].objective = 99.5;
  assert.notDeepEqual(thresholds(objectivesOf(other)), thresholds(objectives));
  other.spec.slos[0].sli.events.errorQuery = other.spec.slos[0].sli.events.errorQuery.replace('5..', '[45]..');
  assert.throws(() => objectivesOf(other), /counts other failures than 5xx/);
});

test('a refusal is a good answer for the objective and for the load test alike', () => {
  const pattern = new RegExp(`^${/code=~"([^"]+)"/.exec(slo().spec.slos[0].sli.events.errorQuery)![1]}$`);
  for (let status = 100; status < 600; status++) assert.equal(failed(status), pattern.test(String(status)), String(status));
  assert.ok(failed(0), 'no answer at all');
  for (const status of [400, 402, 409, 422, 429]) assert.deepEqual([failed(status), declined(status), made(status)], [false, true, false]);
  assert.deepEqual([slow(250, objectives), slow(250.1, objectives)], [false, true]);
});

test('shares are exact: one failure in ten thousand keeps 99.99 %, two do not', () => {
  assert.deepEqual([holds(1, 10_000, 99.99), holds(2, 10_000, 99.99), holds(1, 9_999, 99.99), holds(0, 0, 99.99)], [true, false, false, false]);
});

test('each profile has its shape, sends at the rate it says and ends', () => {
  assert.deepEqual(names, ['ramp', 'spike', 'soak', 'capacity']);
  for (const name of names) {
    assert.ok(seconds(name) > 300 && profiles[name].stages.every(([part, length]) => part > 0 && part <= 1 && length > 0), name);
    const highest = Math.max(...Array.from({ length: seconds(name) }, (_, second) => rateAt(name, second, 1000)));
    assert.ok(highest <= 1000 && highest >= 1000 * Math.max(...profiles[name].stages.map(([part]) => part)) * 0.99, `${name}: ${highest}`);
  }
  assert.equal(rateAt('spike', 119, 1000) < 105 && rateAt('spike', 131, 1000) === 1000, true);
  assert.ok(seconds('soak') >= 8 * 3600);
  const short = shortened('ramp', 60);
  assert.ok(Math.abs(short.reduce((sum, [, length]) => sum + length, 0) - 60) < 2);
});

test('options: as many virtual users as may wait, what was not sent counts, capacity ends at the first broken objective', () => {
  const of = (name: string, rate = 500) => options(name, { rate, objectives, thresholds });
  const ramp = of('ramp');
  assert.equal(ramp.scenarios.ramp.executor, 'ramping-arrival-rate');
  assert.equal(ramp.scenarios.ramp.preAllocatedVUs, 125);
  assert.deepEqual(ramp.thresholds.dropped_iterations, [{ threshold: 'count==0', abortOnFail: false }]);
  assert.equal(ramp.thresholds.ledger_failed[0].threshold, 'rate<=0.0001');
  assert.deepEqual(names.map(name => of(name).thresholds.ledger_slow[0].abortOnFail), [false, false, false, true]);
  assert.throws(() => of('flood'), /there is no profile flood; there are ramp, spike, soak, capacity/);
  for (const rate of [0, 1.5, NaN, 1e6]) assert.throws(() => of('ramp', rate), /RATE is a whole number/);
});

test('a payment is between two accounts, never one with itself, and under the key it was given', () => {
  const accounts = ['a', 'b', 'c'];
  for (const one of [0, 0.34, 0.67, 0.999]) for (const other of [0, 0.49, 0.5, 0.999]) {
    const draws = [one, other, 0.5];
    const { body, headers } = payment(accounts, () => draws.shift()!, 'key-1');
    const { debitAccountId, creditAccountId, amountMinor } = JSON.parse(body) as Record<string, string>;
    assert.notEqual(debitAccountId, creditAccountId);
    assert.match(amountMinor!, /^[1-9]\d*$/);
    assert.equal(headers['idempotency-key'], 'key-1');
  }
  assert.throws(() => payment(['a'], Math.random, 'x'), /two accounts/);
});

/** Loads the script as k6 would, with k6's modules put in its place, and runs it for each answer. */
async function runScript(answers: { status: number; duration: number }[]): Promise<{ added: Record<string, number[]>; requests: any[]; expected: any; exported: any }> {
  const state: any = { added: {}, requests: [], expected: undefined, answers: [...answers] };
  const globals = globalThis as any;
  globals.loadTest = state;
  globals.open = (file: string) => (file === 'accounts' ? '["a","b","c"]' : readFileSync(join(folder, file), 'utf8'));
  globals.__ENV = { PROFILE: 'ramp', RATE: '50', ACCOUNTS: 'accounts', LEDGER_URL: 'http://ledger', LEDGER_API_KEY: 'key' };
  const sources: Record<string, string> = {
    'k6/http': 'const s = globalThis.loadTest; export default { setResponseCallback: e => { s.expected = e; }, expectedStatuses: e => e, post: (url, body, params) => { s.requests.push({ url, body, params }); const a = s.answers.shift(); return { status: a.status, timings: { duration: a.duration } }; } };',
    'k6/execution': 'let n = 0; export default { scenario: { name: "ramp", startTime: 1, get iterationInTest() { return n++; } } };',
    'k6/metrics': 'const s = globalThis.loadTest; class Metric { constructor(name) { this.name = name; s.added[name] = []; } add(value) { s.added[this.name].push(Number(value)); } } export class Counter extends Metric {} export class Rate extends Metric {} export class Trend extends Metric {}',
  };
  const hooks = registerHooks({
    resolve: (specifier, context, next) => (specifier in sources ? { url: `k6:${specifier}`, shortCircuit: true, format: 'module' } : next(specifier, context)),
    load: (url, context, next) => (url.startsWith('k6:') ? { format: 'module', source: sources[url.slice(3)]!, shortCircuit: true } : next(url, context)),
  });
  try {
    const exported = await import(`${pathToFileURL(join(folder, 'ledger.k6.js')).href}?${Math.random()}`);
    for (const _ of answers) exported.default();
    return { ...state, exported };
  } finally {
    hooks.deregister();
  }
}

test('the k6 script itself: what it sends, what it counts, and that it tells k6 which answers are expected', async () => {
  const { added, requests, expected, exported } = await runScript([{ status: 201, duration: 20 }, { status: 402, duration: 20 }, { status: 503, duration: 20 }, { status: 201, duration: 300 }, { status: 0, duration: 10_000 }]);
  assert.deepEqual(added['ledger_failed'], [0, 0, 1, 0, 1]);
  assert.deepEqual(added['ledger_slow'], [0, 0, 0, 1, 1]);
  assert.deepEqual([added['ledger_made'], added['ledger_declined']], [[1, 1], [1]]);
  assert.deepEqual(expected, { min: 200, max: 499 });
  assert.equal(new Set(requests.map(one => one.params.headers['idempotency-key'])).size, 5);
  assert.ok(requests.every(one => one.url === 'http://ledger/v1/transfers' && one.params.headers.authorization === 'Bearer key' && one.params.timeout === '10s'));
  assert.deepEqual(exported.options.thresholds, options('ramp', { rate: 50, objectives, thresholds }).thresholds);
  for (const metric of Object.keys(exported.options.thresholds).filter(name => name.startsWith('ledger_'))) assert.ok(metric in added, `${metric} is judged and never counted`);
});

test('the driver in Node sends the same shape and judges alike', async () => {
  const moments = schedule([[0.1, 1], [1, 4], [1, 5]], 100);
  const between = (from: number, to: number) => moments.filter(moment => moment >= from * 1000 && moment < to * 1000).length;
  assert.ok(Math.abs(between(6, 10) - 400) <= 2 && Math.abs(between(0, 1) - 10) <= 2, String([between(0, 1), between(6, 10)]));
  const run = (status: (index: number) => number, ms = 1) => {
    let index = 0;
    return drive('spike', { rate: 300, seconds: 2, objectives, send: async () => ({ status: status(index++), ms }) });
  };
  const good = await run(index => (index % 50 === 0 ? 402 : 201));
  assert.ok(good.sent > 100 && good.declined > 0 && good.made + good.declined === good.sent);
  assert.deepEqual(good.problems, []);
  assert.match((await run(index => (index === 5 ? 503 : 201))).problems.join(), /1 of \d+ failed; the objective is 99\.99 %/);
  assert.match((await run(() => 201, 251)).problems.join(), /took longer than 250 ms/);
  assert.match((await run(() => 402)).problems.join(), /no payment was made/);
  assert.deepEqual(judge({ sent: 0, failed: 0, slow: 0, dropped: 0, made: 0 }, objectives), ['nothing was sent']);
  assert.match(judge({ sent: 10, failed: 0, slow: 0, dropped: 1, made: 10 }, objectives).join(), /never sent/);
});

const measurements = readFileSync(join(folder, '../../docs/benchmarks.md'), 'utf8');

test('the plan for the claimed peak is computed from the measurements and claims nothing that was not run', () => {
  const text = readFileSync(page, 'utf8');
  assert.equal(text, render(text), 'run node infra/load/plan.ts');
  const plan = planOf(measurements, objectives);
  const { perSecond, generatorUs } = measuredIn(measurements);
  assert.ok(perSecond > 1000 && perSecond < claimedPeak);
  // By hand: 45,000/s × 0.25 s; 45,000 × µs / 10⁶ / 0.6.
  assert.equal(plan.paymentsInFlight, 11_250);
  assert.equal(plan.generatorCores, Math.ceil((45_000 * generatorUs) / 600_000));
  assert.match(section(measurements, objectives), /were never run here/);
  assert.ok(text.includes(`That is ${((perSecond / 45_000) * 100).toFixed(0)} % of 45,000.`));
  const faster = planOf(measurements.replace(/^(\| ledger over HTTP, uniform \| 256 \| )[\d,]+/m, '$116,000'), objectives);
  assert.equal(faster.measured.perSecond, 16_000);
  assert.throws(() => planOf('nothing', objectives), /no measurement/);
});
